//! The rules of a pool, against any sequence of orders, cancellations and passing time; and what an
//! instance may conclude from pools that it has seen.
//!
//! Every outcome must occur, or the run proves nothing.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use shared::event::{Event, PoolCount};
use shared::glance::Glance;
use shared::mark::RequestMark;
use shared::order::SeatCount;
use shared::pool::Pool;
use shared::refusal::Refusal;
use shared::rules::Decision;
use shared::view::View;
use tokio::time::advance;

use crate::support::ledger::{Step, World};
use crate::support::nouns;

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (caller, key) = (|| 0..3_usize, || 0..40_u8);
    let reserve =
        (caller(), key(), 1..=10_u64, any::<bool>()).prop_map(|(caller, key, seats, reference)| {
            Step::Reserve { caller, key, seats, reference }
        });
    let cancel = (caller(), caller(), key(), 0..2_u64)
        .prop_map(|(caller, owner, key, by)| Step::Cancel { caller, owner, key, by });
    let wait = (0..26_i64 * 60).prop_map(|minutes| Step::Wait { minutes });
    prop::collection::vec(prop_oneof![6 => reserve, 5 => cancel, 1 => wait], 1..120)
}

/// An event with so many seats in so many pools.
fn events() -> impl Strategy<Value = Event> {
    (1..=90_u64, 1..=14_u64).prop_map(|(seats, pools)| Event {
        pools: PoolCount::try_from(pools).expect("1 to 96 pools"),
        ..nouns::event("any", seats)
    })
}

#[test]
fn any_sequence_of_requests_sells_every_seat_once_and_loses_none() {
    let seen = Mutex::new(BTreeSet::new());
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&(events(), steps()), |(event, steps)| {
        let mut world = World::new(event);
        for step in &steps {
            world.take(step);
            world.audit();
        }
        seen.lock().unwrap().append(&mut world.seen);
        Ok(())
    });
    outcome.unwrap();

    let every_outcome = [
        "another partner's",
        "cancellation replayed",
        "cancelled",
        "cancelled twice",
        "dropped",
        "gathered from several",
        "key reused",
        "never sold",
        "not enough seats",
        "replayed",
        "sold",
    ];
    assert_eq!(seen.into_inner().unwrap(), BTreeSet::from(every_outcome));
}

fn commit(decided: Result<Decision, Refusal>) -> Pool {
    match decided {
        Ok(Decision::Commit(changes, _)) => changes[0].after().clone(),
        other => panic!("{other:?}"),
    }
}

fn glance(pools: &[Pool]) -> Glance {
    let mut glance = Glance::default();
    pools.iter().for_each(|pool| glance.note(pool));
    glance
}

/// What two views saw, one pool at each step, and the most seats that were free at any moment
/// after the first and before the second.
#[derive(Default)]
struct Seen {
    first: Vec<Pool>,
    since: Option<Timestamp>,
    most_free: u32,
    second: Vec<Pool>,
}

#[test]
fn a_refusal_rests_on_a_bound_that_no_moment_exceeds() {
    let exact = Mutex::new(0);
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
    let strategy = (events(), steps(), 0..40_usize);
    let outcome = runner.run(&strategy, |(event, steps, moments_between)| {
        let pools = usize::from(event.pools.get());
        let home = event.pools.indices().next().expect("at least one pool");
        let mut world = World::new(event);
        let (mut seen, mut moments) = (Seen::default(), 0);
        for step in &steps {
            if seen.first.len() < pools {
                seen.first.push(world.pools[seen.first.len()].clone());
                seen.since = seen.since.or(Some(world.now));
            } else if seen.second.len() < pools {
                moments += 1;
                if moments > moments_between {
                    seen.second.push(world.pools[seen.second.len()].clone());
                }
                if seen.second.len() <= 1 {
                    seen.most_free = seen.most_free.max(world.free_seats());
                }
            }
            world.take(step);
        }
        // After a day a cancellation is forgotten, and with it the seats that it freed.
        let elapsed = world.now.duration_since(seen.since.unwrap_or(world.now));
        if seen.second.len() == pools && elapsed < SignedDuration::from_hours(24) {
            let view = |pools| View::of_all(pools, home).expect("home is there");
            let bound = glance(&seen.first)
                .available_at_most(world.event.total_seats, &view(seen.second))
                .expect("few steps lie between");
            prop_assert!(bound >= seen.most_free, "{} were free, not {bound}", seen.most_free);
            *exact.lock().unwrap() += u32::from(bound == seen.most_free);
        }
        Ok(())
    });
    outcome.unwrap();
    assert!(exact.into_inner().unwrap() > 0, "the bound is as tight as can be, at times");
}

