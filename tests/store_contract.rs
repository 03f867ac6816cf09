//! What every store promises. A simulated one is to be trusted because it keeps the same promises
//! as DynamoDB.

use jiff::SignedDuration;
use shared::access::{Caller, Role};
use shared::event::{Event, PoolIndex};
use shared::mark::RequestMark;
use shared::pool::{Change, Pool};
use shared::problem::Problem;
use shared::refusal::Refusal;
use shared::reservation::ReservationId;
use shared::rules::Decision;
use shared::store::{Commit, Store, StoreError};
use shared::view::View;
use tokio::task::JoinSet;

use crate::support::desk::{create, open};
use crate::support::nouns;
use crate::support::sale::unique;
use crate::support::stores::on_every_store;

on_every_store! {
    what_was_never_created_is_not_there,
    an_event_and_its_pools_are_found_as_they_were_created,
    an_event_that_exists_is_left_untouched,
    one_of_many_creators_succeeds,
    a_commit_is_seen_by_every_later_reading,
    a_late_commit_changes_nothing_and_learns_what_it_found,
    a_commit_is_never_applied_twice,
    every_field_comes_back_as_it_was,
    what_is_dropped_is_gone,
    several_pools_change_together_or_not_at_all,
    of_a_hundred_writers_one_at_a_time_succeeds,
}

async fn what_was_never_created_is_not_there(store: impl Store) {
    let event = nouns::event(&unique("nothing"), 51);
    assert_eq!(store.load_event(&event.id).await.unwrap(), None);
    let missing = store.load_pool(&event, PoolIndex::new(1)).await;
    assert!(matches!(missing, Err(StoreError::Corrupt { .. })), "{missing:?}");
    let missing = store.load_pools(&event).await;
    assert!(matches!(missing, Err(StoreError::Corrupt { .. })), "{missing:?}");
}

async fn an_event_and_its_pools_are_found_as_they_were_created(store: impl Store) {
    for (seats, pools) in [(1, 1), (51, 2), (500, 10), (100_000, 2_000)] {
        let mut event = nouns::event(&unique("created"), seats);
        event.name = "Zoë's «Rust» 🎟 👩\u{200d}👧 \"'\\ #1".parse().unwrap();
        event.created_by = RequestMark::new(u64::MAX - seats);
        assert!(!create(&store, &event).await.unwrap(), "it is new");

        assert_eq!(store.load_event(&event.id).await.unwrap().as_ref(), Some(&event));
        let found = store.load_pools(&event).await.unwrap();
        assert_eq!(found, Pool::open_all(&event));
        assert_eq!(found.len(), pools);
        let last = found.last().unwrap();
        assert_eq!(store.load_pool(&event, last.index()).await.unwrap(), *last);
    }
}

async fn an_event_that_exists_is_left_untouched(store: impl Store) {
    let event = open(&store, &unique("exists"), 60).await;
    let sold = apply(&store, &event, &sale_of(&store, &event, 3, 1).await).await;

    let mut other = nouns::event(event.id.as_str(), 500);
    other.name = "Another Meet-up".parse().unwrap();
    other.created_by = RequestMark::new(2);
    let refused = create(&store, &other).await;
    assert!(matches!(refused, Err(Problem::EventExists)), "{refused:?}");
    assert_eq!(store.load_event(&event.id).await.unwrap().as_ref(), Some(&event));
    assert!(store.load_pools(&event).await.unwrap().contains(&sold));
}

async fn one_of_many_creators_succeeds(store: impl Store + Clone + 'static) {
    let mut creators = JoinSet::new();
    let id = unique("raced");
    for seats in 1..=10 {
        let (store, mut event) = (store.clone(), nouns::event(&id, seats));
        event.created_by = RequestMark::new(seats);
        creators.spawn(async move { (create(&store, &event).await, event) });
    }
    let done = creators.join_all().await;
    let created: Vec<_> =
        done.iter().filter(|(creation, _)| matches!(creation, Ok(false))).collect();
    let [(_, event)] = created.as_slice() else { panic!("one creator: {done:?}") };
    assert_eq!(store.load_event(&event.id).await.unwrap().as_ref(), Some(event));
    assert_eq!(store.load_pools(event).await.unwrap(), Pool::open_all(event));
}

