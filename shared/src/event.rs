//! An event: what is on sale, and how its seats are split into pools.
//!
//! One stored item takes 1,000 writes a second and saturates near 200 version-guarded ones, so an
//! event's seats are spread over several. How many is decided once, when the event is created.

use std::fmt;
use std::num::NonZero;
use std::str::FromStr;

use jiff::Timestamp;

use crate::mark::{RequestMark, halves};
use crate::text::{EventId, EventName, Malformed};

/// An event as it was created.
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
    pub ends_at: Option<EndsAt>,
    /// When it was created.
    pub created_at: Timestamp,
    /// Which request created it, so that a retry knows its own work.
    pub created_by: RequestMark,
}

impl Event {
    /// The id of an event whose organiser named none: made of the request's mark, so that a retry
    /// names the same event.
    pub fn id_of(mark: RequestMark) -> EventId {
        format!("event-{:016x}", mark.get()).parse().expect("it is short and of a-z, 0-9 and -")
    }
}

/// When an event is over, to the millisecond: a time of 1970 or later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndsAt(Timestamp);

impl EndsAt {
    /// The time.
    pub fn get(self) -> Timestamp {
        self.0
    }
}

impl TryFrom<Timestamp> for EndsAt {
    type Error = Malformed;

    fn try_from(time: Timestamp) -> Result<Self, Malformed> {
        let unlike = Malformed::Unlike("a time with its offset, such as 2026-12-01T22:00:00Z");
        let time = Timestamp::from_millisecond(time.as_millisecond()).map_err(|_| unlike)?;
        if time >= Timestamp::UNIX_EPOCH { Ok(Self(time)) } else { Err(unlike) }
    }
}

impl FromStr for EndsAt {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        // The library reads more than RFC 3339 knows: times without seconds, and names of zones.
        let is_whole = matches!(
            text.as_bytes(),
            [_, _, _, _, b'-', _, _, b'-', _, _, b'T' | b't', _, _, b':', _, _, b':', ..]
        );
        let read = Some(text).filter(|text| is_whole && !text.contains('['));
        // What is not read is refused as a time before 1970 is.
        read.and_then(|text| text.parse().ok()).unwrap_or(Timestamp::MIN).try_into()
    }
}

impl fmt::Display for EndsAt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:.3}", self.0)
    }
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