#[test]
fn seats_that_move_behind_a_reading_are_no_shortage() {
    let event = Event { pools: PoolCount::try_from(2).expect("2"), ..nouns::event("any", 40) };
    let mut world = World::new(event);
    let (caller, order) = (world.callers[0].clone(), nouns::order("abc-corp", 10));
    let mut orders = (0..=u8::MAX).map(|key| world.id_of(&caller, key));
    let mut at = |pool| orders.find(|id| id.pool().get() == pool).expect("a key for each pool");
    let (first, second, gathering) = (at(1), at(1), at(1));
    for id in [first, second] {
        world.pools[1] = commit(world.pools[1].reserve(&id, &order, world.now));
    }
    // One pool is read before seats move to it, the other after: 15 seats are free in neither.
    let (empty, home) = (world.pools[1].clone(), gathering.pool());
    let view = |pools: &[Pool]| View::of_all(pools.to_vec(), home).expect("home is there");
    let small = nouns::order("abc-corp", 1);
    let decided = view(&world.pools).reserve(&gathering, &small, world.now);
    let Ok(Decision::Commit(changes, _)) = decided else { panic!("{decided:?}") };
    let [receiver, giver] = [&changes[0], &changes[1]].map(|change| change.after().clone());
    assert_eq!((giver.available(), receiver.available()), (10, 9));
    let read = glance(&[giver.clone(), empty]);
    let bound = read.available_at_most(world.event.total_seats, &view(&[giver, receiver]));
    assert_eq!(bound, Some(20), "all 20 seats that nobody had taken when the reading began");
}

#[test]
fn two_readings_with_more_commits_between_them_than_are_kept_bound_nothing() {
    let world = World::new(nouns::event("any", 10));
    let (caller, order) = (&world.callers[0], nouns::order("abc-corp", 10));
    let view = |pool: &Pool| View::of_all(vec![pool.clone()], pool.index()).expect("home is there");
    let before = world.pools[0].clone();
    let mut after = before.clone();
    for key in 0..100 {
        let id = world.id_of(caller, key);
        after = commit(after.reserve(&id, &order, world.now));
        after = commit(after.cancel(&id, caller, RequestMark::new(1), world.now));
        let bound = glance(std::slice::from_ref(&before))
            .available_at_most(world.event.total_seats, &view(&after));
        assert_eq!(bound.is_some(), after.version() <= 128, "after {} commits", after.version());
    }
}

#[tokio::test(start_paused = true)]
async fn a_reading_older_than_an_hour_bounds_nothing() {
    let event = nouns::event("any", 10);
    let pools = Pool::open_all(&event);
    let view = View::of_all(pools.clone(), pools[0].index()).expect("home is there");
    let glance = glance(&pools);
    for (wait, want) in [(Duration::from_hours(1), Some(10)), (Duration::from_millis(1), None)] {
        advance(wait).await;
        let bound = glance.available_at_most(event.total_seats, &view);
        assert_eq!(bound, want, "{wait:?} later");
    }
}

#[test]
fn an_order_goes_to_the_fuller_of_two_pools_that_had_enough() {
    let seats = |seats| SeatCount::try_from(seats).expect("1 to 10 seats");
    let event = Event { pools: PoolCount::try_from(4).expect("4"), ..nouns::event("any", 40) };
    let free = [4, 9, 2, 7];
    let pools: Vec<_> =
        event.pools.indices().zip(free).map(|(index, free)| Pool::open(index, free)).collect();
    let glance = glance(&pools);
    let pick = |wanted, one, other| {
        let bits = std::array::from_fn(|position| match position {
            29 => one,
            31 => other,
            _ => 0,
        });
        glance
            .pick_with(seats(wanted), event.pools, bits)
            .map(|index| free[usize::from(index.get())])
    };

    let enough = [4, 9, 7];
    for (one, other) in (0..12_u8).flat_map(|one| (0..12_u8).map(move |other| (one, other))) {
        let fuller = [one, other].map(|choice| enough[usize::from(choice) % 3]).into_iter().max();
        assert_eq!(pick(3, one, other), fuller, "{one} and {other}");
    }
    assert_eq!(pick(9, 2, 5), Some(9), "one pool is left to choose from");
    assert_eq!(pick(10, 0, 1), None, "no pool had enough");
    let unread = Glance::default().pick_with(seats(10), event.pools, [0; 32]);
    assert!(unread.is_some(), "a pool that was never seen may have any number");
}
