//! The board: what all instances know together of an event's pools, and what each remembers of it.
//!
//! A refusal rests on it, a summary is made of it, orders are steered by it; nothing is ever sold
//! by it.

mod memory;

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

pub use self::memory::Memory;
use crate::event::TotalSeats;
use crate::pool::Pool;
use crate::refusal::Refusal;

/// How old what a refusal or a summary rests on may be.
const AGE_MAX: Duration = Duration::from_secs(1);

/// What one reading of all pools counted. The pools were read one by one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Census {
    /// The seats that were ever sold.
    pub sold: u64,
    /// The seats that ever came back.
    pub returned: u64,
    /// The live reservations.
    pub reservations: u64,
    /// The sum of the pools' versions.
    pub version: u64,
    /// The seats that are held.
    pub held: u64,
    /// The latest change of the event's terms that any pool has seen.
    pub revision: u64,
    /// The free seats of each pool that can be sold there; 255 stands for all beyond.
    pub free: Vec<u8>,
}

/// The board as it is stored. One that was never written has no rounds.
///
/// How old its census is, it tells without clocks. All pools are read in rounds. Whoever wants to
/// read them begins the next round first: it counts `begun` up, on condition that nobody else has.
/// Then it reads, and then it writes the census of this round, on condition that no later one was
/// begun. So whoever saw a board at some moment, with so many rounds begun, and later sees the
/// census of a round beyond those, knows that it was read after that moment: its round was begun
/// after it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Board {
    /// How many rounds were begun.
    pub begun: u64,
    /// The round that its census is of; 0 if there is none yet.
    pub round: u64,
    /// What that round counted.
    pub census: Census,
}

/// A moment at which a board was seen, and what was known then.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sighting {
    /// No later than the moment, by this instance's own clock.
    pub(crate) at: Instant,
    /// No fewer than the rounds that were begun then.
    pub(crate) begun: u64,
    /// No more than the seats that were sold then.
    pub(crate) sold: u64,
}

/// There was a moment at which so few seats were free.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shortage {
    /// No later than that moment.
    pub(crate) at: Instant,
    /// The most seats that can have been free then.
    at_most: u64,
    /// The free seats that were counted after it.
    available: u64,
}

impl Census {
    /// Of all pools, by index, as they are settled by now.
    pub fn of<'a>(pools: impl IntoIterator<Item = &'a Pool>, now: Timestamp) -> Self {
        let mut census = Self::default();
        for pool in pools {
            let pool = &*pool.settled(now);
            let live = pool.reservations().filter(|one| one.is_live()).map(|_| 1_u64);
            census.sold = census.sold.saturating_add(pool.sold());
            census.returned = census.returned.saturating_add(pool.returned());
            census.reservations = census.reservations.saturating_add(live.sum());
            census.version = census.version.saturating_add(pool.version());
            census.held = census.held.saturating_add(pool.held().into());
            census.revision = census.revision.max(pool.revision());
            census.free.push(u8::try_from(sellable(pool)).unwrap_or(u8::MAX));
        }
        census
    }

    /// The most seats that can have been free at a moment before this reading began, if so many
    /// were sold by then.
    ///
    /// What a pool ever sold, and what ever came back to it, only grows, and seats that move
    /// between pools change neither. At any moment, an event's free seats are its seats, less what
    /// was sold by then, plus what had come back by then. A reading from before the moment counts
    /// no more sold, one from after it counts no fewer come back. So this is no less than what was
    /// free, though no pool was read at that moment. If it is too few, a refusal is true.
    pub fn free_at_most(&self, total: TotalSeats, sold_before: u64) -> u64 {
        u64::from(total.get()).saturating_add(self.returned).saturating_sub(sold_before)
    }

    /// The seats that were taken where each pool was read.
    pub(crate) fn taken(&self) -> u64 {
        self.sold.saturating_sub(self.returned)
    }
}

impl Board {
    /// Whether somebody reads the pools, or died while reading them.
    pub fn is_busy(&self) -> bool {
        self.begun > self.round
    }

    /// The board once the next round is begun.
    pub fn with_next_round(&self) -> Self {
        Self { begun: self.begun.saturating_add(1), ..self.clone() }
    }

    /// The board once the round that was begun last has ended.
    pub fn with_census(self, census: Census) -> Self {
        Self { round: self.begun, census, ..self }
    }
}

impl Shortage {
    /// What a sighting and a census prove that was read after it.
    pub(crate) fn of(total: TotalSeats, before: &Sighting, after: &Census) -> Self {
        let at_most = after.free_at_most(total, before.sold);
        let available = u64::from(total.get()).saturating_sub(after.taken()).min(at_most);
        Self { at: before.at, at_most, available }
    }

    /// What the only pool of an event proves that has just been read.
    pub(crate) fn of_only(pool: &Pool, now: Timestamp) -> Self {
        let available = pool.settled(now).available().into();
        Self { at: Instant::now(), at_most: available, available }
    }

    /// Whether a refusal may still rest on it.
    pub(crate) fn is_young(&self) -> bool {
        self.at.elapsed() < AGE_MAX
    }

    /// Whether it is too few for so many.
    pub(crate) fn is_of(&self, requested: u32) -> bool {
        self.at_most < requested.into()
    }

    /// The refusal of an order for so many seats.
    pub(crate) fn refuse(&self, requested: u32) -> Refusal {
        let available = u32::try_from(self.available).unwrap_or(u32::MAX);
        Refusal::NotEnoughSeats { requested, available }
    }
}

/// The free seats of a pool that an order can take there.
fn sellable(pool: &Pool) -> u32 {
    if pool.is_overflowed() { 0 } else { pool.available() }
}