async fn a_commit_is_seen_by_every_later_reading(store: impl Store) {
    let event = open(&store, &unique("committed"), 120).await;
    for key in 1..=5 {
        let change = sale_of(&store, &event, 2, key).await;
        apply(&store, &event, &change).await;
        let after = change[0].after();
        assert_eq!(store.load_pool(&event, after.index()).await.unwrap(), *after);
        assert!(store.load_pools(&event).await.unwrap().contains(after));
    }
}

async fn a_late_commit_changes_nothing_and_learns_what_it_found(store: impl Store) {
    let event = open(&store, &unique("late"), 10).await;
    let late = sale_of(&store, &event, 4, 1).await;
    let first = apply(&store, &event, &sale_of(&store, &event, 3, 2).await).await;

    let lost = store.commit(&event, &late).await.unwrap();
    assert_eq!(lost, Commit::Conflict(Some(first.clone())));
    assert_eq!(store.load_pool(&event, first.index()).await.unwrap(), first);
}

async fn a_commit_is_never_applied_twice(store: impl Store) {
    let event = open(&store, &unique("twice"), 10).await;
    let change = sale_of(&store, &event, 4, 1).await;
    let first = apply(&store, &event, &change).await;
    let again = store.commit(&event, &change).await.unwrap();
    assert_eq!(again, Commit::Conflict(Some(first)), "and finds its own work there");
}

async fn every_field_comes_back_as_it_was(store: impl Store) {
    let event = open(&store, &unique("fields"), 50).await;
    let longest = "é🎟".repeat(32);
    let cases = [
        ("a", 1, None, None),
        ("Abc.corp_1-2", 2, Some("A-17"), None),
        (&*"p".repeat(64), 10, Some(longest.as_str()), None),
        ("abc-corp", 3, Some("Zoë \"quoted\" \\ 'single' #1 {} \u{a0}"), Some(0)),
        ("abc-corp", 4, None, Some(u64::MAX)),
    ];
    let mut now = nouns::start_of_time();
    for (key, (partner, seats, reference, cancelled_by)) in (0_u8..).zip(cases) {
        now += SignedDuration::from_millis(1);
        let mut order = nouns::order(partner, seats);
        order.reference = reference.map(|reference| reference.parse().unwrap());
        let id = ReservationId::in_pool(PoolIndex::new(0), [key * 51; 32]);
        let pool = store.load_pool(&event, id.pool()).await.unwrap();
        let mut after = apply(&store, &event, &changes(pool.reserve(&id, &order, now))).await;
        if let Some(by) = cancelled_by {
            let caller = Caller { id: nouns::partner(partner), role: Role::Partner };
            let cancelled = after.cancel(&id, &caller, RequestMark::new(by), now);
            after = apply(&store, &event, &changes(cancelled)).await;
        }
        assert_eq!(store.load_pool(&event, id.pool()).await.unwrap(), after);
    }
    let found = store.load_pool(&event, PoolIndex::new(0)).await.unwrap();
    assert_eq!(found.reservations().count(), 5);
}

async fn what_is_dropped_is_gone(store: impl Store) {
    let event = open(&store, &unique("dropped"), 50).await;
    let caller = Caller { id: nouns::partner("abc-corp"), role: Role::Partner };
    let now = nouns::start_of_time();
    let ids: Vec<_> =
        (0..12).map(|key| ReservationId::in_pool(PoolIndex::new(0), [key; 32])).collect();
    let mut pool = store.load_pool(&event, PoolIndex::new(0)).await.unwrap();
    for id in &ids {
        let order = nouns::order("abc-corp", 5);
        pool = apply(&store, &event, &changes(pool.reserve(id, &order, now))).await;
        let cancelled = pool.cancel(id, &caller, RequestMark::new(1), now);
        pool = apply(&store, &event, &changes(cancelled)).await;
    }

    let next_week = now + SignedDuration::from_hours(7 * 24);
    let id = ReservationId::in_pool(PoolIndex::new(0), [99; 32]);
    let change = changes(pool.reserve(&id, &nouns::order("abc-corp", 1), next_week));
    apply(&store, &event, &change).await;
    let found = store.load_pool(&event, PoolIndex::new(0)).await.unwrap();
    assert_eq!(found, *change[0].after());
    assert_eq!(found.reservations().map(|one| one.id).collect::<Vec<_>>(), [id]);
}

