//! What one instance remembers of an event's board and pools, from one request to the next.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::{AGE_MAX, Census, Sighting, sellable};
use crate::event::{PoolCount, PoolIndex};
use crate::order::SeatCount;
use crate::pool::Pool;

/// After so long an instance in a crowd looks at the board again: by the time that what it knows is
/// too old, the board has gone on.
const KNOWN_AGE_MAX: Duration = Duration::from_millis(500);

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

    /// Of the pools where so many requests are under way, the one with the most that had enough
    /// seats for them and for this order, too.
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
