//! The holds of a pool: seats that are a partner's for a while. Once their time is over they are
//! free, at that instant: whoever decides on a pool, or reads it, settles it first, and the next
//! commit stores what time has done.

use std::borrow::Cow;

use jiff::Timestamp;

use super::Pool;
use crate::hold::HoldState;
use crate::order::Order;
use crate::reservation::Reservation;
use crate::text::PartnerId;

/// So many seats of one pool may be held for one partner: half of a usual pool. A pool is written
/// by one commit at a time, so this is exact; and no partner can hold more than so many for each
/// pool of an event, some half of it.
const HELD_MAX: u32 = 25;

impl Pool {
    /// The pool as it stands by now: the holds whose time is over have given their seats back.
    pub fn settled(&self, now: Timestamp) -> Cow<'_, Self> {
        if !self.has_lapsed(now) {
            return Cow::Borrowed(self);
        }
        let mut settled = self.clone();
        for one in self.reservations().filter(|one| has_lapsed(one, now)) {
            let seats = one.seats.get();
            settled.available = settled.available.saturating_add(seats);
            settled.returned = settled.returned.saturating_add(seats.into());
            let expired = one.with_hold(HoldState::Expired);
            settled.reservations.insert(one.id, expired);
        }
        Cow::Owned(settled)
    }

    /// Whether it holds seats whose time is over.
    pub fn has_lapsed(&self, now: Timestamp) -> bool {
        self.reservations().any(|one| has_lapsed(one, now))
    }

    /// The seats that are held, if it was settled just now.
    pub fn held(&self) -> u32 {
        self.held_where(|_| true)
    }

    /// Whether the order may take its seats here, as far as others of its partner are held here.
    pub fn may_hold(&self, order: &Order) -> bool {
        order.hold.is_none() || self.may_hold_more(&order.partner, order.seats.get())
    }

    /// Whether so many more seats may be held for the partner here.
    pub(crate) fn may_hold_more(&self, partner: &PartnerId, seats: u32) -> bool {
        self.held_where(|one| one == partner).saturating_add(seats) <= HELD_MAX
    }

    fn held_where(&self, is_meant: impl Fn(&PartnerId) -> bool) -> u32 {
        let held = self.reservations().filter(|one| one.held_until().is_some());
        held.filter(|one| is_meant(&one.partner)).map(|one| one.seats.get()).sum()
    }
}

fn has_lapsed(one: &Reservation, now: Timestamp) -> bool {
    one.held_until().is_some_and(|until| until <= now)
}
