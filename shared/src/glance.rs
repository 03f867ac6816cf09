//! A glance: what an instance knows of an event's pools, and what it may refuse by that.
//!
//! It remembers each pool as it saw it last: a hint where seats are, and the first half of a proof
//! that there are too few. A later view of all pools is the other half. Nothing is ever sold by a
//! glance.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;

use crate::event::{PoolCount, PoolIndex, TotalSeats};
use crate::order::SeatCount;
use crate::pool::{ENDED_KEPT_MIN, Pool};
use crate::refusal::Refusal;
use crate::reservation::ReservationId;
use crate::view::View;

/// How long what was seen of a pool can prove something: long before any ended reservation in it
/// is forgotten.
const PROVES: Duration = Duration::from_secs(3_600);

/// How old the proof may be that a refusal rests on.
const PROOF_AGE_MAX: Duration = Duration::from_secs(1);

/// An instance proves this many refusals by reading all pools; within a second of the first,
/// further refusals rest on the last proof. A person who orders by hand never meets that. A crowd
/// at a sold-out event does, and would otherwise read every pool of it thousands of times a
/// second.
const PROOFS_MAX: u32 = 8;

/// An event's pools, each as it was seen last, without its live reservations; and who was refused.
#[derive(Debug, Clone, Default)]
pub struct Glance {
    pools: BTreeMap<PoolIndex, Seen>,
    crowd: Option<Crowd>,
}

#[derive(Debug, Clone)]
struct Seen {
    at: Instant,
    version: u64,
    available: u32,
    taken: u32,
    ended: BTreeSet<ReservationId>,
}

/// Orders that were refused for want of seats, one after another.
#[derive(Debug, Clone)]
struct Crowd {
    since: Instant,
    proofs: u32,
    last: Shortage,
}

/// There was a moment at which so few seats were free.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shortage {
    /// Which moment.
    at: Instant,
    /// The most seats that can have been free then.
    at_most: u32,
    /// The free seats that were counted.
    available: u32,
}

impl Shortage {
    /// The refusal of an order for so many seats.
    pub(crate) fn refuse(&self, requested: u32) -> Refusal {
        Refusal::NotEnoughSeats { requested, available: self.available }
    }
}

impl Glance {
    /// Remembers a pool as it stands, unless it was seen at a later version.
    pub fn note(&mut self, pool: &Pool) {
        let known = self.pools.get(&pool.index());
        if known.is_none_or(|known| known.version <= pool.version()) {
            self.pools.insert(pool.index(), Seen::of(pool));
        }
    }

    /// The most seats of the event that can have been free at the moment before a later view
    /// began, or `None` if that cannot be told from the two.
    ///
    /// Neither the pools of a view nor those of a glance were read at one moment, and free seats
    /// may have moved meanwhile; but reservations never move. Those that are live in both were
    /// live at that moment, too, and took their seats. So all seats but theirs are a bound: a
    /// refusal which rests on it is true.
    pub fn available_at_most(&self, total: TotalSeats, later: &View) -> Option<u32> {
        if !later.is_whole() {
            return None;
        }
        later.pools().try_fold(total.get(), |free, after| {
            let before = self.pools.get(&after.index())?;
            let kept = before.taken.saturating_sub(freed_between(before, after)?);
            Some(free.saturating_sub(kept))
        })
    }

    /// The proof that fewer than `requested` seats were free when `later` began to be read, at that
    /// moment; or `None` if this glance and that view leave a doubt.
    pub(crate) fn shortage(
        &self,
        total: TotalSeats,
        later: &View,
        at: Instant,
        requested: u32,
    ) -> Option<Shortage> {
        let at_most = self.available_at_most(total, later)?;
        let available = later.available().min(at_most);
        (at_most < requested).then_some(Shortage { at, at_most, available })
    }

    /// Remembers that a view of all pools has proved a refusal.
    pub(crate) fn remember(&mut self, shortage: Shortage) {
        let crowd = self.crowd.take().filter(|crowd| crowd.since.elapsed() < PROOF_AGE_MAX);
        let mut crowd = crowd.unwrap_or(Crowd { since: Instant::now(), proofs: 0, last: shortage });
        crowd.proofs = crowd.proofs.saturating_add(1);
        crowd.last = shortage;
        self.crowd = Some(crowd);
    }

    /// The last proof, if the order comes in a crowd and that proof holds for it, too.
    pub(crate) fn shortage_in_crowd(&self, requested: u32) -> Option<Shortage> {
        let Crowd { since, proofs, last } = self.crowd.as_ref()?;
        let is_crowd = *proofs >= PROOFS_MAX && since.elapsed() < PROOF_AGE_MAX;
        let holds = last.at_most < requested && last.at.elapsed() < PROOF_AGE_MAX;
        (is_crowd && holds).then_some(*last)
    }

    /// A pool that may have this many free seats; a pool that was never seen may. Of two that 32
    /// random bytes choose it is the one with more free seats, so that all pools fill up about
    /// evenly. `None` if no pool had enough.
    pub fn pick_with(
        &self,
        seats: SeatCount,
        pools: PoolCount,
        bits: [u8; 32],
    ) -> Option<PoolIndex> {
        let available = |index| self.pools.get(&index).map_or(u32::MAX, |seen| seen.available);
        let enough: Vec<_> =
            pools.indices().filter(|index| available(*index) >= seats.get()).collect();
        let choose = |first, second| {
            let choice = usize::from(u16::from_be_bytes([first, second]));
            enough.get(choice.checked_rem(enough.len())?).copied()
        };
        let (one, other) = (choose(bits[28], bits[29])?, choose(bits[30], bits[31])?);
        Some(if available(other) > available(one) { other } else { one })
    }
}

impl Seen {
    fn of(pool: &Pool) -> Self {
        let ended = pool.reservations().filter(|reservation| !reservation.is_live());
        Self {
            at: Instant::now(),
            version: pool.version(),
            available: if pool.is_overflowed() { 0 } else { pool.available() },
            taken: pool.capacity().saturating_sub(pool.available()),
            ended: ended.map(|reservation| reservation.id).collect(),
        }
    }
}

/// The seats of a pool that cancellations freed between two readings, or `None` if so much
/// happened between them that some may be forgotten.
fn freed_between(before: &Seen, after: &Pool) -> Option<u32> {
    let steps = after.version().checked_sub(before.version)?;
    if usize::try_from(steps).ok()? > ENDED_KEPT_MIN || before.at.elapsed() > PROVES {
        return None;
    }
    let freed = after
        .reservations()
        .filter(|reservation| !reservation.is_live() && !before.ended.contains(&reservation.id));
    Some(freed.map(|reservation| reservation.seats.get()).sum())
}
