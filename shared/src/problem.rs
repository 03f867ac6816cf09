//! A problem: any answer that is not a success, as `application/problem+json` (RFC 9457).
//!
//! Every status, code and word that a handler can refuse with is chosen here, by exhaustive
//! matches: a new refusal does not compile until it has its row.

mod body;
mod detail;

use serde::Serialize;

pub use self::body::ProblemBody;
use crate::refusal::Refusal;
use crate::store::StoreError;

/// Why a request is not answered with a success.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The request is not what the contract asks for.
    #[error("the request has {} fault(s)", .0.len())]
    InvalidRequest(Vec<Fault>),
    /// The body is larger than any order could be.
    #[error("the body is too large")]
    BodyTooLarge,
    /// The body is encoded in a way that is not read here.
    #[error("the body has a content encoding")]
    EncodingUnsupported,
    /// The caller's role may not call this operation.
    #[error("the caller may not call this operation")]
    AccessDenied,
    /// The order names a partner for whom the caller may not act.
    #[error("the order names another partner")]
    PartnerMismatch,
    /// The path names no operation, or nothing that is served.
    #[error("there is no such route")]
    RouteNotFound,
    /// There is no event with this id.
    #[error("there is no such event")]
    EventNotFound,
    /// There is an event with this id already.
    #[error("the event exists")]
    EventExists,
    /// The event has no such cancellation of all, or another has followed it.
    #[error("there is no such cancellation")]
    CancellationNotFound,
    /// The event has changed since the caller saw it.
    #[error("the event has changed since the caller saw it")]
    EventChanged,
    /// A rule said no.
    #[error("refused: {0}")]
    Refused(#[from] Refusal),
    /// The request must say which version it means, and does not.
    #[error("the request has no If-Match")]
    VersionUnnamed,
    /// Others came first, again and again.
    #[error("{attempts} races were lost")]
    Contended {
        /// How many races were lost before this one.
        attempts: u32,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The gateway did not say who calls: a fault of our deployment.
    #[error("the request came without its authorizer's context")]
    CallerUnknown,
}

/// One fault of a request: where, what is wrong, and its code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// A JSON pointer into the body, `#/seats`; a parameter of the query, `?limit`; or a header's
    /// name.
    pub pointer: String,
    /// What is wrong, for a person.
    pub detail: String,
    /// `required` or `malformed`.
    pub code: &'static str,
}

impl Problem {
    /// The one fault of a request.
    pub fn fault(pointer: &str, detail: impl Into<String>, code: &'static str) -> Self {
        Self::InvalidRequest(vec![Fault {
            pointer: pointer.to_owned(),
            detail: detail.into(),
            code,
        }])
    }

    /// The fault of terms that let a sale be open at no time.
    pub fn sale_never_open() -> Self {
        Self::fault("#/salesCloseAt", "must be later than salesOpenAt", "malformed")
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        match self {
            Self::InvalidRequest(_) => 400,
            Self::AccessDenied | Self::PartnerMismatch => 403,
            Self::RouteNotFound
            | Self::EventNotFound
            | Self::CancellationNotFound
            | Self::Refused(Refusal::ReservationNotFound) => 404,
            Self::EventExists
            | Self::Contended { .. }
            | Self::Refused(
                Refusal::NotEnoughSeats { .. }
                | Refusal::SalesClosed { .. }
                | Refusal::OrderTooLarge { .. }
                | Refusal::TooManyHeld
                | Refusal::NoRoom
                | Refusal::NotHeld
                | Refusal::HoldLimitReached { .. },
            ) => 409,
            Self::Refused(Refusal::HoldExpired) => 410,
            Self::EventChanged | Self::Refused(Refusal::ReservationChanged) => 412,
            Self::BodyTooLarge => 413,
            Self::EncodingUnsupported => 415,
            Self::Refused(Refusal::IdempotencyKeyReused) => 422,
            Self::VersionUnnamed => 428,
            Self::Store(StoreError::Corrupt { .. } | StoreError::Rejected(_))
            | Self::CallerUnknown => 500,
            Self::Store(StoreError::Unavailable(_)) => 503,
        }
    }

