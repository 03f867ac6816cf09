//! A pool: a block of an event's seats that is sold by one writer at a time, and one step of it.
//!
//! Free seats and the reservations that took the others live in one stored item, so that
//! `available + seats of live reservations = capacity` holds before and after every write, whatever
//! fails in between. The module `rules` says which steps there are.

mod change;
mod holds;
mod stamp;

use std::collections::BTreeMap;
use std::num::NonZero;

use jiff::{SignedDuration, Timestamp};

pub use self::change::Change;
pub use self::stamp::Stamp;
use crate::event::{Event, PoolIndex};
use crate::order::Order;
use crate::reservation::{Reservation, ReservationId};
use crate::terms::Terms;
use crate::text::{PartnerId, PartnerReference};

/// How long an ended reservation is kept, so that a retry still gets a true answer.
const ENDED_KEPT: SignedDuration = SignedDuration::from_hours(24);

/// So many of the latest ended reservations are kept that long, whatever they weigh.
pub(crate) const ENDED_KEPT_MIN: usize = 128;

/// Beyond those, the oldest are forgotten early once all of them weigh more than this: every write
/// pays for the whole item, and a caller that reserves and cancels without end must not make it
/// grow without end.
const ENDED_BYTES_MAX: usize = 36 * 1_024;

/// A pool has no room for another reservation once its live ones weigh more than this. With what
/// is kept of the ended, and with what 2,000 changed ones were ordered as, that is less than half
/// of the 400 KB that DynamoDB lets an item have, and some 1,000 reservations with a reference of
/// the usual length. The seats of a new pool need less than a fifth of it, so only seats that
/// gathered from others can fill it.
const LIVE_BYTES_MAX: usize = 128 * 1_024;

/// The most that a stored reservation weighs besides its texts, ended or not: `dynamo::item` holds
/// the store to it.
const RESERVATION_BYTES: usize = 64;

/// The most that it weighs besides if it was ever held.
const HOLD_BYTES: usize = 20;

/// The most that it weighs besides if it was ever changed.
const ORDERED_BYTES: usize = 12;

/// A block of an event's seats, with everything that decides about them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    index: PoolIndex,
    version: u64,
    capacity: u32,
    available: u32,
    returned: u64,
    reservations: BTreeMap<ReservationId, Reservation>,
    is_overflowed: bool,
    terms: Terms,
    revision: u64,
}

impl Pool {
    /// A new pool, all of whose seats are free.
    pub fn open(index: PoolIndex, capacity: u32) -> Self {
        let reservations = BTreeMap::new();
        Self::from_stored(index, 0, capacity, capacity, 0, reservations, false)
    }

    /// The pools of a new event, its seats spread evenly over them, on its terms.
    pub fn open_all(event: &Event) -> Vec<Self> {
        let (seats, pools) = (event.total_seats.get(), NonZero::<u32>::from(event.pools));
        let (seats_each, one_more) = (seats / pools, seats % pools);
        let open = |index: PoolIndex| {
            let extra = u32::from(u32::from(index.get()) < one_more);
            Self::open(index, seats_each.saturating_add(extra)).on_terms_of(event)
        };
        event.pools.indices().map(open).collect()
    }

