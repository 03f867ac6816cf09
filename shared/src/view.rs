//! A view: the pools that a decision is made on, and how an order is met from it.
//!
//! Most orders see one pool, the one their reservation's id names. When it has too few free seats
//! the view widens to others, and free seats *gather* in that one: reservations never move and
//! never span pools, free seats do.

use std::borrow::Cow;
use std::cmp::Reverse;

use jiff::Timestamp;

use crate::access::Caller;
use crate::event::PoolIndex;
use crate::order::{Amendment, Order};
use crate::pool::{Change, Pool};
use crate::refusal::Refusal;
use crate::reservation::{Reservation, ReservationId};
use crate::rules::{self, Decision};

/// The home pool of a request as it was read, alone or with others of its event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    home: Pool,
    others: Option<Vec<Pool>>,
    /// Whether the home pool stood still from before the others were read until it was read itself.
    is_steady: bool,
}

impl View {
    /// A view of the home pool alone.
    pub fn of_home(home: Pool) -> Self {
        Self { home, others: None, is_steady: false }
    }

    /// A view of some pools, each as it stood when it was read. `None` if the home pool is not
    /// among them.
    pub fn of(mut pools: Vec<Pool>, home: PoolIndex) -> Option<Self> {
        let position = pools.iter().position(|pool| pool.index() == home)?;
        Some(Self { home: pools.remove(position), others: Some(pools), is_steady: false })
    }

    /// A view of all pools of an event as they stand at one moment. `None` if the home pool is not
    /// among them.
    pub fn of_all(pools: Vec<Pool>, home: PoolIndex) -> Option<Self> {
        Some(Self { is_steady: true, ..Self::of(pools, home)? })
    }

    /// This view of all pools, if they were read one by one, and all of them after `before`.
    pub fn after(self, before: &Self) -> Self {
        Self { is_steady: self.home.version() == before.home.version(), ..self }
    }

    /// The pool that holds, or would hold, the request's reservation.
    pub fn home(&self) -> &Pool {
        &self.home
    }

    /// The pools beside the home pool.
    pub(crate) fn others(&self) -> impl Iterator<Item = &Pool> {
        self.others.iter().flatten()
    }

    /// Whether it shows every reservation that an earlier try of the request can have made.
    pub fn is_conclusive(&self) -> bool {
        self.is_steady || !self.home.is_overflowed()
    }

    /// Takes the order's seats from the home pool, gathering what it lacks from the others.
    ///
    /// As few others as can give: one where one has enough, else the fullest first; at most 10,
    /// one seat each, when the home pool has none.
    ///
    /// A home pool that has no room for another reservation lets it stand in one that has. The
    /// home pool is changed in the same commit, and says from then on that it overflowed: so
    /// whatever is done for the orders of this pool, wherever it stands, is done on its version,
    /// and two tries of one order cannot both succeed.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotEnoughSeats`], of all that is in view, and those of [`Pool::reserve`].
    pub fn reserve(
        &self,
        id: &ReservationId,
        order: &Order,
        now: Timestamp,
    ) -> Result<Decision, Refusal> {
        let settled = self.settled(now);
        let Self { home, others, is_steady } = settled.as_ref();
        let alone = home.reserve(id, order, now);
        let (Err(Refusal::NotEnoughSeats { requested, .. }), Some(others)) = (&alone, others)
        else {
            return alone;
        };

        // The others may have been read after an overflow that this reading of the home pool does
        // not show yet: so whoever may overflow looks for it, too.
        let has_room = home.has_room_for(order);
        if home.is_overflowed() || !has_room {
            let elsewhere = |pool: &Pool| pool.find(&id.moved_to(pool.index())).cloned();
            if let Some(standing) = others.iter().find_map(elsewhere) {
                return rules::replay(&standing, order);
            }
            if !is_steady {
                return alone;
            }
        }
        settled.admit(order.seats.get(), now)?;
        let decided = if has_room {
            gather(home, others.iter().collect(), 0, id, order, now)
        } else {
            overflow(home, others, id, order, now)
        };
        let (requested, available) = (*requested, settled.available());
        decided.ok_or(Refusal::NotEnoughSeats { requested, available })
    }

    /// Gives the caller's reservation other seats, or another reference. What it lacks gathers from
    /// the others in view; what it has too many is free.
    ///
    /// If it is like that already, whatever version the caller has seen, its work is done.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotEnoughSeats`], of the seats that are to come, and those of [`Terms::admit`],
    /// if any are; [`Refusal::ReservationChanged`], [`Refusal::TooManyHeld`], [`Refusal::NoRoom`],
    /// and those of [`Pool::confirm`].
    ///
    /// [`Terms::admit`]: crate::terms::Terms::admit
    pub fn amend(
        &self,
        id: &ReservationId,
        caller: &Caller,
        amendment: &Amendment,
        is_meant: impl Fn(u64) -> bool,
        now: Timestamp,
    ) -> Result<Decision, Refusal> {
        let settled = self.settled(now);
        let home = &settled.home;
        let standing = home.held_for(id, caller)?;
        let amended = standing.amended(amendment);
        if amended == *standing {
            return Ok(Decision::Standing(amended));
        }
        if !is_meant(standing.version) {
            return Err(Refusal::ReservationChanged);
        }
        let more = amended.seats.get().saturating_sub(standing.seats.get());
        if more > 0 {
            settled.admit(amended.seats.get(), now)?;
        }
        if standing.held_until().is_some() && !home.may_hold_more(&standing.partner, more) {
            return Err(Refusal::TooManyHeld);
        }
        if !home.has_room_to_change(standing, &amended) {
            return Err(Refusal::NoRoom);
        }
        let missing = more.saturating_sub(home.available());
        let (received, gifts) =
            gifts(settled.others().collect(), missing, id, now).ok_or_else(|| {
                Refusal::NotEnoughSeats { requested: more, available: settled.available() }
            })?;
        let mut change = home.step(now);
        change.receive(received);
        let reservation = Reservation { version: change.after().version(), ..amended };
        change.replace(reservation.clone());
        Ok(Decision::Commit([change].into_iter().chain(gifts).collect(), reservation))
    }

