//! All that the store is ever asked for.

use shared::access::{AccessToken, Caller, Role};
use shared::board::Census;
use shared::dynamo::{AccessError, DynamoStore};
use shared::event::{Event, PoolIndex};
use shared::mark::RequestMark;
use shared::reservation::ReservationId;
use shared::store::{Books as _, Commit, Store as _};
use shared::terms::{Sale, Terms};
use shared::view::View;

use crate::store_contract::{changes, sale_in};
use crate::support::desk::create;
use crate::support::nouns;

/// Asks for all that sellers, organisers, operators and the audit ever ask for.
pub(super) async fn ask_for_all(store: &DynamoStore) {
    create_events(store).await;
    sell_and_cancel(store).await;
    gather(store).await;
    keep_the_board(store).await;
    change_terms(store).await;
    add_and_revoke_keys(store).await;
    let events = store.list_events().await.expect("it is calm");
    let ids: Vec<_> = events.iter().map(|event| event.id.as_str()).collect();
    assert_eq!(ids, ["large", "small"]);
    let small = "small".parse().expect("an id");
    for (from, count, want) in [(None, 9, vec!["large", "small"]), (Some(&small), 1, vec!["small"])]
    {
        let events = store.load_directory(from, count).await.expect("it is calm");
        let ids: Vec<_> = events.iter().map(|event| event.id.as_str()).collect();
        assert_eq!(ids, want);
    }
}

async fn create_events(store: &DynamoStore) {
    let small = nouns::event("small", 120);
    assert_eq!(store.load_event(&small.id).await.unwrap(), None);
    store.load_pool(&small, PoolIndex::new(0)).await.expect_err("it is missing");
    assert!(!create(store, &small).await.unwrap(), "it is new");
    assert!(create(store, &small).await.unwrap(), "its retry finds it");
    let mut other = small.clone();
    other.created_by = RequestMark::new(1);
    create(store, &other).await.expect_err("it exists");
    let large = nouns::event("large", 10_000);
    assert!(!create(store, &large).await.unwrap(), "it is new");
    assert_eq!(store.load_pools(&large).await.unwrap().len(), 200);
    assert_eq!(store.inspect_pools(&small).await.unwrap().len(), 3);
}

async fn sell_and_cancel(store: &DynamoStore) {
    let event = nouns::event("small", 120);
    let (now, by) = (nouns::start_of_time(), RequestMark::new(u64::MAX));
    let holder = Caller { id: nouns::partner("abc-corp"), role: Role::Partner };
    let mut pool = store.load_pool(&event, PoolIndex::new(0)).await.unwrap();
    let stale = sale_in(&pool, 2, 0);
    for number in 1..=3 {
        let mut order = nouns::order("abc-corp", 10);
        order.reference = Some("Zoë's \"🎟\" \\ #1".parse().expect("a reference"));
        let id = ReservationId::in_pool(pool.index(), [number; 32]);
        let sold = changes(pool.reserve(&id, &order, now));
        assert_eq!(store.commit(&event, &sold).await.unwrap(), Commit::Applied);
        let cancelled = changes(sold[0].after().cancel(&id, &holder, by, now));
        assert_eq!(store.commit(&event, &cancelled).await.unwrap(), Commit::Applied);
        pool = cancelled[0].after().clone();
    }
    assert_eq!(store.commit(&event, &stale).await.unwrap(), Commit::Conflict(Some(pool.clone())));
    let nowhere = nouns::event("nowhere", 120);
    assert_eq!(store.commit(&nowhere, &stale).await.unwrap(), Commit::Conflict(None));

    let next_week = now + jiff::SignedDuration::from_hours(7 * 24);
    let id = ReservationId::in_pool(pool.index(), [9; 32]);
    let dropping = changes(pool.reserve(&id, &nouns::order("abc-corp", 1), next_week));
    assert_eq!(dropping[0].after().reservations().count(), 1);
    assert_eq!(store.commit(&event, &dropping).await.unwrap(), Commit::Applied);
}

