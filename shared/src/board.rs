//! The board: what all instances know together of an event's pools, and what each remembers of it.
//!
//! A refusal rests on it, a summary is made of it, orders are steered by it; nothing is ever sold
//! by it.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::event::{PoolCount, PoolIndex, TotalSeats};
use crate::order::SeatCount;
use crate::pool::Pool;
use crate::refusal::Refusal;

/// How old what a refusal or a summary rests on may be.
const AGE_MAX: Duration = Duration::from_secs(1);

/// After so long an instance in a crowd looks at the board again: by the time that what it knows is
/// too old, the board has gone on.
const KNOWN_AGE_MAX: Duration = Duration::from_millis(500);

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

/// What an instance remembers of an event's board and pools.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    /// The free seats of each pool, as seen last; a pool beyond the last was never seen.
    free: Vec<u32>,
    /// The seats that each pool ever sold, as this instance saw it.
    sold: Vec<u64>,
    /// Of the last second, the oldest first.
    sightings: VecDeque<Sighting>,
    /// When this instance wanted to know of all pools, in the last second.
    wanted: VecDeque<Instant>,
    /// What was found out last, of all pools.
    looked: Option<(Sighting, Census)>,
}

impl Census {
    /// Of all pools, by index.
    pub fn of<'a>(pools: impl IntoIterator<Item = &'a Pool>) -> Self {
        let mut census = Self::default();
        for pool in pools {
            let live = pool.reservations().filter(|one| one.is_live()).map(|_| 1_u64);
            census.sold = census.sold.saturating_add(pool.sold());
            census.returned = census.returned.saturating_add(pool.returned());
            census.reservations = census.reservations.saturating_add(live.sum());
            census.version = census.version.saturating_add(pool.version());
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
    pub(crate) fn of_only(pool: &Pool) -> Self {
        let available = pool.available().into();
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

impl Memory {
    /// Remembers a pool's seats.
    pub fn note(&mut self, pool: &Pool) {
        let position = usize::from(pool.index().get());
        let count = self.free.len().max(self.sold.len()).max(position.saturating_add(1));
        self.free.resize(count, u32::MAX);
        self.sold.resize(count, 0);
        if let (Some(free), Some(sold)) = (self.free.get_mut(position), self.sold.get_mut(position))
        {
            (*free, *sold) = (sellable(pool), pool.sold().max(*sold));
        }
    }

    /// Remembers a census, and what was known at a moment before it was read.
    pub(crate) fn learn(&mut self, before: Sighting, census: &Census) {
        self.free = census.free.iter().copied().map(u32::from).collect();
        self.looked = Some((before, census.clone()));
    }

    /// What was learned last, if it is so young that it serves a crowd.
    pub(crate) fn looked(&self) -> Option<(Sighting, Census)> {
        self.looked.clone().filter(|(before, _)| before.at.elapsed() < KNOWN_AGE_MAX)
    }

    /// How many seats were ever sold, as far as this instance saw.
    pub(crate) fn sold(&self) -> u64 {
        self.sold.iter().sum()
    }

    /// Remembers that a board was seen.
    pub(crate) fn sight(&mut self, sighting: Sighting) {
        while self.sightings.pop_front_if(|one| one.at.elapsed() >= AGE_MAX).is_some() {}
        self.sightings.push_back(sighting);
    }

    /// The latest sighting of the last second from before this round was begun.
    pub(crate) fn before(&self, round: u64) -> Option<Sighting> {
        let is_before = |one: &&Sighting| one.begun < round && one.at.elapsed() < AGE_MAX;
        self.sightings.iter().rev().find(is_before).copied()
    }

    /// How many rounds were begun in the last second, as far as this instance saw.
    pub(crate) fn rounds(&self) -> u64 {
        let [first, last] = [self.sightings.front(), self.sightings.back()];
        let begun = |one: Option<&Sighting>| one.map_or(0, |one| one.begun);
        begun(last).saturating_sub(begun(first))
    }

    /// Counts that this instance wants to know of all pools. True if it has wanted to more than
    /// so often in the last second: then what is a second old must do.
    pub(crate) fn want(&mut self, often: u16) -> bool {
        let often = usize::from(often);
        while self.wanted.pop_front_if(|at| at.elapsed() >= AGE_MAX).is_some() {}
        self.wanted.push_back(Instant::now());
        if self.wanted.len() > often.saturating_add(1) {
            self.wanted.pop_front();
        }
        self.wanted.len() > often
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
        let enough: Vec<_> =
            pools.indices().filter(|index| self.free_in(*index) >= seats.get()).collect();
        let choose = |first, second| {
            let choice = usize::from(u16::from_be_bytes([first, second]));
            enough.get(choice.checked_rem(enough.len())?).copied()
        };
        let (one, other) = (choose(bits[28], bits[29])?, choose(bits[30], bits[31])?);
        Some(if self.free_in(other) > self.free_in(one) { other } else { one })
    }

    /// Of the pools where so many requests are under way, the one with the most that had enough seats
    /// for them and for this order, too.
    pub(crate) fn pick_among(
        &self,
        under_way: &[(PoolIndex, u32)],
        seats: SeatCount,
    ) -> Option<PoolIndex> {
        /// Of an order under way; most are for one to four.
        const SEATS_EACH: u32 = 3;
        let is_enough = |(index, requests): &&(PoolIndex, u32)| {
            let wanted = requests.saturating_mul(SEATS_EACH).saturating_add(seats.get());
            self.free_in(*index) >= wanted
        };
        let most = under_way.iter().filter(is_enough).max_by_key(|(_, requests)| *requests)?;
        Some(most.0)
    }

    /// Pools beside `home` that together may have this many free seats: a few that have them alone,
    /// if there are any, else the fullest; none if they have too few. The search begins at the pool
    /// with number `start`.
    pub(crate) fn donors(
        &self,
        missing: u32,
        pools: PoolCount,
        home: PoolIndex,
        start: usize,
    ) -> Vec<PoolIndex> {
        /// An order for ten seats may need one of each of ten donors.
        const DONORS_MAX: usize = 10;
        /// More than one, since another may come first at one.
        const ENOUGH_ALONE: usize = 2;
        let mut donors: Vec<_> =
            pools.indices().filter(|index| *index != home && self.free_in(*index) > 0).collect();
        let start = start.checked_rem(donors.len()).unwrap_or(0);
        donors.rotate_left(start);
        donors.sort_by_key(|index| std::cmp::Reverse(self.free_in(*index).min(missing)));
        let alone = donors.iter().filter(|index| self.free_in(**index) >= missing).count();
        donors.truncate(if alone > 0 { alone.min(ENOUGH_ALONE) } else { DONORS_MAX });
        let together = donors.iter().map(|index| self.free_in(*index));
        if together.fold(0, u32::saturating_add) < missing {
            donors.clear();
        }
        donors
    }

    fn free_in(&self, index: PoolIndex) -> u32 {
        self.free.get(usize::from(index.get())).copied().unwrap_or(u32::MAX)
    }
}

/// The free seats of a pool that an order can take there.
fn sellable(pool: &Pool) -> u32 {
    if pool.is_overflowed() { 0 } else { pool.available() }
}
