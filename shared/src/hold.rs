//! A hold: seats that are a partner's until a moment, while its buyer pays.

use jiff::{SignedDuration, Timestamp};

use crate::text::Malformed;

/// How long seats may be held, from the order on, however often that is extended.
const IN_ALL: SignedDuration = SignedDuration::from_mins(30);

/// How long to hold seats: 60 to 900 seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct HoldTime(u16);

impl HoldTime {
    /// The seconds.
    pub fn seconds(self) -> u16 {
        self.0
    }

    /// The moment so long after another.
    pub fn after(self, moment: Timestamp) -> Timestamp {
        moment.saturating_add(SignedDuration::from_secs(self.0.into())).unwrap_or(Timestamp::MAX)
    }
}

impl TryFrom<u64> for HoldTime {
    type Error = Malformed;

    fn try_from(seconds: u64) -> Result<Self, Malformed> {
        match u16::try_from(seconds) {
            Ok(seconds @ 60..=900) => Ok(Self(seconds)),
            _ => Err(Malformed::Unlike("an integer from 60 to 900")),
        }
    }
}

/// What became of a reservation that was held at first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hold {
    /// How long its order asked to hold it.
    pub time: HoldTime,
    /// Until when it was held, or is.
    pub until: Timestamp,
    /// What it is now.
    pub state: HoldState,
}

/// What a hold has become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldState {
    /// It is held, unless its time is over.
    Held,
    /// It was confirmed in time, and is a reservation like any other.
    Confirmed,
    /// Its time was over, and its seats are free.
    Expired,
}

/// The latest moment until which seats may be held that were ordered then.
pub fn latest(ordered_at: Timestamp) -> Timestamp {
    ordered_at.saturating_add(IN_ALL).unwrap_or(Timestamp::MAX)
}
