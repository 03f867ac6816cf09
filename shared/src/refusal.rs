//! A refusal: a rule said no, and which.

use jiff::Timestamp;

/// Why a rule refused. Nothing was changed, and a retry of the same request is judged afresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The order asks for more seats than are free.
    #[error("{requested} seats were asked for and {available} are free")]
    NotEnoughSeats {
        /// The seats that the order asks for.
        requested: u32,
        /// The seats that are free, in all that was looked at.
        available: u32,
    },
    /// The `Idempotency-Key` made a reservation of another order.
    #[error("the idempotency key belongs to another order")]
    IdempotencyKeyReused,
    /// There is no such reservation, or it is another partner's, or it is cancelled.
    #[error("there is no such reservation to change")]
    ReservationNotFound,
    /// The event's terms let nobody order now.
    #[error("the sale is closed")]
    SalesClosed {
        /// When it opens, if that is said.
        opens_at: Option<Timestamp>,
    },
    /// The event's terms allow fewer seats in one order.
    #[error("an order may have {max} seats")]
    OrderTooLarge {
        /// How many.
        max: u32,
    },
    /// So many seats are held for the partner in this pool that the order's would be too many.
    #[error("too many seats are held for the partner")]
    TooManyHeld,
    /// What is stored with these seats has no room for a longer reference.
    #[error("there is no room for the longer reference")]
    NoRoom,
    /// The reservation's time was over before it was confirmed.
    #[error("the hold has expired")]
    HoldExpired,
    /// The reservation is confirmed, so there is no hold to extend.
    #[error("the reservation is not held")]
    NotHeld,
    /// The hold would last longer, from its order on, than any may.
    #[error("the hold would last too long")]
    HoldLimitReached {
        /// The latest moment until which it may be extended.
        latest: Timestamp,
    },
    /// The caller has not seen the reservation as it is.
    #[error("the reservation has changed since the caller saw it")]
    ReservationChanged,
}
