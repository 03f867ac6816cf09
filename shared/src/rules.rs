//! The rules: what may become of a pool.
//!
//! They are pure. Each takes the pool as it stands, and the time, and gives the change that a
//! commit would write, or the refusal.

use jiff::Timestamp;

use crate::access::Caller;
use crate::mark::RequestMark;
use crate::order::Order;
use crate::pool::{Change, Pool};
use crate::refusal::Refusal;
use crate::reservation::{Cancellation, Reservation, ReservationId};

/// What a rule decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// The request's work is done already: an earlier try did it.
    Standing(Reservation),
    /// These pools must change, all or none; then the reservation is as given.
    Commit(Vec<Change>, Reservation),
}

/// What an order finds that an earlier try has done.
///
/// # Errors
///
/// [`Refusal::IdempotencyKeyReused`] if that was another order.
pub(crate) fn replay(standing: &Reservation, order: &Order) -> Result<Decision, Refusal> {
    if standing.is_of(order) {
        Ok(Decision::Standing(standing.clone()))
    } else {
        Err(Refusal::IdempotencyKeyReused)
    }
}

impl Pool {
    /// Takes the order's seats for the reservation `id`, or finds that an earlier try has.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotEnoughSeats`], of this pool alone, which may have seats but no room, or not
    /// all that an earlier try can have done; and [`Refusal::IdempotencyKeyReused`].
    pub fn reserve(
        &self,
        id: &ReservationId,
        order: &Order,
        now: Timestamp,
    ) -> Result<Decision, Refusal> {
        if let Some(standing) = self.find(id) {
            return replay(standing, order);
        }
        let taken = if self.is_overflowed() { None } else { self.take(0, id, order, now) };
        let (change, reservation) = taken.ok_or_else(|| Refusal::NotEnoughSeats {
            requested: order.seats.get(),
            available: self.available(),
        })?;
        Ok(Decision::Commit(vec![change], reservation))
    }

    /// Takes the order's seats for a new reservation, after `received` free seats have come from
    /// other pools. `None` if there are too few, or no room.
    pub fn take(
        &self,
        received: u32,
        id: &ReservationId,
        order: &Order,
        now: Timestamp,
    ) -> Option<(Change, Reservation)> {
        let available = self.available().saturating_add(received);
        if available < order.seats.get() || !self.has_room_for(order) {
            return None;
        }
        let mut change = self.step(now);
        change.receive(received);
        let reservation = Reservation {
            id: *id,
            partner: order.partner.clone(),
            seats: order.seats,
            reference: order.reference.clone(),
            created_at: now,
            version: change.after().version(),
            cancelled: None,
        };
        change.write(reservation.clone());
        Some((change, reservation))
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
        let reservation = Reservation {
            version: change.after().version(),
            cancelled: Some(Cancellation { at: now, by }),
            ..standing.clone()
        };
        change.write(reservation.clone());
        Ok(Decision::Commit(vec![change], reservation))
    }

    /// Checks that the caller's reservation, if it stands, is of a version that the caller means.
    ///
    /// # Errors
    ///
    /// [`Refusal::ReservationChanged`].
    pub fn expect(
        &self,
        id: &ReservationId,
        caller: &Caller,
        is_meant: impl Fn(u64) -> bool,
    ) -> Result<(), Refusal> {
        let standing = self.reservation(id, caller).filter(|standing| standing.is_live());
        if standing.is_none_or(|standing| is_meant(standing.version)) {
            Ok(())
        } else {
            Err(Refusal::ReservationChanged)
        }
    }

    /// Gives `seats` of its free seats away, to a pool that receives them in the same commit.
    ///
    /// # Panics
    ///
    /// If it has not so many.
    pub fn give(&self, seats: u32, now: Timestamp) -> Change {
        let mut change = self.step(now);
        change.give(seats);
        change
    }

    /// Finds `seats` free seats that no pool had: a repair's, after a backup that lost them.
    pub(crate) fn find_lost(&self, seats: u32, now: Timestamp) -> Change {
        let mut change = self.step(now);
        change.receive(seats);
        change
    }

    /// Lets an order of this pool stand in another, to which it gives `seats` of its free ones.
    ///
    /// # Panics
    ///
    /// If it has not so many.
    pub(crate) fn overflow(&self, seats: u32, now: Timestamp) -> Change {
        let mut change = self.give(seats, now);
        change.overflow();
        change
    }

    /// The reservation, if the caller may see it.
    pub fn reservation(&self, id: &ReservationId, caller: &Caller) -> Option<&Reservation> {
        self.find(id).filter(|reservation| caller.may_act_for(&reservation.partner))
    }
}
