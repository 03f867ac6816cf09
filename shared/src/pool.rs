//! A pool: a block of an event's seats that is sold by one writer at a time, and one step of it.
//!
//! Free seats and the reservations that took the others live in one stored item, so that
//! `available + seats of live reservations = capacity` holds before and after every write, whoever
//! dies in between. The module `rules` says which steps there are.

use std::collections::BTreeMap;
use std::num::NonZero;

use jiff::{SignedDuration, Timestamp};

use crate::event::{Event, PoolIndex};
use crate::reservation::{Reservation, ReservationId};

/// How long an ended reservation is kept, so that a retry still gets a true answer.
const ENDED_KEPT: SignedDuration = SignedDuration::from_hours(24);

/// How many ended reservations are kept at most: every write pays for the whole item, and a
/// caller that reserves and cancels without end must not make it grow without end.
pub(crate) const ENDED_KEPT_MAX: usize = 128;

/// A block of an event's seats, with everything that decides about them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    index: PoolIndex,
    version: u64,
    capacity: u32,
    available: u32,
    reservations: BTreeMap<ReservationId, Reservation>,
}

/// One step of one pool, from the version before to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    after: Pool,
    written: Option<ReservationId>,
    dropped: Vec<ReservationId>,
}

impl Pool {
    /// A new pool, all of whose seats are free.
    pub fn open(index: PoolIndex, capacity: u32) -> Self {
        Self { index, version: 0, capacity, available: capacity, reservations: BTreeMap::new() }
    }

    /// The pools of a new event, its seats spread evenly over them.
    pub fn open_all(event: &Event) -> Vec<Self> {
        let (seats, pools) = (event.total_seats.get(), NonZero::<u32>::from(event.pools));
        let (seats_each, one_more) = (seats / pools, seats % pools);
        let open = |index: PoolIndex| {
            let extra = u32::from(u32::from(index.get()) < one_more);
            Self::open(index, seats_each.saturating_add(extra))
        };
        event.pools.indices().map(open).collect()
    }

    /// The pool that was stored. Its seats may not add up: then it is evidence, and no pool.
    pub(crate) fn from_stored(
        index: PoolIndex,
        version: u64,
        capacity: u32,
        available: u32,
        reservations: BTreeMap<ReservationId, Reservation>,
    ) -> Self {
        Self { index, version, capacity, available, reservations }
    }

    /// The reservation with this id, live or ended, whosever it is.
    pub(crate) fn find(&self, id: &ReservationId) -> Option<&Reservation> {
        self.reservations.get(id)
    }

    /// Which pool of its event it is.
    pub fn index(&self) -> PoolIndex {
        self.index
    }

    /// How many commits it has seen.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// All its seats, free or taken.
    pub fn capacity(&self) -> u32 {
        self.capacity
    }

    /// Its free seats.
    pub fn available(&self) -> u32 {
        self.available
    }

    /// Its reservations, the live and the ended that are still kept.
    pub fn reservations(&self) -> impl Iterator<Item = &Reservation> {
        self.reservations.values()
    }

    /// Asserts promise 1: no seat of this pool is sold twice, and none is lost.
    ///
    /// # Panics
    ///
    /// If the seats do not add up, so that a wrong pool is never stored.
    fn check(&self) {
        assert!(self.adds_up(), "the seats of a pool must add up: {self:?}");
    }

    /// Whether this pool keeps promise 1.
    pub(crate) fn adds_up(&self) -> bool {
        let live = self.reservations().filter(|reservation| reservation.is_live());
        let taken: u64 = live.map(|reservation| u64::from(reservation.seats.get())).sum();
        u64::from(self.available).checked_add(taken) == Some(u64::from(self.capacity))
    }

    /// The start of every change: the next version, without what nobody asks for any more.
    pub(crate) fn step(&self, now: Timestamp) -> Change {
        self.check();
        let mut after = self.clone();
        after.version = self.version.checked_add(1).expect("2^64 commits outlast any event");

        let dropped = self.forgettable(now);
        for id in &dropped {
            after.reservations.remove(id);
        }
        Change { after, written: None, dropped }
    }

