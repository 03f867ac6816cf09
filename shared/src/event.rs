//! An event: what is on sale, and how its seats are split into pools.
//!
//! One stored item takes 1,000 writes a second and saturates near 200 version-guarded ones, so an
//! event's seats are spread over several. How many is decided once, when the event is created.

use std::num::NonZero;

use jiff::Timestamp;

use crate::mark::{RequestMark, halves};
use crate::order::SeatCount;
use crate::terms::{Moment, Sale, Terms};
use crate::text::{EventId, EventName, Malformed};

/// An event, as its organiser has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Names it.
    pub id: EventId,
    /// What it is called.
    pub name: EventName,
    /// How many seats it has, sold or not.
    pub total_seats: TotalSeats,
    /// How many pools its seats are split into; never changes.
    pub pools: PoolCount,
    /// When it is over, if its organiser has said so.
    pub ends_at: Option<Moment>,
    /// On which terms its seats are sold.
    pub terms: Terms,
    /// How often its organiser has changed it.
    pub revision: u64,
    /// Whether the last change is still on its way to all pools.
    pub is_changing: bool,
    /// Which request cancelled all its reservations last.
    pub cancelled_by: Option<RequestMark>,
    /// When it was created.
    pub created_at: Timestamp,
    /// Which request created it, so that a retry knows its own work.
    pub created_by: RequestMark,
}

impl Event {
    /// A new event, on the usual terms, that this request creates.
    pub fn new(
        id: EventId,
        name: EventName,
        total_seats: TotalSeats,
        created_at: Timestamp,
        created_by: RequestMark,
    ) -> Self {
        Self {
            id,
            name,
            total_seats,
            pools: PoolCount::of(total_seats),
            ends_at: None,
            terms: Terms::default(),
            revision: 0,
            is_changing: false,
            cancelled_by: None,
            created_at,
            created_by,
        }
    }

    /// The event as it is to be.
    pub fn amended(&self, amendment: &EventAmendment) -> Self {
        let to = amendment;
        let terms = Terms {
            sale: to.sale.unwrap_or(self.terms.sale),
            opens_at: to.opens_at.unwrap_or(self.terms.opens_at),
            closes_at: to.closes_at.unwrap_or(self.terms.closes_at),
            order_max: to.order_max.unwrap_or(self.terms.order_max),
        };
        let name = to.name.clone().unwrap_or_else(|| self.name.clone());
        let ends_at = to.ends_at.unwrap_or(self.ends_at);
        let cancelled_by = to.cancelled_by.or(self.cancelled_by);
        Self { name, ends_at, terms, cancelled_by, ..self.clone() }
    }

    /// The id of an event whose organiser named none: made of the request's mark, so that a retry
    /// names the same event.
    pub fn id_of(mark: RequestMark) -> EventId {
        format!("event-{:016x}", mark.get()).parse().expect("it is short and of a-z, 0-9 and -")
    }
}

/// What an event is to be changed to: what is named, and nothing else.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventAmendment {
    /// What it is called from now on.
    pub name: Option<EventName>,
    /// When it is over, or that this is not said any more.
    pub ends_at: Option<Option<Moment>>,
    /// Whether it is sold.
    pub sale: Option<Sale>,
    /// From when on, or that it always is.
    pub opens_at: Option<Option<Moment>>,
    /// Until when, or that this is open.
    pub closes_at: Option<Option<Moment>>,
    /// How many seats one order may have, or that it may have as many as any.
    pub order_max: Option<Option<SeatCount>>,
    /// Which request cancels all its reservations.
    pub cancelled_by: Option<RequestMark>,
}

/// How many seats an event has: 1 to 100,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TotalSeats(u32);

impl TotalSeats {
    /// The number of seats.
    pub fn get(self) -> u32 {
        self.0
    }
}

impl TryFrom<u64> for TotalSeats {
    type Error = Malformed;

    fn try_from(seats: u64) -> Result<Self, Malformed> {
        match u32::try_from(seats) {
            Ok(seats @ 1..=100_000) => Ok(Self(seats)),
            _ => Err(Malformed::Unlike("an integer from 1 to 100000")),
        }
    }
}

/// How many pools an event has: about one for 50 seats, so 1 to 2,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolCount(NonZero<u16>);

impl PoolCount {
    const MAX: u16 = 2_000;
    const SEATS_PER_POOL: u32 = 50;

    /// How many pools an event of so many seats is created with.
    pub fn of(total_seats: TotalSeats) -> Self {
        let pools = total_seats.0.div_ceil(Self::SEATS_PER_POOL);
        let pools = u16::try_from(pools).unwrap_or(Self::MAX).min(Self::MAX);
        Self(NonZero::new(pools).unwrap_or(NonZero::<u16>::MIN))
    }

    /// The number of pools.
    pub fn get(self) -> u16 {
        self.0.get()
    }

    /// The pools' indices, in order.
    pub fn indices(self) -> impl Iterator<Item = PoolIndex> {
        (0..self.get()).map(PoolIndex)
    }

    /// The pool that these bits choose: each is as likely as another.
    pub fn pick(self, bits: [u8; 32]) -> PoolIndex {
        let [_, choice] = halves(bits);
        let index = u128::from_be_bytes(choice) % NonZero::<u128>::from(self.0);
        PoolIndex(u16::try_from(index).expect("a remainder is less than its divisor"))
    }
}

impl TryFrom<u64> for PoolCount {
    type Error = Malformed;

    fn try_from(pools: u64) -> Result<Self, Malformed> {
        let pools = u16::try_from(pools).ok().filter(|pools| *pools <= Self::MAX);
        let pools =
            pools.and_then(NonZero::new).ok_or(Malformed::Unlike("an integer from 1 to 2000"))?;
        Ok(Self(pools))
    }
}

impl From<PoolCount> for NonZero<u32> {
    fn from(pools: PoolCount) -> Self {
        pools.0.into()
    }
}

/// Which pool of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PoolIndex(u16);

impl PoolIndex {
    /// The pool at this position.
    pub fn new(index: u16) -> Self {
        Self(index)
    }

    /// The position.
    pub fn get(self) -> u16 {
        self.0
    }
}
