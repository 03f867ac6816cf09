//! The rules of a pool, against any sequence of orders, cancellations and passing time; and what an
//! instance may conclude from pools that it has seen.
//!
//! Every outcome must occur, or the run proves nothing.

use std::collections::BTreeSet;
use std::sync::Mutex;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use shared::board::{Census, Memory};
use shared::event::{Event, PoolCount};
use shared::order::SeatCount;
use shared::pool::Pool;
use shared::refusal::Refusal;
use shared::rules::Decision;
use shared::terms::Sale;
use shared::view::View;

use crate::support::ledger::{Step, World};
use crate::support::nouns;

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (caller, key) = (|| 0..3_usize, || 0..40_u8);
    let seconds = || 60..=900_u64;
    let order = (caller(), key(), 1..=10_u64, any::<bool>(), prop::option::of(seconds()));
    let reserve = order.prop_map(|(caller, key, seats, reference, hold)| Step::Reserve {
        caller,
        key,
        seats,
        reference,
        hold,
    });
    let confirm = (caller(), caller(), key()).prop_map(|(caller, owner, key)| Step::Confirm {
        caller,
        owner,
        key,
    });
    let extend = (caller(), caller(), key(), seconds())
        .prop_map(|(caller, owner, key, seconds)| Step::Extend { caller, owner, key, seconds });
    let cancel = (caller(), caller(), key(), 0..2_u64)
        .prop_map(|(caller, owner, key, by)| Step::Cancel { caller, owner, key, by });
    let amend = (caller(), caller(), key(), 1..=10_u64, any::<bool>()).prop_map(
        |(caller, owner, key, seats, is_seen)| Step::Amend { caller, owner, key, seats, is_seen },
    );
    let wait = prop_oneof![2 => 0..900_i64, 1 => 0..26 * 3_600_i64];
    let wait = wait.prop_map(|seconds| Step::Wait { seconds });
    let sale = prop::sample::select(vec![Sale::OnSale, Sale::OnSale, Sale::Paused, Sale::Closed]);
    let terms = (sale, prop::option::of(1..=10_u64))
        .prop_map(|(sale, order_max)| Step::Terms { sale, order_max });
    let all = (2..4_u64).prop_map(|by| Step::CancelAll { by });
    let of_organisers = prop_oneof![3 => terms, 1 => all];
    let step = prop_oneof![
        12 => reserve,
        10 => cancel,
        4 => amend,
        4 => confirm,
        4 => extend,
        2 => wait,
        1 => of_organisers,
    ];
    prop::collection::vec(step, 1..120)
}

/// An event with so many seats in so many pools.
fn events() -> impl Strategy<Value = Event> {
    (1..=90_u64, 1..=14_u64).prop_map(|(seats, pools)| Event {
        pools: PoolCount::try_from(pools).expect("1 to 96 pools"),
        ..nouns::event("any", seats)
    })
}

/// What random steps hardly come to: one cancellation twice, and another; more than may be held in
/// a pool; and a hold that is extended again and again.
fn rare_steps() -> Vec<Step> {
    let (caller, owner, seconds) = (0, 0, 900);
    let hold = |key, seats| Step::Reserve { caller, key, seats, reference: false, hold: Some(900) };
    let cancel = |by| Step::Cancel { caller, owner, key: 0, by };
    let (wait, extend) =
        (Step::Wait { seconds: 850 }, Step::Extend { caller, owner, key: 1, seconds });
    let mut steps = vec![hold(0, 10), hold(1, 10), hold(2, 10)];
    steps.extend([cancel(1), cancel(1), cancel(2)]);
    steps.extend([wait.clone(), extend.clone(), wait, extend]);
    steps
}

/// Takes these steps in a world of this event, and gives what was seen.
fn live(event: Event, steps: &[Step]) -> BTreeSet<&'static str> {
    let mut world = World::new(event);
    for step in steps {
        world.take(step);
        world.audit();
    }
    world.seen
}