    /// The ended reservations that are past their time, and the oldest of those too many.
    fn forgettable(&self, now: Timestamp) -> Vec<ReservationId> {
        let mut ended: Vec<_> = self
            .reservations()
            .filter_map(|reservation| Some((reservation.cancelled?.at, reservation.id)))
            .collect();
        ended.sort_unstable();
        let too_many = ended.len().saturating_sub(ENDED_KEPT_MAX);
        let old = |at: Timestamp| now.duration_since(at) > ENDED_KEPT;
        let oldest_first = ended.into_iter().enumerate();
        oldest_first
            .filter(|(position, (at, _))| *position < too_many || old(*at))
            .map(|(_, (_, id))| id)
            .collect()
    }
}

impl Change {
    /// Which pool changes.
    pub fn pool(&self) -> PoolIndex {
        self.after.index
    }

    /// The version at which the pool must still stand.
    pub fn expected_version(&self) -> u64 {
        self.after.version.checked_sub(1).expect("a change makes a version of at least 1")
    }

    /// The pool as it will stand.
    pub fn after(&self) -> &Pool {
        &self.after
    }

    /// The one reservation that is new or other than before.
    pub fn written(&self) -> Option<&Reservation> {
        self.after.reservations.get(&self.written?)
    }

    /// The ended reservations that are no longer kept.
    pub fn dropped(&self) -> &[ReservationId] {
        &self.dropped
    }

    /// Free seats come from other pools.
    pub(crate) fn receive(&mut self, seats: u32) {
        self.after.capacity = self.after.capacity.saturating_add(seats);
        self.after.available = self.after.available.saturating_add(seats);
    }

    /// Free seats go to another pool.
    ///
    /// # Panics
    ///
    /// If there are not so many.
    pub(crate) fn give(&mut self, seats: u32) {
        let left = |of: u32| of.checked_sub(seats).expect("a donor gives only free seats");
        self.after.available = left(self.after.available);
        self.after.capacity = left(self.after.capacity);
        self.after.check();
    }

    /// The reservation is new, and takes its seats; or it has ended, and gives them back.
    ///
    /// # Panics
    ///
    /// If the seats do not add up.
    pub(crate) fn write(&mut self, reservation: Reservation) {
        let seats = reservation.seats.get();
        self.after.available = if reservation.is_live() {
            self.after.available.checked_sub(seats).expect("an order takes only free seats")
        } else {
            self.after.available.saturating_add(seats)
        };
        self.written = Some(reservation.id);
        self.after.reservations.insert(reservation.id, reservation);
        self.after.check();
    }
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;
    use crate::event::{PoolCount, TotalSeats};
    use crate::mark::RequestMark;
    use crate::refusal::Refusal;

    #[test]
    fn a_pool_that_does_not_add_up_is_never_written() {
        let now = Timestamp::UNIX_EPOCH;
        for (capacity, available) in [(10, 9), (10, 11)] {
            let none = BTreeMap::new();
            let pool = Pool::from_stored(PoolIndex::new(0), 1, capacity, available, none);
            assert!(catch_unwind(|| pool.step(now)).is_err(), "{available} of {capacity}");
        }
    }

    #[test]
    fn the_pools_of_an_event_add_up_to_its_seats_and_there_are_no_others() {
        let cases = [(1, 1), (50, 1), (51, 2), (500, 10), (4_800, 96), (5_000, 96), (100_000, 96)];
        for (seats, pools) in cases {
            let total_seats = TotalSeats::try_from(seats).expect("1 to 100,000 seats");
            let event = Event {
                id: "event".parse().expect("an id"),
                name: "Event".parse().expect("a name"),
                total_seats,
                pools: PoolCount::of(total_seats),
                created_at: Timestamp::UNIX_EPOCH,
                created_by: RequestMark::new(1),
            };
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
}
