//! The terms of an event's sale: what its organiser says of who may order how much, and when.
//!
//! Each pool carries them, so that whoever commits there has obeyed them: a commit is on condition
//! of the revision that it read.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

use crate::order::SeatCount;
use crate::refusal::Refusal;
use crate::text::Malformed;

/// On which terms seats are sold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Terms {
    /// Whether they are sold at all.
    pub sale: Sale,
    /// The moment from which on they are sold. `None` is always.
    pub opens_at: Option<Moment>,
    /// The moment from which on they are not sold any more. `None` is never.
    pub closes_at: Option<Moment>,
    /// How many seats one order may have. `None` is as many as any.
    pub order_max: Option<SeatCount>,
}

/// What an organiser has decided about a sale.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sale {
    /// It goes on.
    #[default]
    OnSale,
    /// It rests for a while.
    Paused,
    /// It is over.
    Closed,
}

/// Whether a sale takes orders at a moment, and if not, why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// It does.
    Open,
    /// Not yet.
    Scheduled,
    /// Its organiser has paused it.
    Paused,
    /// It is over, by decision or by time.
    Closed,
}

impl Terms {
    /// What the sale is at this moment.
    pub fn phase(&self, now: Timestamp) -> Phase {
        match self.sale {
            Sale::Closed => Phase::Closed,
            Sale::Paused => Phase::Paused,
            Sale::OnSale if self.closes_at.is_some_and(|time| time.get() <= now) => Phase::Closed,
            Sale::OnSale if self.opens_at.is_some_and(|time| now < time.get()) => Phase::Scheduled,
            Sale::OnSale => Phase::Open,
        }
    }

    /// Checks that one order may have so many seats at this moment.
    ///
    /// # Errors
    ///
    /// [`Refusal::SalesClosed`] and [`Refusal::OrderTooLarge`].
    pub fn admit(&self, seats: u32, now: Timestamp) -> Result<(), Refusal> {
        let opens_at = match self.phase(now) {
            Phase::Open => return self.admit_many(seats),
            Phase::Scheduled => self.opens_at.map(Moment::get),
            Phase::Paused | Phase::Closed => None,
        };
        Err(Refusal::SalesClosed { opens_at })
    }

    fn admit_many(&self, seats: u32) -> Result<(), Refusal> {
        match self.order_max {
            Some(max) if seats > max.get() => Err(Refusal::OrderTooLarge { max: max.get() }),
            Some(_) | None => Ok(()),
        }
    }

    /// Whether there is a moment at which they let the sale be open.
    pub fn are_in_order(&self) -> bool {
        match (self.opens_at, self.closes_at) {
            (Some(opens), Some(closes)) => opens < closes,
            (None, _) | (_, None) => true,
        }
    }
}

impl Sale {
    const ALL: [Self; 3] = [Self::OnSale, Self::Paused, Self::Closed];

    /// The word for it: `on_sale`, `paused` or `closed`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OnSale => "on_sale",
            Self::Paused => "paused",
            Self::Closed => "closed",
        }
    }
}

impl FromStr for Sale {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let found = Self::ALL.into_iter().find(|sale| sale.as_str() == text);
        found.ok_or(Malformed::Unlike("on_sale, paused or closed"))
    }
}

/// A moment that an organiser names, to the millisecond: in 1970 or later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(Timestamp);

impl Moment {
    /// The time.
    pub fn get(self) -> Timestamp {
        self.0
    }
}

impl TryFrom<Timestamp> for Moment {
    type Error = Malformed;

    fn try_from(time: Timestamp) -> Result<Self, Malformed> {
        let unlike = Malformed::Unlike("a time with its offset, such as 2026-12-01T22:00:00Z");
        let time = Timestamp::from_millisecond(time.as_millisecond()).map_err(|_| unlike)?;
        if time >= Timestamp::UNIX_EPOCH { Ok(Self(time)) } else { Err(unlike) }
    }
}

impl FromStr for Moment {
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

impl fmt::Display for Moment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:.3}", self.0)
    }
}