async fn gather(store: &DynamoStore) {
    let event = nouns::event("small", 120);
    let pools = store.load_pools(&event).await.unwrap();
    for number in 10..13 {
        let pool = store.load_pool(&event, PoolIndex::new(0)).await.unwrap();
        let sold = store.commit(&event, &sale_in(&pool, 10, number)).await.unwrap();
        assert_eq!(sold, Commit::Applied);
    }
    let gather = |pools| {
        let view = View::of_all(pools, PoolIndex::new(0)).expect("pool 0 is there");
        let id = ReservationId::in_pool(PoolIndex::new(0), [20; 32]);
        let order = nouns::order("abc-corp", 10);
        changes(view.reserve(&id, &order, nouns::start_of_time()))
    };
    let fresh = gather(store.load_pools(&event).await.unwrap());
    assert_eq!(fresh.len(), 2, "one pool receives and one gives");
    assert_eq!(store.commit(&event, &fresh).await.unwrap(), Commit::Applied);
    assert_eq!(store.commit(&event, &fresh).await.unwrap(), Commit::Conflict(None));
    assert_ne!(store.load_pools(&event).await.unwrap(), pools);
}

async fn change_terms(store: &DynamoStore) {
    let event = nouns::event("small", 120);
    let terms = Terms { sale: Sale::Paused, ..Terms::default() };
    let amended = Event { terms, revision: 1, is_changing: true, ..event.clone() };
    let finished = Event { is_changing: false, ..amended.clone() };
    let index = PoolIndex::new(1);
    let stale = sale_in(&store.load_pool(&event, index).await.unwrap(), 1, 30);
    assert_eq!(store.amend(&amended, 0).await.unwrap(), Commit::Applied);
    assert_eq!(store.amend(&amended, 0).await.unwrap(), Commit::Conflict(None));
    assert_eq!(store.impose(&amended, index).await.unwrap(), Commit::Applied);
    for lost in [store.impose(&amended, index).await, store.commit(&event, &stale).await] {
        assert!(matches!(lost.unwrap(), Commit::Conflict(Some(_))));
    }
    assert_eq!(store.amend(&finished, 1).await.unwrap(), Commit::Applied);
    let pool = store.load_pool(&event, index).await.unwrap();
    let gift = pool.give(1, nouns::start_of_time());
    assert_eq!(store.commit(&event, &[gift]).await.unwrap(), Commit::Applied);
    let begun = store.load_board(&event).await.unwrap();
    let census = Census::of(&store.load_pools(&event).await.unwrap(), nouns::start_of_time());
    assert_eq!(
        store.post(&event, &begun, &begun.clone().with_census(census)).await.unwrap(),
        Commit::Applied
    );
}

async fn keep_the_board(store: &DynamoStore) {
    let event = nouns::event("small", 120);
    let new = store.load_board(&event).await.unwrap();
    let begun = new.with_next_round();
    assert_eq!(store.post(&event, &new, &begun).await.unwrap(), Commit::Applied);
    assert_eq!(store.post(&event, &new, &begun).await.unwrap(), Commit::Conflict(None));
    let census = Census::of(&store.load_pools(&event).await.unwrap(), nouns::start_of_time());
    let ended = begun.clone().with_census(census);
    assert_eq!(store.post(&event, &begun, &ended).await.unwrap(), Commit::Applied);
    assert_eq!(store.post(&event, &begun, &ended).await.unwrap(), Commit::Conflict(None));
    assert_eq!(store.load_board(&event).await.unwrap(), ended);
}

async fn add_and_revoke_keys(store: &DynamoStore) {
    let holder = Caller { id: nouns::partner("abc-corp"), role: Role::Partner };
    let organiser = Caller { role: Role::Organiser, ..holder.clone() };
    let [one, two] = [1, 2].map(|number| AccessToken::of_random([number; 32]));
    let now = nouns::start_of_time();
    store.add_partner(&holder, &one, now).await.unwrap();
    store.add_partner(&holder, &one, now).await.unwrap();
    store.add_partner(&organiser, &two, now).await.expect_err("it has another role");
    let other = Caller { id: nouns::partner("other"), ..holder.clone() };
    let taken = store.add_partner(&other, &one, now).await;
    assert!(matches!(taken, Err(AccessError::TokenTaken)), "{taken:?}");
    store.add_partner(&holder, &two, now).await.unwrap();
    assert_eq!(store.find_caller(&one).await.unwrap(), Some(holder.clone()));
    assert_eq!(store.list_partners().await.unwrap()[0].keys.len(), 2);
    store.revoke_partner(&holder.id, Some(&one.prefix())).await.unwrap();
    assert_eq!(store.find_caller(&one).await.unwrap(), None);
    store.revoke_partner(&holder.id, None).await.unwrap();
    store.revoke_partner(&holder.id, None).await.unwrap();
}