    /// The pool that was stored, on the usual terms. Its seats may not add up: then it is evidence,
    /// and no pool.
    pub(crate) fn from_stored(
        index: PoolIndex,
        version: u64,
        capacity: u32,
        available: u32,
        returned: u64,
        reservations: BTreeMap<ReservationId, Reservation>,
        is_overflowed: bool,
    ) -> Self {
        let (terms, revision) = (Terms::default(), 0);
        Self {
            index,
            version,
            capacity,
            available,
            returned,
            reservations,
            is_overflowed,
            terms,
            revision,
        }
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

    /// The seats that its reservations ever gave back. It only grows.
    pub fn returned(&self) -> u64 {
        self.returned
    }

    /// The seats that it ever sold, given back or not. It only grows.
    pub fn sold(&self) -> u64 {
        let taken = self.capacity.saturating_sub(self.available);
        self.returned.saturating_add(taken.into())
    }

    /// Its reservations, the live and the ended that are still kept.
    pub fn reservations(&self) -> impl Iterator<Item = &Reservation> {
        self.reservations.values()
    }

    /// Whether it had no room once, so that orders of this pool may stand in others.
    pub fn is_overflowed(&self) -> bool {
        self.is_overflowed
    }

    /// Whether the order's reservation would fit in, as far as bytes go.
    pub fn has_room_for(&self, order: &Order) -> bool {
        let added = bytes(&order.partner, order.reference.as_ref(), order.hold.is_some());
        self.live_bytes().saturating_add(added) <= LIVE_BYTES_MAX
    }

    /// Whether the reservation, changed to this, would fit in, as far as bytes go. It does if its
    /// reference grows no longer: what it was ordered as has room beyond the bound.
    pub(crate) fn has_room_to_change(&self, from: &Reservation, to: &Reservation) -> bool {
        let length =
            |one: &Reservation| one.reference.as_ref().map_or(0, |text| text.as_str().len());
        if length(to) <= length(from) {
            return true;
        }
        let others = self.live_bytes().saturating_sub(bytes_of(from));
        others.saturating_add(bytes_of(to)) <= LIVE_BYTES_MAX
    }

    /// Whether half of its room for reservations is used.
    pub fn is_heavy(&self) -> bool {
        self.live_bytes() > LIVE_BYTES_MAX / 2
    }

    /// The most bytes that its reservations can weigh in the store.
    pub fn bytes(&self) -> usize {
        self.reservations().map(bytes_of).sum()
    }

    fn live_bytes(&self) -> usize {
        self.reservations().filter(|reservation| reservation.is_live()).map(bytes_of).sum()
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

    /// The start of every change: the next version, without the ended reservations that are past
    /// their time.
    pub(crate) fn step(&self, now: Timestamp) -> Change {
        self.check();
        let mut after = self.clone();
        after.version = self.version.checked_add(1).expect("2^64 commits outlast any event");

        for id in self.forgettable(now) {
            after.reservations.remove(&id);
        }
        Change { after }
    }

    /// The ended reservations that are past their time, and the oldest of those that weigh too
    /// much. Their versions say in which order they ended, and no clock.
    fn forgettable(&self, now: Timestamp) -> Vec<ReservationId> {
        let mut ended: Vec<_> = self
            .reservations()
            .filter_map(|one| Some((one.version, one.ended_at()?, bytes_of(one), one.id)))
            .collect();
        ended.sort_unstable();
        let mut weight: usize = ended.iter().map(|(_, _, bytes, _)| bytes).sum();
        let beyond_latest = ended.len().saturating_sub(ENDED_KEPT_MIN);
        let mut forgettable = Vec::new();
        for (position, (_, at, bytes, id)) in ended.into_iter().enumerate() {
            let is_too_much = position < beyond_latest && weight > ENDED_BYTES_MAX;
            let is_old = now.duration_since(at) > ENDED_KEPT;
            if is_too_much || is_old {
                weight = weight.saturating_sub(bytes);
                forgettable.push(id);
            }
        }
        forgettable
    }
}

fn bytes_of(reservation: &Reservation) -> usize {
    let ordered = if reservation.ordered.is_some() { ORDERED_BYTES } else { 0 };
    let is_hold = reservation.hold.is_some();
    bytes(&reservation.partner, reservation.reference.as_ref(), is_hold).saturating_add(ordered)
}

fn bytes(partner: &PartnerId, reference: Option<&PartnerReference>, is_hold: bool) -> usize {
    let reference = reference.map_or(0, |reference| reference.as_str().len());
    let hold = if is_hold { HOLD_BYTES } else { 0 };
    let texts = partner.as_str().len().saturating_add(reference);
    RESERVATION_BYTES.saturating_add(hold).saturating_add(texts)
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    #[test]
    fn a_pool_that_does_not_add_up_is_never_written() {
        let now = Timestamp::UNIX_EPOCH;
        for (capacity, available) in [(10, 9), (10, 11)] {
            let none = BTreeMap::new();
            let index = PoolIndex::new(0);
            let pool = Pool::from_stored(index, 1, capacity, available, 0, none, false);
            assert!(catch_unwind(|| pool.step(now)).is_err(), "{available} of {capacity}");
        }
    }
}