    /// The stable name that clients decide on.
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidRequest(_) => "validation-failed",
            Self::BodyTooLarge => "body-too-large",
            Self::EncodingUnsupported => "encoding-unsupported",
            Self::AccessDenied => "access-denied",
            Self::PartnerMismatch => "partner-mismatch",
            Self::RouteNotFound => "route-not-found",
            Self::EventNotFound => "event-not-found",
            Self::CancellationNotFound => "cancellation-not-found",
            Self::EventExists => "event-exists",
            Self::Refused(Refusal::NotEnoughSeats { .. }) => "not-enough-seats",
            Self::Refused(Refusal::SalesClosed { .. }) => "sales-closed",
            Self::Refused(Refusal::OrderTooLarge { .. }) => "order-too-large",
            Self::Refused(Refusal::TooManyHeld) => "too-many-held",
            Self::Refused(Refusal::NoRoom) => "no-room",
            Self::Refused(Refusal::NotHeld) => "not-held",
            Self::Refused(Refusal::HoldLimitReached { .. }) => "hold-limit-reached",
            Self::Refused(Refusal::HoldExpired) => "hold-expired",
            Self::Refused(Refusal::IdempotencyKeyReused) => "idempotency-key-reused",
            Self::Refused(Refusal::ReservationNotFound) => "reservation-not-found",
            Self::EventChanged | Self::Refused(Refusal::ReservationChanged) => {
                "precondition-failed"
            }
            Self::VersionUnnamed => "precondition-required",
            Self::Contended { .. } => "version-conflict",
            Self::Store(StoreError::Corrupt { .. } | StoreError::Rejected(_))
            | Self::CallerUnknown => "internal",
            Self::Store(StoreError::Unavailable(_)) => "unavailable",
        }
    }

    /// The same words for every problem with this code.
    pub fn title(&self) -> &'static str {
        match self {
            Self::InvalidRequest(_) => "Invalid request",
            Self::BodyTooLarge => "Body too large",
            Self::EncodingUnsupported => "Content encoding not supported",
            Self::AccessDenied => "Access denied",
            Self::PartnerMismatch => "Not your partner id",
            Self::RouteNotFound => "No such route",
            Self::EventNotFound => "Event not found",
            Self::CancellationNotFound => "Cancellation not found",
            Self::EventExists => "Event exists",
            Self::Refused(Refusal::NotEnoughSeats { .. }) => "Not enough seats left",
            Self::Refused(Refusal::SalesClosed { .. }) => "Sales closed",
            Self::Refused(Refusal::OrderTooLarge { .. }) => "Order too large",
            Self::Refused(Refusal::TooManyHeld) => "Too many seats held",
            Self::Refused(Refusal::NoRoom) => "No room",
            Self::Refused(Refusal::NotHeld) => "Not held",
            Self::Refused(Refusal::HoldLimitReached { .. }) => "Held for too long",
            Self::Refused(Refusal::HoldExpired) => "Hold expired",
            Self::Refused(Refusal::IdempotencyKeyReused) => "Idempotency key reused",
            Self::Refused(Refusal::ReservationNotFound) => "Reservation not found",
            Self::EventChanged | Self::Refused(Refusal::ReservationChanged) => {
                "Changed since you saw it"
            }
            Self::VersionUnnamed => "If-Match missing",
            Self::Contended { .. } => "Too much contention",
            Self::Store(StoreError::Corrupt { .. } | StoreError::Rejected(_))
            | Self::CallerUnknown => "Internal error",
            Self::Store(StoreError::Unavailable(_)) => "Outcome unknown",
        }
    }

    /// The published API's own string, where it had one; else the title.
    pub fn error(&self) -> &'static str {
        match self {
            Self::Refused(Refusal::ReservationNotFound) => {
                "Reservation not found or already cancelled"
            }
            Self::Contended { .. } => "Concurrency conflict. Please retry.",
            Self::InvalidRequest(_)
            | Self::BodyTooLarge
            | Self::EncodingUnsupported
            | Self::AccessDenied
            | Self::PartnerMismatch
            | Self::RouteNotFound
            | Self::EventNotFound
            | Self::CancellationNotFound
            | Self::EventExists
            | Self::EventChanged
            | Self::Refused(
                Refusal::NotEnoughSeats { .. }
                | Refusal::SalesClosed { .. }
                | Refusal::OrderTooLarge { .. }
                | Refusal::TooManyHeld
                | Refusal::NoRoom
                | Refusal::NotHeld
                | Refusal::HoldLimitReached { .. }
                | Refusal::HoldExpired
                | Refusal::IdempotencyKeyReused
                | Refusal::ReservationChanged,
            )
            | Self::VersionUnnamed
            | Self::Store(_)
            | Self::CallerUnknown => self.title(),
        }
    }

    /// Whether the same request, sent again, may succeed without anybody changing anything.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Contended { .. } | Self::Store(StoreError::Unavailable(_)) => true,
            Self::InvalidRequest(_)
            | Self::BodyTooLarge
            | Self::EncodingUnsupported
            | Self::AccessDenied
            | Self::PartnerMismatch
            | Self::RouteNotFound
            | Self::EventNotFound
            | Self::CancellationNotFound
            | Self::EventExists
            | Self::EventChanged
            | Self::VersionUnnamed
            | Self::Refused(_)
            | Self::Store(StoreError::Corrupt { .. } | StoreError::Rejected(_))
            | Self::CallerUnknown => false,
        }
    }
}