async fn several_pools_change_together_or_not_at_all(store: impl Store) {
    let event = open(&store, &unique("together"), 51).await;
    drain(&store, &event, 0).await;
    let gather = |pools: Vec<Pool>| {
        let view = View::of_all(pools, PoolIndex::new(0)).unwrap();
        let id = ReservationId::in_pool(PoolIndex::new(0), [1; 32]);
        let order = nouns::order("abc-corp", 4);
        changes(view.reserve(&id, &order, nouns::start_of_time()))
    };
    let stale = gather(store.load_pools(&event).await.unwrap());
    assert_eq!(stale.len(), 2, "one pool receives and one gives");

    let donor = store.load_pool(&event, PoolIndex::new(1)).await.unwrap();
    let sold = sale_in(&donor, 1, 2);
    apply(&store, &event, &sold).await;
    let standing = store.load_pools(&event).await.unwrap();
    assert_eq!(store.commit(&event, &stale).await.unwrap(), Commit::Conflict(None));
    assert_eq!(store.load_pools(&event).await.unwrap(), standing, "no pool has changed");

    let fresh = gather(standing);
    assert_eq!(store.commit(&event, &fresh).await.unwrap(), Commit::Applied);
    let found = store.load_pools(&event).await.unwrap();
    assert!(fresh.iter().all(|change| found.contains(change.after())), "both have changed");
}

async fn of_a_hundred_writers_one_at_a_time_succeeds(store: impl Store + Clone + 'static) {
    let event = open(&store, &unique("hundred"), 50).await;
    for version in 1..=3 {
        let mut all_changes = Vec::new();
        for key in 0..100 {
            all_changes.push(sale_of(&store, &event, 1, key + 1_000 * version).await);
        }
        let mut writers = JoinSet::new();
        for changes in all_changes {
            let (store, event) = (store.clone(), event.clone());
            writers.spawn(async move { store.commit(&event, &changes).await.unwrap() });
        }
        let commits = writers.join_all().await;
        let standing = store.load_pool(&event, PoolIndex::new(0)).await.unwrap();
        let (applied, lost): (Vec<_>, Vec<_>) =
            commits.into_iter().partition(|commit| *commit == Commit::Applied);
        assert_eq!(applied.len(), 1);
        assert!(lost.into_iter().all(|lost| lost == Commit::Conflict(Some(standing.clone()))));
        assert_eq!(standing.version(), version);
    }
}

/// Sells all that is left in a pool.
async fn drain(store: &impl Store, event: &Event, index: u16) {
    for key in 100.. {
        let pool = store.load_pool(event, PoolIndex::new(index)).await.unwrap();
        let seats = u64::from(pool.available().min(10));
        if seats == 0 {
            return;
        }
        apply(store, event, &sale_in(&pool, seats, key)).await;
    }
}

/// An order's change of whichever pool its key names, as it stands.
async fn sale_of(store: &impl Store, event: &Event, seats: u64, key: u64) -> Vec<Change> {
    let id = id_of(event, key);
    let pool = store.load_pool(event, id.pool()).await.unwrap();
    changes(pool.reserve(&id, &nouns::order("abc-corp", seats), nouns::start_of_time()))
}

/// An order's change of this pool.
pub(crate) fn sale_in(pool: &Pool, seats: u64, key: u8) -> Vec<Change> {
    let id = ReservationId::in_pool(pool.index(), [key; 32]);
    changes(pool.reserve(&id, &nouns::order("abc-corp", seats), nouns::start_of_time()))
}

pub(crate) fn id_of(event: &Event, key: u64) -> ReservationId {
    let key = key.to_string().parse().expect("a key");
    ReservationId::of_key(event, &nouns::partner("abc-corp"), &key)
}

pub(crate) fn changes(decided: Result<Decision, Refusal>) -> Vec<Change> {
    match decided {
        Ok(Decision::Commit(changes, _)) => changes,
        other => panic!("nothing to commit: {other:?}"),
    }
}

/// Commits a change of one pool that nobody else changes, and gives the pool after it.
async fn apply(store: &impl Store, event: &Event, changes: &[Change]) -> Pool {
    assert_eq!(store.commit(event, changes).await.unwrap(), Commit::Applied);
    changes[0].after().clone()
}
