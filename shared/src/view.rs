//! A view: the pools that a decision is made on, and how an order is met from it.
//!
//! Most orders see one pool, the one their reservation's id names. When it has too few free seats
//! the view widens to all pools, and free seats *gather* in that one: reservations never move and
//! never span pools, free seats do.

use std::cmp::Reverse;

use jiff::Timestamp;

use crate::event::PoolIndex;
use crate::order::{Order, SeatCount};
use crate::pool::{Change, Decision, ENDED_KEPT_MAX, Pool};
use crate::refusal::Refusal;
use crate::reservation::{Reservation, ReservationId};

/// The home pool of a request as it was read, alone or with all others of its event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    home: Pool,
    others: Option<Vec<Pool>>,
}

impl View {
    /// A view of the home pool alone.
    pub fn of_home(home: Pool) -> Self {
        Self { home, others: None }
    }

    /// A view of all pools of an event, by index. `None` if the home pool is not among them.
    pub fn of_all(mut pools: Vec<Pool>, home: PoolIndex) -> Option<Self> {
        let position = pools.iter().position(|pool| pool.index() == home)?;
        Some(Self { home: pools.remove(position), others: Some(pools) })
    }

    /// The pool that holds, or would hold, the request's reservation.
    pub fn home(&self) -> &Pool {
        &self.home
    }

    /// Whether all pools of the event are in view.
    pub fn is_whole(&self) -> bool {
        self.others.is_some()
    }

    /// Takes the order's seats from the home pool, gathering what it lacks from the others.
    ///
    /// As few others as can give: one where one has enough, else the fullest first; at most 10,
    /// one seat each, when the home pool has none.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotEnoughSeats`], of all that is in view, and [`Refusal::IdempotencyKeyReused`].
    pub fn reserve(
        &self,
        id: &ReservationId,
        order: &Order,
        now: Timestamp,
    ) -> Result<Decision, Refusal> {
        let (Err(Refusal::NotEnoughSeats { requested, available }), Some(others)) =
            (self.home.reserve(id, order, now), &self.others)
        else {
            return self.home.reserve(id, order, now);
        };

        let missing = requested.saturating_sub(available);
        let gifts = gifts(others, missing, id, now)
            .ok_or_else(|| Refusal::NotEnoughSeats { requested, available: self.available() })?;
        match self.home.reserve_with(missing, id, order, now)? {
            Decision::Commit(mut changes, reservation) => {
                changes.extend(gifts);
                Ok(Decision::Commit(changes, reservation))
            }
            standing @ Decision::Standing(_) => Ok(standing),
        }
    }

    /// A pool with so many free seats, which the bits choose, if there is one.
    pub(crate) fn pick_with(&self, seats: SeatCount, bits: [u8; 32]) -> Option<PoolIndex> {
        let enough: Vec<_> = self.pools().filter(|pool| pool.available() >= seats.get()).collect();
        let choice = usize::from(u16::from_be_bytes([bits[30], bits[31]]));
        Some(enough.get(choice.checked_rem(enough.len())?)?.index())
    }

    /// The free seats in view.
    pub fn available(&self) -> u32 {
        self.pools().map(Pool::available).fold(0, u32::saturating_add)
    }

    /// The most seats that can have been free at the moment between this view and a later one,
    /// or `None` if the two do not tell.
    ///
    /// A view of several pools is not of one moment: while it was read, seats may have come free
    /// in a pool that was read before, and been sold in one that was read after. The free seats
    /// of a pool only grow by cancellations, and these are seen in the later view. So a sum that
    /// is too small here, with all that was cancelled since added to it, was too small at that
    /// moment: a refusal which rests on it is true.
    pub fn available_at_most(&self, later: &Self) -> Option<u32> {
        let (true, true) = (self.is_whole(), later.is_whole()) else { return None };
        self.pools().try_fold(0_u32, |sum, before| {
            let after = later.pools().find(|pool| pool.index() == before.index())?;
            let freed = freed_between(before, after)?;
            sum.checked_add(before.available())?.checked_add(freed)
        })
    }

    fn pools(&self) -> impl Iterator<Item = &Pool> {
        std::iter::once(&self.home).chain(self.others.iter().flatten())
    }
}

/// The fewest gifts that make up what is missing, or `None` if all others have too few.
///
/// Many gather at once when an event is nearly sold out. Each starts looking for its donors at
/// another pool, which its id chooses, so that they do not all meet at the same.
fn gifts(others: &[Pool], missing: u32, id: &ReservationId, now: Timestamp) -> Option<Vec<Change>> {
    let (before, from) = others.split_at(id.start_among(others.len()));
    let mut donors: Vec<_> =
        from.iter().chain(before).filter(|pool| pool.available() > 0).collect();
    donors.sort_by_key(|pool| Reverse(pool.available().min(missing)));

    let mut missing = missing;
    let mut gifts = Vec::new();
    for donor in donors {
        let seats = donor.available().min(missing);
        if seats == 0 {
            break;
        }
        gifts.push(donor.give(seats, now));
        missing = missing.saturating_sub(seats);
    }
    (missing == 0).then_some(gifts)
}

/// The seats of a pool that cancellations freed between two readings, or `None` if so much
/// happened between them that some may be forgotten.
fn freed_between(before: &Pool, after: &Pool) -> Option<u32> {
    let steps = after.version().checked_sub(before.version())?;
    if usize::try_from(steps).ok()? > ENDED_KEPT_MAX {
        return None;
    }
    let ended_before = |reservation: &&Reservation| {
        before.reservations().any(|earlier| earlier.id == reservation.id && !earlier.is_live())
    };
    let freed = after.reservations().filter(|reservation| !reservation.is_live());
    Some(freed.filter(|reservation| !ended_before(reservation)).map(|one| one.seats.get()).sum())
}
