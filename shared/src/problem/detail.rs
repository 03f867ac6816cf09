//! What happened, in words.

use super::Problem;
use crate::refusal::Refusal;
use crate::store::StoreError;

impl Problem {
    /// What happened this time, and what the caller can do, for a person.
    pub fn detail(&self) -> String {
        match self {
            Self::Refused(refusal) => refusal.detail(),
            Self::InvalidRequest(faults) => {
                let words =
                    faults.iter().map(|fault| format!("{}: {}", fault.pointer, fault.detail));
                words.collect::<Vec<_>>().join("; ")
            }
            Self::BodyTooLarge => "The body may have up to 16 KiB.".to_owned(),
            Self::EncodingUnsupported => {
                "Send the body as plain JSON in UTF-8, without a Content-Encoding.".to_owned()
            }
            Self::AccessDenied => "Only an organiser may call this operation.".to_owned(),
            Self::PartnerMismatch => {
                "Your access key belongs to another partner than the order names.".to_owned()
            }
            Self::RouteNotFound => "See /docs for the routes and their methods.".to_owned(),
            Self::EventNotFound => "There is no event with this id.".to_owned(),
            Self::CancellationNotFound => {
                "This event has no such cancellation, or another has followed it.".to_owned()
            }
            Self::EventExists => "An event with this id exists; it is unchanged.".to_owned(),
            Self::EventChanged => {
                "The event is of another revision than If-Match names. Look at it again.".to_owned()
            }
            Self::VersionUnnamed => {
                "Send If-Match with the ETag of what you change, as you have seen it.".to_owned()
            }
            Self::Contended { .. } => {
                "Too many requests for the same seats at once. Nothing was changed; retry."
                    .to_owned()
            }
            Self::Store(StoreError::Corrupt { .. } | StoreError::Rejected(_))
            | Self::CallerUnknown => {
                "Something is wrong on our side. Tell us the requestId.".to_owned()
            }
            Self::Store(StoreError::Unavailable(_)) => {
                "We cannot tell whether this was done. Retry with the same Idempotency-Key."
                    .to_owned()
            }
        }
    }
}

impl Refusal {
    fn detail(&self) -> String {
        match self {
            Self::NotEnoughSeats { requested, available } => {
                format!("{requested} seats were asked for and {available} are left.")
            }
            Self::SalesClosed { opens_at: Some(opens_at) } => {
                format!("Seats of this event are sold from {opens_at:.3} on.")
            }
            Self::SalesClosed { opens_at: None } => {
                "Seats of this event are not sold now. What is yours stays yours.".to_owned()
            }
            Self::OrderTooLarge { max } => {
                format!("One order of this event may have {max} seats.")
            }
            Self::TooManyHeld => {
                "Your held seats are too many for this order. Confirm or cancel some, or retry \
                 later or with another Idempotency-Key."
                    .to_owned()
            }
            Self::NoRoom => {
                "These seats' block has no room for a longer partnerReference.".to_owned()
            }
            Self::NotHeld => "The reservation is confirmed already, and has no end.".to_owned(),
            Self::HoldLimitReached { latest } => {
                format!("Seats can be held for 30 minutes in all, until {latest:.3}.")
            }
            Self::HoldExpired => {
                "It was not confirmed in time, and its seats are free. Order again.".to_owned()
            }
            Self::IdempotencyKeyReused => {
                "This Idempotency-Key was used with another body. Use a new key for a new request."
                    .to_owned()
            }
            Self::ReservationNotFound => {
                "No reservation of yours with this id can be found here, or it was cancelled."
                    .to_owned()
            }
            Self::ReservationChanged => {
                "The reservation is another version than If-Match names. Look at it again."
                    .to_owned()
            }
        }
    }
}
