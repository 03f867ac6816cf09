//! What a pool may weigh: whatever callers do, its item stays far from DynamoDB's 400 KB, a
//! cancellation always fits, and an order for which there is no room stands elsewhere.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use shared::access::{Caller, Role};
use shared::event::{Event, PoolCount, PoolIndex, TotalSeats};
use shared::mark::RequestMark;
use shared::order::{Amendment, Order};
use shared::pool::Pool;
use shared::refusal::Refusal;
use shared::reservation::{Reservation, ReservationId};
use shared::rules::Decision;
use shared::view::View;

use crate::support::nouns;

/// Half of what DynamoDB lets an item have.
const BYTES_MAX: usize = 200 * 1_024;

/// The order with the longest names that there can be.
fn fattest(seats: u64) -> Order {
    let reference = Some("🎟".repeat(64).parse().expect("64 characters"));
    Order { reference, ..nouns::order(&"p".repeat(64), seats) }
}

fn id(number: u16) -> ReservationId {
    let [high, low] = number.to_be_bytes();
    ReservationId::in_pool(PoolIndex::new(0), std::array::from_fn(|at| [0, 0, high, low][at % 4]))
}

fn organiser() -> Caller {
    Caller { id: nouns::partner("organiser"), role: Role::Organiser }
}

fn only_pool(decided: Result<Decision, Refusal>) -> Pool {
    match decided {
        Ok(Decision::Commit(changes, _)) => changes[0].after().clone(),
        other => panic!("{other:?}"),
    }
}

fn sell(pool: &Pool, number: u16, order: &Order, now: Timestamp) -> Pool {
    only_pool(pool.reserve(&id(number), order, now))
}

fn cancel(pool: &Pool, number: u16, now: Timestamp) -> Pool {
    only_pool(pool.cancel(&id(number), &organiser(), RequestMark::new(1), now))
}

#[test]
fn five_hundred_cancellations_in_one_pool_are_kept_for_a_day() {
    let (mut pool, mut now) = (Pool::open(PoolIndex::new(0), 10), nouns::start_of_time());
    let order = nouns::order("abc-corp", 10);
    let second = SignedDuration::from_secs(1);
    for number in 0..500 {
        pool = cancel(&sell(&pool, number, &order, now), number, now);
        now += second;
    }
    for number in 0..500 {
        let replay = pool.reserve(&id(number), &order, now);
        assert!(matches!(replay, Ok(Decision::Standing(_))), "a late retry of {number}");
    }

    let of_the_last = now + SignedDuration::from_hours(24) - second;
    let kept = (0..5).fold(pool.clone(), |pool, number| {
        let number = 1_000 + number;
        cancel(&sell(&pool, number, &order, of_the_last), number, of_the_last)
    });
    let last = kept.reserve(&id(499), &order, of_the_last);
    assert!(matches!(last, Ok(Decision::Standing(_))), "a day is not over before its last moment");

    let later = now + SignedDuration::from_hours(24);
    let forgotten = sell(&pool, 1_000, &nouns::order("abc-corp", 1), later);
    assert_eq!(forgotten.reservations().count(), 1, "nothing is left but what is live");
}

#[test]
fn whoever_cancels_without_end_makes_no_pool_heavy_and_the_latest_are_kept() {
    let (mut pool, now) = (Pool::open(PoolIndex::new(0), 10), nouns::start_of_time());
    for number in 0..3_000 {
        // The clocks of instances differ: they do not say which ended first.
        let now = now - SignedDuration::from_secs(i64::from(number % 5));
        pool = cancel(&sell(&pool, number, &fattest(10), now), number, now);
        assert!(pool.bytes() < BYTES_MAX, "{} bytes", pool.bytes());
        let kept: BTreeSet<_> = pool.reservations().map(|one| one.id).collect();
        assert!((number.saturating_sub(127)..=number).all(|number| kept.contains(&id(number))));
    }
}

