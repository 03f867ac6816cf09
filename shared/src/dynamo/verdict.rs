//! What an error of DynamoDB says about the attempt that met it: was the write applied?
//!
//! One table holds every code that is known. What it does not hold, and every failure without a
//! code, is unknown: the write may have been applied, or may yet be.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::CancellationReason;

use crate::store::StoreError;

/// What became of one attempt that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Not applied: another write came first.
    Lost,
    /// Not applied, and it never will be, however often it is sent: our deployment is at fault.
    Refused,
    /// Not applied, because too much was asked for at once.
    Throttled,
    /// It may have been applied, or may yet be.
    Unknown,
}

/// Every code that says more than [`Verdict::Unknown`], and what it says. From "Error handling with
/// DynamoDB" (amazondynamodb/latest/developerguide/Programming.Errors.html), from the pages of
/// `UpdateItem` and `TransactWriteItems`, and from "Common errors", in AWS's API reference.
const VERDICTS: [(&str, Verdict); 27] = [
    ("ConditionalCheckFailedException", Verdict::Lost),
    ("TransactionConflictException", Verdict::Lost),
    // Not ours to cause: a transaction's token is new for each call, and its retries are equal.
    ("IdempotentParameterMismatchException", Verdict::Refused),
    ("AccessDeniedException", Verdict::Refused),
    ("AccessDenied", Verdict::Refused),
    ("NotAuthorized", Verdict::Refused),
    ("OptInRequired", Verdict::Refused),
    ("UnrecognizedClientException", Verdict::Refused),
    ("InvalidClientTokenId", Verdict::Refused),
    ("IncompleteSignatureException", Verdict::Refused),
    ("InvalidSignatureException", Verdict::Refused),
    ("MissingAuthenticationTokenException", Verdict::Refused),
    ("ExpiredTokenException", Verdict::Refused),
    ("RequestExpired", Verdict::Refused),
    ("ResourceNotFoundException", Verdict::Refused),
    ("ItemCollectionSizeLimitExceededException", Verdict::Refused),
    ("ValidationException", Verdict::Refused),
    ("ValidationError", Verdict::Refused),
    ("SerializationException", Verdict::Refused),
    ("UnknownOperationException", Verdict::Refused),
    ("MalformedHttpRequestException", Verdict::Refused),
    ("ProvisionedThroughputExceededException", Verdict::Throttled),
    ("ProvisionedThroughputExceeded", Verdict::Throttled),
    ("RequestLimitExceeded", Verdict::Throttled),
    ("LimitExceededException", Verdict::Throttled),
    ("ThrottlingException", Verdict::Throttled),
    ("ThrottlingError", Verdict::Throttled),
];

impl Verdict {
    /// What this code says.
    pub(super) fn of(code: Option<&str>) -> Self {
        let row = code.and_then(|code| VERDICTS.iter().find(|(known, _)| *known == code));
        row.map_or(Self::Unknown, |(_, verdict)| *verdict)
    }
}

/// What the reasons say for which a transaction was cancelled: one that is our fault outweighs a
/// throttle, and that a lost race.
pub(super) fn verdict_of_reasons(reasons: &[CancellationReason]) -> Verdict {
    let one = |reason: &CancellationReason| match reason.code() {
        None | Some("None" | "ConditionalCheckFailed" | "TransactionConflict") => Verdict::Lost,
        Some("ItemCollectionSizeLimitExceeded") => Verdict::Refused,
        code => Verdict::of(code),
    };
    let verdicts: Vec<_> = reasons.iter().map(one).collect();
    let rank = [Verdict::Unknown, Verdict::Refused, Verdict::Throttled];
    rank.into_iter().find(|verdict| verdicts.contains(verdict)).unwrap_or(Verdict::Lost)
}

/// The error of a call of which only the last attempt is known: what DynamoDB refuses however often
/// it is asked is our fault, and so is what could not be sent; all else may pass.
pub(super) fn failed<E, R>(error: SdkError<E, R>) -> StoreError
where
    SdkError<E, R>: std::error::Error + Send + Sync + 'static,
    E: ProvideErrorMetadata,
{
    let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
    let unsent = matches!(error, SdkError::ConstructionFailure(_));
    if unsent || Verdict::of(code) == Verdict::Refused {
        StoreError::Rejected(Box::new(error))
    } else {
        StoreError::Unavailable(Box::new(error))
    }
}
