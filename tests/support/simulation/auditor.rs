//! The auditor: knows what must be true of a simulated event, and looks after every write.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use shared::event::Event;
use shared::pool::Pool;
use shared::reservation::{Reservation, ReservationId};
use tokio::time::Instant;

use super::sighting::Sighting;
use crate::support::nouns;

/// How old the shortage may be that a refusal speaks of.
const REFUSAL_AGE_MAX: Duration = Duration::from_secs(1);

pub(crate) struct Auditor {
    total_seats: u32,
    started: Instant,
    seen: Mutex<Seen>,
}

/// When, the free seats, and those that were held until when.
type Free = (Instant, u32, Arc<[(Timestamp, u32)]>);

struct Seen {
    pools: BTreeMap<u16, Sighting>,
    /// The free seats of the event after every write, and what was held then, by its end.
    free: Vec<Free>,
    violation: Option<String>,
    /// The latest change of the event that was answered.
    imposed: u64,
}

impl Auditor {
    /// An auditor of this event, whose pools stand like these.
    pub(crate) fn of(event: &Event, pools: &[Pool]) -> Arc<Self> {
        let total_seats = event.total_seats.get();
        let started = Instant::now();
        let free = vec![(started, pools.iter().map(Pool::available).sum(), Arc::from([]))];
        let pools = pools.iter().map(|pool| (pool.index().get(), Sighting::from(pool))).collect();
        let seen = Seen { pools, free, violation: None, imposed: 0 };
        Arc::new(Self { total_seats, started, seen: Mutex::new(seen) })
    }

    /// The time by its own clock: that of the instance that is behind all others.
    pub(crate) fn now(&self) -> Timestamp {
        self.time_at(Instant::now())
    }

    fn time_at(&self, at: Instant) -> Timestamp {
        let elapsed = SignedDuration::try_from(at.duration_since(self.started)).expect("minutes");
        nouns::start_of_time() + elapsed
    }

    /// How many writes it has seen.
    pub(crate) fn steps(&self) -> usize {
        self.seen().free.len()
    }

    /// What was wrong first, if anything was.
    pub(crate) fn violation(&self) -> Option<String> {
        self.seen().violation.clone()
    }

    /// How many pools have let an order stand elsewhere.
    pub(crate) fn overflowed(&self) -> usize {
        self.seen().pools.values().filter(|pool| pool.is_overflowed).count()
    }

    /// Every reservation that any pool keeps.
    pub(crate) fn reservations(&self) -> BTreeMap<ReservationId, Reservation> {
        let seen = self.seen();
        let all = seen.pools.values().flat_map(|pool| &pool.reservations);
        all.map(|(id, reservation)| (*id, reservation.clone())).collect()
    }

    /// From now on, every pool must have seen this change: it was answered.
    pub(crate) fn impose(&self, revision: u64) {
        let mut seen = self.seen();
        seen.imposed = seen.imposed.max(revision);
        let has_missed = seen.pools.values().any(|pool| pool.revision < revision);
        if has_missed {
            seen.violation.get_or_insert_with(|| "a pool missed a change".to_owned());
        }
    }

    /// Notes what a partner saw and should not have.
    pub(crate) fn object(&self, promise: &str) {
        self.seen().violation.get_or_insert_with(|| promise.to_owned());
    }

    /// Promise 3: there was a moment, at most a second ago, with fewer free seats than asked for;
    /// and it was after the request was `sent`, if that is told, since it was not in a crowd.
    pub(crate) fn check_refusal(&self, requested: u32, sent: Option<Instant>) {
        let now = Instant::now();
        let fewest = {
            let seen = self.seen();
            let was_before = |at: Instant| sent.is_some_and(|sent| at < sent);
            let old = |at: Instant| was_before(at) || now.duration_since(at) > REFUSAL_AGE_MAX;
            let first = seen.free.partition_point(|(at, ..)| old(*at)).saturating_sub(1);
            // Until the next write, more become free by themselves, if any.
            let earliest = now.checked_sub(REFUSAL_AGE_MAX).max(sent).unwrap_or(now);
            let free = |(at, free, held): &Free| {
                let time = self.time_at((*at).max(earliest));
                let over = held.iter().filter(|(until, _)| *until <= time);
                free + over.map(|(_, seats)| seats).sum::<u32>()
            };
            seen.free[first..].iter().map(free).min()
        };
        if fewest.is_none_or(|fewest| fewest >= requested) {
            self.object(&format!("{requested} seats were refused while {fewest:?} were free"));
        }
    }

