//! A view: the pools that a decision is made on, and how an order is met from it.
//!
//! Most orders see one pool, the one their reservation's id names. When it has too few free seats
//! the view widens to all pools, and free seats *gather* in that one: reservations never move and
//! never span pools, free seats do.

use std::cmp::Reverse;

use jiff::Timestamp;

use crate::event::PoolIndex;
use crate::order::Order;
use crate::pool::{Change, Pool};
use crate::refusal::Refusal;
use crate::reservation::ReservationId;
use crate::rules::Decision;

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
        let (received, gifts) = gifts(others, missing, id, now)
            .ok_or_else(|| Refusal::NotEnoughSeats { requested, available: self.available() })?;
        match self.home.reserve_with(received, id, order, now)? {
            Decision::Commit(mut changes, reservation) => {
                changes.extend(gifts);
                Ok(Decision::Commit(changes, reservation))
            }
            standing @ Decision::Standing(_) => Ok(standing),
        }
    }

    /// The free seats in view.
    pub fn available(&self) -> u32 {
        self.pools().map(Pool::available).fold(0, u32::saturating_add)
    }

    /// All pools in view.
    pub(crate) fn pools(&self) -> impl Iterator<Item = &Pool> {
        std::iter::once(&self.home).chain(self.others.iter().flatten())
    }
}

/// The fewest gifts that make up what is missing, and the seats in them; or `None` if all others
/// have too few.
///
/// Many gather at once when an event is nearly sold out. Each starts looking for its donors at
/// another pool, which its id chooses, so that they do not all meet at the same. A donor that is
/// enough alone shares what it has left, so that the next order here need not gather again.
fn gifts(
    others: &[Pool],
    missing: u32,
    id: &ReservationId,
    now: Timestamp,
) -> Option<(u32, Vec<Change>)> {
    let (before, from) = others.split_at(id.start_among(others.len()));
    let mut donors: Vec<_> =
        from.iter().chain(before).filter(|pool| pool.available() > 0).collect();
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
