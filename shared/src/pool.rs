//! A pool: a block of an event's seats that is sold by one writer at a time, and its rules.
//!
//! The rules are pure. Each takes the pool as it stands, and the time, and gives the change that
//! a commit would write. Free seats and the reservations that took the others live in one stored
//! item, so that `available + seats of live reservations = capacity` holds before and after every
//! write, whoever dies in between.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::access::Caller;
use crate::event::PoolIndex;
use crate::order::Order;
use crate::refusal::Refusal;
use crate::reservation::{Cancellation, RequestMark, Reservation, ReservationId};

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

/// What a rule decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// The request's work is done already: an earlier try did it.
    Standing(Reservation),
    /// These pools must change, all or none; then the reservation is as given.
    Commit(Vec<Change>, Reservation),
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

    /// Takes the order's seats for the reservation `id`, or finds that an earlier try has.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotEnoughSeats`], of this pool alone, and [`Refusal::IdempotencyKeyReused`].
    pub fn reserve(
        &self,
        id: &ReservationId,
        order: &Order,
        now: Timestamp,
    ) -> Result<Decision, Refusal> {
        self.reserve_with(0, id, order, now)
    }

    /// As [`Pool::reserve`], after `received` free seats have come from other pools.
    ///
    /// # Errors
    ///
    /// As [`Pool::reserve`].
    pub fn reserve_with(
        &self,
        received: u32,
        id: &ReservationId,
        order: &Order,
        now: Timestamp,
    ) -> Result<Decision, Refusal> {
        if let Some(standing) = self.reservations.get(id) {
            return if order.made(standing) {
                Ok(Decision::Standing(standing.clone()))
            } else {
                Err(Refusal::IdempotencyKeyReused)
            };
        }

        let requested = order.seats.get();
        let free = self.available.saturating_add(received);
        let Some(available) = free.checked_sub(requested) else {
            return Err(Refusal::NotEnoughSeats { requested, available: free });
        };

        let mut change = self.step(now);
        change.after.capacity = self.capacity.saturating_add(received);
        change.after.available = available;
        let reservation = Reservation {
            id: *id,
            partner: order.partner.clone(),
            seats: order.seats,
            reference: order.reference.clone(),
            created_at: now,
            version: change.after.version,
            cancelled: None,
        };
        change.write(reservation.clone());
        Ok(Decision::Commit(vec![change], reservation))
    }

    /// Gives the seats of the caller's reservation back; `by` marks the request, so that its
    /// retry finds its own work and another's second try does not.
    ///
    /// # Errors
    ///
    /// [`Refusal::ReservationNotFound`], also where it is another partner's or cancelled already.
    pub fn cancel(
        &self,
        id: &ReservationId,
        caller: &Caller,
        by: RequestMark,
        now: Timestamp,
    ) -> Result<Decision, Refusal> {
        let standing = self.reservation(id, caller).ok_or(Refusal::ReservationNotFound)?;
        if let Some(cancellation) = standing.cancelled {
            return if cancellation.by == by {
                Ok(Decision::Standing(standing.clone()))
            } else {
                Err(Refusal::ReservationNotFound)
            };
        }

        let mut change = self.step(now);
        change.after.available = self.available.saturating_add(standing.seats.get());
        let reservation = Reservation {
            version: change.after.version,
            cancelled: Some(Cancellation { at: now, by }),
            ..standing.clone()
        };
        change.write(reservation.clone());
        Ok(Decision::Commit(vec![change], reservation))
    }

    /// Gives `seats` of its free seats away, to a pool that receives them in the same commit.
    ///
    /// # Panics
    ///
    /// If it has not so many.
    pub fn give(&self, seats: u32, now: Timestamp) -> Change {
        let mut change = self.step(now);
        change.after.available =
            self.available.checked_sub(seats).expect("a donor gives only free seats");
        change.after.capacity =
            self.capacity.checked_sub(seats).expect("free seats are part of the capacity");
        change.after.check();
        change
    }

    /// The reservation, if the caller may see it.
    pub fn reservation(&self, id: &ReservationId, caller: &Caller) -> Option<&Reservation> {
        self.reservations.get(id).filter(|reservation| caller.may_act_for(&reservation.partner))
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
    fn step(&self, now: Timestamp) -> Change {
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

    fn write(&mut self, reservation: Reservation) {
        self.written = Some(reservation.id);
        self.after.reservations.insert(reservation.id, reservation);
        self.after.check();
    }
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
            let pool = Pool::from_stored(PoolIndex::new(0), 1, capacity, available, none);
            assert!(catch_unwind(|| pool.give(1, now)).is_err(), "{available} of {capacity}");
        }
    }
}