    /// Looks at the pools of the event that a write has changed.
    pub(crate) fn look(&self, pools: impl IntoIterator<Item = Sighting>) {
        let mut seen = self.seen();
        let mut violation = None;
        for pool in pools {
            let before = seen.pools.get(&pool.index);
            let broken = check_sum(&pool).or_else(|| check_step(before?, &pool));
            let broken = broken.or_else(|| check_twins(&seen.pools, before?, &pool));
            violation = violation.or(broken);
            seen.pools.insert(pool.index, pool);
        }

        let sum = |seats: fn(&Sighting) -> u32| seen.pools.values().map(seats).sum::<u32>();
        if sum(|pool| pool.capacity) != self.total_seats {
            violation = violation.or(Some("the pools do not add up to the event"));
        }
        let free = sum(|pool| pool.available);
        let all = seen.pools.values().flat_map(|pool| pool.reservations.values());
        let held = all.filter_map(|one| Some((one.held_until()?, one.seats.get()))).collect();
        seen.free.push((Instant::now(), free, held));
        if let Some(violation) = violation {
            seen.violation.get_or_insert_with(|| violation.to_owned());
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().expect("nobody panics while looking")
    }
}

/// Promise 1, added up without the pool's own sums.
fn check_sum(pool: &Sighting) -> Option<&'static str> {
    let live = pool.reservations.values().filter(|reservation| reservation.is_live());
    let taken: u32 = live.map(|reservation| reservation.seats.get()).sum();
    (pool.available + taken != pool.capacity).then_some("the seats of a pool do not add up")
}

/// A write makes the next version, and ends a reservation at most once. It may write several.
fn check_step(before: &Sighting, after: &Sighting) -> Option<&'static str> {
    if before == after {
        return None;
    }
    if after.revision > before.revision {
        let (revision, is_paused) = (before.revision, before.is_paused);
        let is_same = *before == Sighting { revision, is_paused, ..after.clone() };
        return (!is_same).then_some("a change of the terms changed something else");
    }
    if after.revision < before.revision {
        return Some("a pool forgot a change");
    }
    if after.version != before.version + 1 {
        return Some("a version was skipped or used twice");
    }
    let is_sold = |one: &Reservation| {
        let had = before.reservations.get(&one.id).map_or(0, |standing| standing.seats.get());
        one.is_live() && one.seats.get() > had
    };
    if after.is_paused && after.reservations.values().any(is_sold) {
        return Some("a seat was sold while the sale was paused");
    }
    let is_wrong = |one: &&Reservation| {
        let standing = before.reservations.get(&one.id).filter(|standing| standing != one);
        standing.is_some_and(|standing| {
            let is_amended = one.ordered.is_some() && one.version == after.version;
            let same_seats = standing.seats == one.seats || is_amended;
            let same = same_seats && standing.partner == one.partner;
            !standing.is_live() || !same
        })
    };
    let wrong = after.reservations.values().find(is_wrong);
    wrong.map(|_| "a reservation changed that had ended, or its owner")
}

/// Whatever stands of one order stands in one pool: its ids differ in the pool's index alone.
fn check_twins(
    pools: &BTreeMap<u16, Sighting>,
    before: &Sighting,
    after: &Sighting,
) -> Option<&'static str> {
    let is_added = |id: &&ReservationId| !before.reservations.contains_key(*id);
    let has_twin = |added: &ReservationId| {
        let mut all = pools.values().flat_map(|pool| pool.reservations.values());
        let order = &added.as_bytes()[2..];
        all.any(|other| other.id != *added && other.is_live() && other.id.as_bytes()[2..] == *order)
    };
    let twin = after.reservations.keys().filter(is_added).any(has_twin);
    twin.then_some("one order stands in two pools")
}

impl fmt::Debug for Auditor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Auditor").finish_non_exhaustive()
    }
}
