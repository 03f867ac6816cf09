//! What every store promises of an event that is changed, and of the terms on its pools.

use shared::event::{Event, PoolIndex};
use shared::store::{Commit, Store};
use shared::terms::{Sale, Terms};

use crate::store_contract::sale_in;
use crate::support::desk::open;
use crate::support::nouns;
use crate::support::sale::unique;
use crate::support::stores::on_every_store;

on_every_store! {
    an_event_is_changed_from_the_revision_that_was_seen,
    a_commit_that_was_decided_on_earlier_terms_is_never_applied,
}

async fn an_event_is_changed_from_the_revision_that_was_seen(store: impl Store) {
    let event = open(&store, &unique("changed"), 120).await;
    let first = paused(&event, 1);
    let renamed = Event { name: "Another".parse().unwrap(), revision: 2, ..first.clone() };
    let cases = [
        (&renamed, 1, Commit::Conflict(None), &event),
        (&first, 0, Commit::Applied, &first),
        (&first, 0, Commit::Conflict(None), &first),
        (&renamed, 1, Commit::Applied, &renamed),
        (&first, 1, Commit::Conflict(None), &renamed),
        (&renamed, 2, Commit::Applied, &renamed),
    ];
    for (amended, expected, want, stands) in cases {
        assert_eq!(store.amend(amended, expected).await.unwrap(), want);
        assert_eq!(store.load_event(&event.id).await.unwrap().as_ref(), Some(stands));
    }
    assert_eq!(store.load_directory(Some(&event.id), 1).await.unwrap(), [renamed]);
    let nowhere = paused(&nouns::event(&unique("nowhere"), 1), 1);
    assert_eq!(store.amend(&nowhere, 0).await.unwrap(), Commit::Conflict(None));
    assert_eq!(store.load_event(&nowhere.id).await.unwrap(), None);
}

async fn a_commit_that_was_decided_on_earlier_terms_is_never_applied(store: impl Store) {
    let event = open(&store, &unique("terms"), 120).await;
    let [first, second] = [paused(&event, 1), paused(&event, 2)];
    let index = PoolIndex::new(1);
    let pool = store.load_pool(&event, index).await.unwrap();
    let before = sale_in(&pool, 2, 1);
    assert_eq!(store.impose(&second, index).await.unwrap(), Commit::Applied);
    let on_terms = pool.on_terms_of(&second);
    let found = Commit::Conflict(Some(on_terms.clone()));
    assert_eq!(store.impose(&second, index).await.unwrap(), found, "they are there");
    assert_eq!(store.impose(&first, index).await.unwrap(), found, "they never go back");
    assert_eq!(store.commit(&event, &before).await.unwrap(), found, "it read no terms");
    let donor = store.load_pool(&event, PoolIndex::new(0)).await.unwrap();
    let both = [before[0].clone(), donor.give(1, nouns::start_of_time())];
    assert_eq!(store.commit(&event, &both).await.unwrap(), Commit::Conflict(None));

    assert_eq!(store.load_pool(&event, index).await.unwrap(), on_terms);
    let gift = on_terms.give(1, nouns::start_of_time());
    assert_eq!(store.commit(&event, std::slice::from_ref(&gift)).await.unwrap(), Commit::Applied);
    assert_eq!(store.load_pool(&event, index).await.unwrap(), *gift.after(), "they are kept");
    let nowhere = nouns::event(&unique("nowhere"), 1);
    let nowhere = store.impose(&paused(&nowhere, 1), PoolIndex::new(0)).await.unwrap();
    assert_eq!(nowhere, Commit::Conflict(None));
}

/// The event, whose sale is paused by its change of this number.
fn paused(event: &Event, revision: u64) -> Event {
    let terms = Terms { sale: Sale::Paused, ..Terms::default() };
    Event { terms, revision, ..event.clone() }
}