/// An event of which one pool has gathered nearly all seats, and is full of the fattest orders.
fn crammed() -> (Event, Vec<Pool>) {
    let event = Event { pools: PoolCount::try_from(3).expect("3"), ..nouns::event("any", 3_000) };
    let now = nouns::start_of_time();
    let mut full = Pool::open(PoolIndex::new(0), 2_000);
    for number in 0.. {
        if !full.has_room_for(&fattest(1)) {
            break;
        }
        full = sell(&full, number, &fattest(1), now);
    }
    (event, vec![full, Pool::open(PoolIndex::new(1), 995), Pool::open(PoolIndex::new(2), 5)])
}

fn view(pools: &[Pool]) -> View {
    View::of_all(pools.to_vec(), PoolIndex::new(0)).expect("home is there")
}

/// Reserves on what is in view, and writes what was decided.
fn reserve(pools: &mut [Pool], number: u16, order: &Order) -> Reservation {
    match view(pools).reserve(&id(number), order, nouns::start_of_time()) {
        Ok(Decision::Commit(changes, reservation)) => {
            let changed: BTreeSet<_> = changes.iter().map(|change| change.pool()).collect();
            assert_eq!(changed.len(), changes.len(), "a transaction changes no item twice");
            assert!(changes.len() <= 12, "{} pools", changes.len());
            for change in changes {
                pools[usize::from(change.pool().get())] = change.after().clone();
            }
            reservation
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_order_for_which_its_pool_has_no_room_stands_elsewhere_and_is_found_there() {
    let (_, mut pools) = crammed();
    let now = nouns::start_of_time();
    assert!(pools[0].available() > 1_000 && pools[0].bytes() < BYTES_MAX, "full, of bytes");
    assert!(!pools[0].is_overflowed());
    let total = |pools: &[Pool]| pools.iter().map(Pool::capacity).sum::<u32>();

    let sold = reserve(&mut pools, 5_000, &fattest(3));
    assert_eq!((sold.id.pool().get(), sold.seats.get()), (1, 3));
    assert!(pools[0].is_overflowed(), "its pool says so, in the same commit");
    assert_eq!(total(&pools), 3_000);

    let again = view(&pools).reserve(&id(5_000), &fattest(3), now);
    assert_eq!(again, Ok(Decision::Standing(sold.clone())), "the retry finds it");
    let other = view(&pools).reserve(&id(5_000), &fattest(4), now);
    assert_eq!(other, Err(Refusal::IdempotencyKeyReused));
    let narrow = View::of_home(pools[0].clone()).reserve(&id(5_000), &fattest(3), now);
    assert!(matches!(narrow, Err(Refusal::NotEnoughSeats { .. })), "the pool alone cannot tell");

    // Its cancellation is in the pool where it stands; the retry finds that, too.
    let cancelled = pools[1].cancel(&sold.id, &organiser(), RequestMark::new(1), now);
    pools[1] = only_pool(cancelled);
    match view(&pools).reserve(&id(5_000), &fattest(3), now) {
        Ok(Decision::Standing(found)) => assert!(!found.is_live()),
        other => panic!("{other:?}"),
    }

    // A cancellation in the full pool always fits, and makes room for an order of its own.
    pools[0] = cancel(&pools[0], 0, now);
    assert_eq!(reserve(&mut pools, 5_001, &fattest(1)).id.pool().get(), 0);
}

#[test]
fn two_tries_of_an_order_that_stands_elsewhere_change_the_same_version() {
    let (_, pools) = crammed();
    let now = nouns::start_of_time();
    let home_of = |decided| match decided {
        Ok(Decision::Commit(changes, _)) => {
            let home = changes.iter().find(|change| change.pool().get() == 0);
            home.expect("the home pool is changed").expected_version()
        }
        other => panic!("{other:?}"),
    };
    let elsewhere = home_of(view(&pools).reserve(&id(5_000), &fattest(1), now));
    let roomier: Vec<_> =
        [cancel(&pools[0], 0, now)].into_iter().chain(pools[1..].iter().cloned()).collect();
    let at_home = home_of(view(&roomier).reserve(&id(5_000), &fattest(1), now));
    assert_eq!(elsewhere, pools[0].version());
    assert_eq!(at_home, roomier[0].version());

    // Another try may have been served between two readings: then neither is told what to do.
    let before = View::of_home(pools[0].clone());
    let torn = view(&roomier).after(&before);
    assert!(torn.is_conclusive(), "nothing overflowed yet, so nothing stands elsewhere");
    let overflowed: Vec<_> = {
        let mut pools = pools.clone();
        reserve(&mut pools, 6_000, &fattest(1));
        pools
    };
    let torn = view(&overflowed).after(&before);
    assert!(!torn.is_conclusive());
    let decided = torn.reserve(&id(5_000), &fattest(1), now);
    assert!(matches!(decided, Err(Refusal::NotEnoughSeats { .. })), "{decided:?}");
}

#[test]
fn what_lacks_elsewhere_comes_from_the_home_pool_and_from_others() {
    let (_, mut pools) = crammed();
    pools[1] = Pool::open(PoolIndex::new(1), 4);
    let taken = 2_000 - pools[0].available();
    pools[0] = pools[0].give(pools[0].available() - 3, nouns::start_of_time()).after().clone();
    let sold = reserve(&mut pools, 5_000, &fattest(10));
    assert_eq!(sold.id.pool().get(), 2, "the fullest has room");
    let free: u32 = pools.iter().map(Pool::available).sum();
    let capacity: u32 = pools.iter().map(Pool::capacity).sum();
    assert_eq!((free, capacity), (2, taken + 12), "3 at home, 4 and 5: two are left");
}

#[test]
fn the_pools_of_an_event_add_up_to_its_seats_and_there_are_no_others() {
    let cases = [(1, 1), (50, 1), (51, 2), (500, 10), (5_001, 101), (100_000, 2_000)];
    for (seats, pools) in cases {
        let total_seats = TotalSeats::try_from(seats).expect("1 to 100,000 seats");
        let event = Event { pools: PoolCount::of(total_seats), ..nouns::event("any", seats) };
        let id = |index| ReservationId::in_pool(PoolIndex::new(index), [7; 32]);
        let last = id(event.pools.get() - 1);
        assert_eq!(last.home_in(&event), Ok(last.pool()));
        let beyond = id(event.pools.get());
        assert_eq!(beyond.home_in(&event), Err(Refusal::ReservationNotFound));

        let opened = Pool::open_all(&event);
        let capacities = || opened.iter().map(Pool::capacity);
        assert_eq!(opened.len(), pools, "{seats} seats");
        assert_eq!(u64::from(capacities().sum::<u32>()), seats);
        let spread = capacities().max().unwrap() - capacities().min().unwrap();
        assert!(spread <= 1, "{seats} seats are spread evenly");
    }
}

#[test]
fn a_full_pool_takes_no_longer_reference_and_any_smaller_order() {
    let (mut pool, now) = (Pool::open(PoolIndex::new(0), 10_000), nouns::start_of_time());
    let order = nouns::order(&"p".repeat(64), 2);
    let mut numbers = 0..;
    while pool.has_room_for(&order) {
        pool = sell(&pool, numbers.next().unwrap(), &order, now);
    }
    let amend = |seats: Option<u64>, reference: Option<&str>| {
        let seats = seats.map(|seats| seats.try_into().unwrap());
        let reference = reference.map(|text| text.parse().unwrap());
        let amendment = Amendment { seats, reference };
        View::of_home(pool.clone()).amend(&id(0), &organiser(), &amendment, |_| true, now)
    };
    assert_eq!(amend(None, Some(&"r".repeat(64))), Err(Refusal::NoRoom));
    assert_eq!(amend(Some(1), Some(&"r".repeat(64))), Err(Refusal::NoRoom));
    assert_eq!(only_pool(amend(Some(1), None)).available(), pool.available() + 1);
}