#[test]
fn any_sequence_of_requests_sells_every_seat_once_and_loses_none() {
    let seen = Mutex::new(BTreeSet::new());
    let mut runner =
        TestRunner::new(Config { failure_persistence: None, cases: 1_000, ..Config::default() });
    let outcome = runner.run(&(events(), steps()), |(event, steps)| {
        seen.lock().unwrap().append(&mut live(event, &steps));
        Ok(())
    });
    outcome.unwrap();
    let one_pool = PoolCount::try_from(1).expect("1");
    let event = Event { pools: one_pool, ..nouns::event("any", 90) };
    seen.lock().unwrap().append(&mut live(event, &rare_steps()));

    let every_outcome = [
        "all cancelled",
        "another partner's",
        "as asked already",
        "cancellation replayed",
        "cancelled",
        "cancelled after its hold",
        "cancelled twice",
        "changed unseen",
        "confirmed",
        "confirmed already",
        "dropped",
        "expired",
        "extended",
        "fewer seats",
        "gathered for more",
        "gathered from several",
        "held for too long",
        "held long enough",
        "hold expired",
        "key reused",
        "more seats",
        "never sold",
        "no more by the terms",
        "not enough for more",
        "not enough seats",
        "not held",
        "refused by the terms",
        "replayed",
        "sold",
        "too many held",
    ];
    let seen = seen.into_inner().unwrap();
    let every_outcome = BTreeSet::from(every_outcome);
    let differ: Vec<_> = seen.symmetric_difference(&every_outcome).collect();
    assert_eq!(differ, Vec::<&&str>::new());
}

fn commit(decided: Result<Decision, Refusal>) -> Pool {
    match decided {
        Ok(Decision::Commit(changes, _)) => changes[0].after().clone(),
        other => panic!("{other:?}"),
    }
}

/// What two views saw, one pool at each step, and the most seats that were free at any moment
/// after the first and before the second.
#[derive(Default)]
struct Seen {
    first: Vec<Pool>,
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
        let mut world = World::new(event);
        let (mut seen, mut moments) = (Seen::default(), 0);
        for step in &steps {
            if seen.first.len() < pools {
                seen.first.push(world.pools[seen.first.len()].clone());
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
        if seen.second.len() == pools {
            let total = world.event.total_seats;
            let sold_before = Census::of(&seen.first, world.now).sold;
            let bound = Census::of(&seen.second, world.now).free_at_most(total, sold_before);
            let most_free = u64::from(seen.most_free);
            prop_assert!(bound >= most_free, "{most_free} were free, not {bound}");
            *exact.lock().unwrap() += u32::from(bound == most_free);
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
    let sold_before = Census::of(&[giver.clone(), empty], world.now).sold;
    let after = Census::of(&[giver, receiver], world.now);
    let bound = after.free_at_most(world.event.total_seats, sold_before);
    assert_eq!(bound, 20, "all 20 seats that nobody had taken when the reading began");
}

#[test]
fn an_order_goes_to_the_fuller_of_two_pools_that_had_enough() {
    let seats = |seats| SeatCount::try_from(seats).expect("1 to 10 seats");
    let event = Event { pools: PoolCount::try_from(4).expect("4"), ..nouns::event("any", 40) };
    let free = [4, 9, 2, 7];
    let pools: Vec<_> =
        event.pools.indices().zip(free).map(|(index, free)| Pool::open(index, free)).collect();
    let mut memory = Memory::default();
    pools.iter().for_each(|pool| memory.note(pool));
    let pick = |wanted, one, other| {
        let bits = std::array::from_fn(|position| match position {
            29 => one,
            31 => other,
            _ => 0,
        });
        memory
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
    let unread = Memory::default().pick_with(seats(10), event.pools, [0; 32]);
    assert!(unread.is_some(), "a pool that was never seen may have any number");
}
