//! What an audit finds: violations, of which there must never be one, and warnings.

use crate::event::PoolIndex;
use crate::reservation::ReservationId;

/// What is wrong with an event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// The directory lists an id that no event can have.
    #[error("this is no event's id, and the directory lists it")]
    IdMalformed,
    /// The event is listed, and its item is not there.
    #[error("the event itself is missing")]
    EventMissing,
    /// The event's item is not one that we write.
    #[error("the event itself is corrupt: {0}")]
    EventCorrupt(String),
    /// The event's pools do not have the seats that it has.
    #[error("all pools together have {capacity} seats, the event has {total}")]
    TotalWrong {
        /// The seats of all pools.
        capacity: u64,
        /// The seats of the event.
        total: u32,
    },
    /// One of the event's pools is not there.
    #[error("pool {} is missing", .0.get())]
    PoolMissing(PoolIndex),
    /// A pool's item is not one that we write.
    #[error("pool {} is corrupt: {why}", pool.get())]
    PoolCorrupt {
        /// Which pool.
        pool: PoolIndex,
        /// What is wrong with it.
        why: String,
    },
    /// Seats of a pool were sold twice, or are lost.
    #[error(
        "pool {} has {capacity} seats, yet {available} are free and {taken} taken",
        pool.get()
    )]
    SeatsWrong {
        /// Which pool.
        pool: PoolIndex,
        /// All its seats.
        capacity: u32,
        /// Its free seats.
        available: u32,
        /// The seats of its live reservations.
        taken: u64,
    },
    /// A pool sells on terms that its event has changed since, and all pools were said to know.
    #[error("pool {} is on the terms of change {revision}, its event of change {want}", pool.get())]
    ChangeMissed {
        /// Which pool.
        pool: PoolIndex,
        /// The change that it has seen last.
        revision: u64,
        /// The event's last change.
        want: u64,
    },
    /// There is a pool beyond the event's last, so that no request finds what it holds.
    #[error("pool {} is beyond the event's last; live reservations in it: {live}", pool.get())]
    PoolStranded {
        /// Which pool.
        pool: PoolIndex,
        /// How many reservations in it are live.
        live: usize,
    },
    /// A reservation's id names another pool than the one that holds it, so that no request finds
    /// it.
    #[error("pool {} holds {id}, whose place is pool {}", pool.get(), id.pool().get())]
    ReservationStranded {
        /// Which pool.
        pool: PoolIndex,
        /// Which reservation.
        id: ReservationId,
    },
}

/// What breaks no promise, and should be looked at before it becomes a nuisance.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Warning {
    /// A pool has used half of the room that it has for reservations. Seats that gathered from
    /// other pools do that; once it is full, its further orders stand in other pools.
    #[error("pool {} holds {live} reservations, half of what it has room for", pool.get())]
    PoolHeavy {
        /// Which pool.
        pool: PoolIndex,
        /// How many reservations in it are live.
        live: usize,
    },
}

/// What the audit of one event came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Findings {
    /// The event's id, as the directory has it.
    pub event: String,
    /// How many pools were read.
    pub pools: usize,
    /// What is wrong: nothing, if all is well.
    pub violations: Vec<Violation>,
    /// What should be looked at.
    pub warnings: Vec<Warning>,
    /// Whether seats moved through every reading, and the total was wrong in each: then nothing
    /// can be said about it.
    pub unsettled: bool,
}

impl Findings {
    pub(crate) fn of(event: &str, pools: usize, violations: Vec<Violation>) -> Self {
        let (event, warnings) = (event.to_owned(), Vec::new());
        Self { event, pools, violations, warnings, unsettled: false }
    }
}
