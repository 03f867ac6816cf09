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

impl Pool {
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
        if let Some(standing) = self.find(id) {
            return if standing.is_of(order) {
                Ok(Decision::Standing(standing.clone()))
            } else {
                Err(Refusal::IdempotencyKeyReused)
            };
        }

        let requested = order.seats.get();
        let available = self.available().saturating_add(received);
        if available < requested {
            return Err(Refusal::NotEnoughSeats { requested, available });
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
        let reservation = Reservation {
            version: change.after().version(),
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
        change.give(seats);
        change
    }

    /// The reservation, if the caller may see it.
    pub fn reservation(&self, id: &ReservationId, caller: &Caller) -> Option<&Reservation> {
        self.find(id).filter(|reservation| caller.may_act_for(&reservation.partner))
    }
}
