//! An order: what a partner asks for.

use crate::hold::HoldTime;
use crate::text::{Malformed, PartnerId, PartnerReference};

/// Which partner wants how many seats, and its own name for the reservation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Whose reservation it will be.
    pub partner: PartnerId,
    /// How many seats, all or none.
    pub seats: SeatCount,
    /// The partner's own name for the reservation.
    pub reference: Option<PartnerReference>,
    /// How long to hold the seats at first. `None` if they are bought at once.
    pub hold: Option<HoldTime>,
}

/// What a reservation is to be changed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amendment {
    /// How many seats it is to have. `None` leaves them as they are.
    pub seats: Option<SeatCount>,
    /// The partner's other name for it. `None` leaves it as it is.
    pub reference: Option<PartnerReference>,
}

/// How many seats one order may ask for: 1 to 10.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SeatCount(u32);

impl SeatCount {
    /// The largest order.
    pub const MAX: u32 = 10;

    /// The number of seats.
    pub fn get(self) -> u32 {
        self.0
    }
}

impl TryFrom<u64> for SeatCount {
    type Error = Malformed;

    fn try_from(seats: u64) -> Result<Self, Malformed> {
        match u32::try_from(seats) {
            Ok(seats @ 1..=Self::MAX) => Ok(Self(seats)),
            _ => Err(Malformed::Unlike("an integer from 1 to 10")),
        }
    }
}
