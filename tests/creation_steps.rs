//! Events so large that their creation takes several steps, and dies or is raced between any two of
//! them: half an event never exists, and what the dead have left is in nobody's way.

use shared::event::Event;
use shared::mark::RequestMark;
use shared::pool::Pool;
use shared::problem::Problem;
use shared::refusal::Refusal;
use shared::store::{Commit, CreationStep, Store};

use crate::support::desk::create;
use crate::support::nouns;
use crate::support::sale::unique;
use crate::support::stores::on_every_store;

on_every_store! {
    a_creation_that_died_leaves_no_event_and_its_retry_completes_it,
    a_creation_that_died_is_in_nobodys_way_and_its_late_steps_change_nothing,
    one_request_creates_one_event_however_many_steps_that_takes,
}

/// The same, created by another request.
fn of_another_request(event: Event) -> Event {
    Event { created_by: RequestMark::new(!event.created_by.get()), ..event }
}

/// The steps by which 10,000 seats, 200 pools, come to be.
fn steps(pools: &[Pool]) -> [CreationStep<'_>; 4] {
    let (first, last) = (&pools[..104], &pools[104..]);
    let (first, second) = first.split_at(96);
    let event = CreationStep::Event { pools: last, is_claimed: true };
    [CreationStep::Claim, CreationStep::Pools(first), CreationStep::Pools(second), event]
}

/// Takes the first steps, and dies.
async fn die_after(taken: usize, store: &impl Store, event: &Event) {
    for step in steps(&Pool::open_all(event)).into_iter().take(taken) {
        assert_eq!(store.create(event, step).await.unwrap(), Commit::Applied);
    }
    assert_eq!(store.load_event(&event.id).await.unwrap(), None, "half an event never exists");
    assert_eq!(store.load_creation(event.created_by).await.unwrap(), None);
}

async fn check(store: &impl Store, event: &Event) {
    assert_eq!(store.load_event(&event.id).await.unwrap().as_ref(), Some(event));
    assert_eq!(store.load_pools(event).await.unwrap(), Pool::open_all(event));
    assert_eq!(store.load_creation(event.created_by).await.unwrap(), Some(event.id.clone()));
}

async fn a_creation_that_died_leaves_no_event_and_its_retry_completes_it(store: impl Store) {
    for taken in 0..4 {
        let event = nouns::event(&unique("dead"), 10_000);
        die_after(taken, &store, &event).await;
        assert!(!create(&store, &event).await.unwrap(), "its retry creates it");
        assert!(create(&store, &event).await.unwrap(), "and the next finds it");
        check(&store, &event).await;
    }
}

async fn a_creation_that_died_is_in_nobodys_way_and_its_late_steps_change_nothing(
    store: impl Store,
) {
    for (taken, seats) in [(1, 60), (2, 60), (3, 10_000), (3, 20_000)] {
        let id = unique("taken-over");
        let dead = nouns::event(&id, 10_000);
        die_after(taken, &store, &dead).await;
        let other = of_another_request(nouns::event(&id, seats));
        assert!(!create(&store, &other).await.unwrap(), "the id is free");

        let pools = Pool::open_all(&dead);
        for step in steps(&pools).into_iter().skip(taken) {
            let late = store.create(&dead, step).await.unwrap();
            assert!(matches!(late, Commit::Conflict(_)), "{late:?}");
        }
        let refused = create(&store, &dead).await;
        assert!(matches!(refused, Err(Problem::EventExists)), "{refused:?}");
        check(&store, &other).await;
    }
}

async fn one_request_creates_one_event_however_many_steps_that_takes(store: impl Store) {
    for (first, second) in [(60, 10_000), (10_000, 60), (10_000, 20_000)] {
        let one = nouns::event(&unique("one"), first);
        let other = nouns::event(&unique("other"), second);
        let other = Event { created_by: one.created_by, ..other };
        assert!(!create(&store, &one).await.unwrap());
        let refused = create(&store, &other).await;
        let reused = Problem::Refused(Refusal::IdempotencyKeyReused);
        assert_eq!(refused.unwrap_err().code(), reused.code());
        assert_eq!(store.load_event(&other.id).await.unwrap(), None);
        check(&store, &one).await;
    }
}
