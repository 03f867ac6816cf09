//! The rules: what may become of a pool.
//!
//! They are pure. Each takes the pool as it stands, and the time, and gives the change that a
//! commit would write, or the refusal.

use jiff::Timestamp;

use crate::access::Caller;
use crate::hold::{self, Hold, HoldState, HoldTime};
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
    /// all that an earlier try can have done; [`Refusal::TooManyHeld`], of this pool, too; those of
    /// [`Terms::admit`]; and [`Refusal::IdempotencyKeyReused`].
    ///
    /// [`Terms::admit`]: crate::terms::Terms::admit
    pub fn reserve(
        &self,
        id: &ReservationId,
        order: &Order,
        now: Timestamp,
    ) -> Result<Decision, Refusal> {
        let pool = self.settled(now);
        if let Some(standing) = pool.find(id) {
            return replay(standing, order);
        }
        // What an earlier try did may stand in another pool: that comes first.
        if !pool.is_overflowed() {
            pool.terms().admit(order.seats.get(), now)?;
        }
        if !pool.may_hold(order) {
            return Err(Refusal::TooManyHeld);
        }
        let taken = if pool.is_overflowed() { None } else { pool.take(0, id, order, now) };
        let (change, reservation) = taken.ok_or_else(|| Refusal::NotEnoughSeats {
            requested: order.seats.get(),
            available: pool.available(),
        })?;
        Ok(Decision::Commit(vec![change], reservation))
    }

    /// Takes the order's seats for a new reservation, after `received` free seats have come from
    /// other pools. `None` if there are too few, no room, or too many held. It is settled already.
    pub fn take(
        &self,
        received: u32,
        id: &ReservationId,
        order: &Order,
        now: Timestamp,
    ) -> Option<(Change, Reservation)> {
        let available = self.available().saturating_add(received);
        let is_welcome = self.has_room_for(order) && self.may_hold(order);
        if available < order.seats.get() || !is_welcome {
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
            ordered: None,
            hold: order.hold.map(|time| Hold {
                time,
                until: time.after(now),
                state: HoldState::Held,
            }),
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
    /// [`Refusal::ReservationNotFound`], also where it is another partner's or has ended already.
    pub fn cancel(
        &self,
        id: &ReservationId,
        caller: &Caller,
        by: RequestMark,
        now: Timestamp,
    ) -> Result<Decision, Refusal> {
        let pool = self.settled(now);
        let standing = pool.reservation(id, caller).ok_or(Refusal::ReservationNotFound)?;
        if let Some(cancellation) = standing.cancelled {
            return if cancellation.by == by {
                Ok(Decision::Standing(standing.clone()))
            } else {
                Err(Refusal::ReservationNotFound)
            };
        }
        if !standing.is_live() {
            return Err(Refusal::ReservationNotFound);
        }

        let mut change = pool.step(now);
        let reservation = Reservation {
            version: change.after().version(),
            cancelled: Some(Cancellation { at: now, by }),
            ..standing.clone()
        };
        change.write(reservation.clone());
        Ok(Decision::Commit(vec![change], reservation))
    }

    /// Gives back the seats of all live reservations, in one step. `None` if there is none.
    pub fn cancel_all(&self, by: RequestMark, now: Timestamp) -> Option<Change> {
        let pool = self.settled(now);
        let mut change = pool.step(now);
        let version = change.after().version();
        let mut live = pool.reservations().filter(|one| one.is_live()).peekable();
        live.peek()?;
        for one in live {
            let cancelled = Some(Cancellation { at: now, by });
            change.write(Reservation { version, cancelled, ..one.clone() });
        }
        Some(change)
    }

    /// Buys the seats that are held for the caller.
    ///
    /// # Errors
    ///
    /// [`Refusal::HoldExpired`] from the moment on until which they were held, and
    /// [`Refusal::ReservationNotFound`].
    pub fn confirm(
        &self,
        id: &ReservationId,
        caller: &Caller,
        now: Timestamp,
    ) -> Result<Decision, Refusal> {
        let pool = self.settled(now);
        let standing = pool.held_for(id, caller)?;
        if standing.held_until().is_none() {
            return Ok(Decision::Standing(standing.clone()));
        }
        let confirmed = standing.with_hold(HoldState::Confirmed);
        Ok(pool.restate(confirmed, now))
    }

    /// Holds the seats that are held for the caller for so long from now on, unless they are held
    /// longer already.
    ///
    /// # Errors
    ///
    /// [`Refusal::HoldLimitReached`], [`Refusal::NotHeld`] once it is confirmed; and those of
    /// [`Pool::confirm`].
    pub fn extend(
        &self,
        id: &ReservationId,
        caller: &Caller,
        time: HoldTime,
        now: Timestamp,
    ) -> Result<Decision, Refusal> {
        let pool = self.settled(now);
        let standing = pool.held_for(id, caller)?;
        let (Some(hold), Some(held_until)) = (standing.hold, standing.held_until()) else {
            return Err(Refusal::NotHeld);
        };
        let (until, latest) = (time.after(now), hold::latest(standing.created_at));
        if until > latest {
            return Err(Refusal::HoldLimitReached { latest });
        }
        if until <= held_until {
            return Ok(Decision::Standing(standing.clone()));
        }
        let extended = Reservation { hold: Some(Hold { until, ..hold }), ..standing.clone() };
        Ok(pool.restate(extended, now))
    }

    /// The caller's reservation, held or confirmed, of a pool that is settled.
    pub(crate) fn held_for(
        &self,
        id: &ReservationId,
        caller: &Caller,
    ) -> Result<&Reservation, Refusal> {
        let standing = self.reservation(id, caller).ok_or(Refusal::ReservationNotFound)?;
        match (standing.is_live(), standing.cancelled) {
            (true, _) => Ok(standing),
            (false, Some(_)) => Err(Refusal::ReservationNotFound),
            (false, None) => Err(Refusal::HoldExpired),
        }
    }

    /// The reservation stands on like this.
    pub(crate) fn restate(&self, reservation: Reservation, now: Timestamp) -> Decision {
        let mut change = self.step(now);
        let version = change.after().version();
        let reservation = Reservation { version, ..reservation };
        change.replace(reservation.clone());
        Decision::Commit(vec![change], reservation)
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