    /// Checks that all pools in view let one order have so many seats: while a change of the terms
    /// is on its way, some know of it and some do not.
    fn admit(&self, seats: u32, now: Timestamp) -> Result<(), Refusal> {
        self.pools().try_for_each(|pool| pool.terms().admit(seats, now))
    }

    /// The view as it stands by now: the holds whose time is over have given their seats back.
    pub fn settled(&self, now: Timestamp) -> Cow<'_, Self> {
        if !self.pools().any(|pool| pool.has_lapsed(now)) {
            return Cow::Borrowed(self);
        }
        let settled = |pool: &Pool| pool.settled(now).into_owned();
        let others = self.others.as_ref().map(|all| all.iter().map(settled).collect());
        Cow::Owned(Self { home: settled(&self.home), others, is_steady: self.is_steady })
    }

    /// [`View::settled`], of a view that is needed no more.
    pub(crate) fn into_settled(self, now: Timestamp) -> Self {
        let settled = match self.settled(now) {
            Cow::Owned(settled) => Some(settled),
            Cow::Borrowed(_) => None,
        };
        settled.unwrap_or(self)
    }

    /// The free seats in view.
    pub fn available(&self) -> u32 {
        self.pools().map(Pool::available).fold(0, u32::saturating_add)
    }

    /// All pools in view.
    pub(crate) fn pools(&self) -> impl Iterator<Item = &Pool> {
        std::iter::once(&self.home).chain(self.others())
    }
}

/// Takes the order's seats in the pool with the most free seats that has room for it. The home
/// pool gives what it has of those that lack there.
fn overflow(
    home: &Pool,
    others: &[Pool],
    id: &ReservationId,
    order: &Order,
    now: Timestamp,
) -> Option<Decision> {
    let roomy = others.iter().filter(|pool| pool.has_room_for(order) && pool.may_hold(order));
    let host = roomy.max_by_key(|pool| (pool.available(), Reverse(pool.index())))?;
    let missing = order.seats.get().saturating_sub(host.available());
    let given = home.available().min(missing);
    let donors = others.iter().filter(|pool| pool.index() != host.index()).collect();
    let id = id.moved_to(host.index());
    match gather(host, donors, given, &id, order, now)? {
        Decision::Commit(mut changes, reservation) => {
            changes.push(home.overflow(given, now));
            Some(Decision::Commit(changes, reservation))
        }
        standing @ Decision::Standing(_) => Some(standing),
    }
}

/// Takes the order's seats in `host`, which has `given` already promised, and gathers what lacks
/// from the donors. `None` if they have too few.
fn gather(
    host: &Pool,
    donors: Vec<&Pool>,
    given: u32,
    id: &ReservationId,
    order: &Order,
    now: Timestamp,
) -> Option<Decision> {
    let free = host.available().saturating_add(given);
    let missing = order.seats.get().saturating_sub(free);
    let (received, gifts) = gifts(donors, missing, id, now)?;
    let received = received.saturating_add(given);
    let (change, reservation) = host.take(received, id, order, now)?;
    let changes = [change].into_iter().chain(gifts).collect();
    Some(Decision::Commit(changes, reservation))
}

/// The fewest gifts that make up what is missing, and the seats in them; or `None` if all donors
/// have too few.
///
/// Many gather at once when an event is nearly sold out. Each starts looking for its donors at
/// another pool, which its id chooses, so that they do not all meet at the same. A donor that is
/// enough alone shares what it has left, so that the next order here need not gather again.
fn gifts(
    mut donors: Vec<&Pool>,
    missing: u32,
    id: &ReservationId,
    now: Timestamp,
) -> Option<(u32, Vec<Change>)> {
    if missing == 0 {
        return Some((0, Vec::new()));
    }
    let start = id.start_among(donors.len());
    donors.rotate_left(start);
    donors.retain(|pool| pool.available() > 0);
    donors.sort_by_key(|pool| Reverse(pool.available().min(missing)));

    let first = donors.first()?;
    if let Some(rest) = first.available().checked_sub(missing) {
        let seats = missing.saturating_add(rest / 2);
        return Some((seats, vec![first.give(seats, now)]));
    }
    let mut lacking = missing;
    let mut gifts = Vec::new();
    for donor in donors {
        let seats = donor.available().min(lacking);
        if seats == 0 {
            break;
        }
        gifts.push(donor.give(seats, now));
        lacking = lacking.saturating_sub(seats);
    }
    (lacking == 0).then_some((missing, gifts))
}
