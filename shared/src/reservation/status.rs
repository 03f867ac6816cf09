//! The state of a reservation, in a word.

use std::str::FromStr;

use crate::text::Malformed;

/// What a reservation is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Its seats are bought.
    Confirmed,
    /// Its seats are taken until a moment.
    Held,
    /// Its seats were given back.
    Cancelled,
    /// It was not confirmed in time, and its seats are free.
    Expired,
}

impl Status {
    const ALL: [Self; 4] = [Self::Confirmed, Self::Held, Self::Cancelled, Self::Expired];

    /// The word for it: `confirmed`, `held`, `cancelled` or `expired`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Held => "held",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }
}

impl FromStr for Status {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let found = Self::ALL.into_iter().find(|status| status.as_str() == text);
        found.ok_or(Malformed::Unlike("confirmed, held, cancelled or expired"))
    }
}
