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

/// Every code that AWS documents for our calls, and what it says of the attempt that met it. One
/// that is not here, or not known yet, is [`Verdict::Unknown`].
const VERDICTS: [(&str, Verdict); 42] = [
    // "Error handling with DynamoDB", amazondynamodb/latest/developerguide/Programming.Errors.html
    ("AccessDeniedException", Verdict::Refused),
    ("ConditionalCheckFailedException", Verdict::Lost),
    ("IncompleteSignatureException", Verdict::Refused),
    ("InternalServerError", Verdict::Unknown),
    ("ItemCollectionSizeLimitExceededException", Verdict::Refused),
    ("LimitExceededException", Verdict::Throttled),
    ("MissingAuthenticationTokenException", Verdict::Refused),
    ("ProvisionedThroughputExceededException", Verdict::Throttled),
    ("ReplicatedWriteConflictException", Verdict::Unknown),
    ("RequestLimitExceeded", Verdict::Throttled),
    ("ResourceNotFoundException", Verdict::Refused),
    ("ServiceUnavailable", Verdict::Unknown),
    ("ThrottlingException", Verdict::Throttled),
    ("UnrecognizedClientException", Verdict::Refused),
    // Too large an item, too.
    ("ValidationException", Verdict::Refused),
    // `UpdateItem`, amazondynamodb/latest/APIReference/API_UpdateItem.html
    ("TransactionConflictException", Verdict::Lost),
    // `TransactWriteItems`, amazondynamodb/latest/APIReference/API_TransactWriteItems.html
    ("TransactionInProgressException", Verdict::Unknown),
    // Not ours to cause: a transaction's token is new for each call, and its retries are equal.
    ("IdempotentParameterMismatchException", Verdict::Refused),
    // The same page, of the reasons for which a transaction is cancelled.
    ("ConditionalCheckFailed", Verdict::Lost),
    ("ItemCollectionSizeLimitExceeded", Verdict::Refused),
    ("ProvisionedThroughputExceeded", Verdict::Throttled),
    ("ThrottlingError", Verdict::Throttled),
    ("TransactionConflict", Verdict::Lost),
    ("ValidationError", Verdict::Refused),
    // "Common errors", amazondynamodb/latest/APIReference/CommonErrors.html, which all AWS share.
    ("AccessDenied", Verdict::Refused),
    ("ExpiredTokenException", Verdict::Refused),
    ("IncompleteSignature", Verdict::Refused),
    ("InternalFailure", Verdict::Unknown),
    ("InvalidClientTokenId", Verdict::Refused),
    ("MalformedHttpRequestException", Verdict::Refused),
    ("NotAuthorized", Verdict::Refused),
    ("OptInRequired", Verdict::Refused),
    ("RequestAbortedException", Verdict::Unknown),
    ("RequestEntityTooLargeException", Verdict::Refused),
    // The clocks are apart, or the request was long under way.
    ("RequestExpired", Verdict::Refused),
    ("RequestTimeoutException", Verdict::Unknown),
    // Of clocks that are apart: `service_clock_skew.rs` of the SDK, in aws-runtime 1.10.
    ("AuthFailure", Verdict::Refused),
    ("InvalidSignatureException", Verdict::Refused),
    ("RequestTimeTooSkewed", Verdict::Refused),
    ("SignatureDoesNotMatch", Verdict::Refused),
    // Of a request that cannot be read, as the engines answer it: see `conversation`, a test.
    ("SerializationException", Verdict::Refused),
    ("UnknownOperationException", Verdict::Refused),
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
    let codes = reasons.iter().filter_map(CancellationReason::code).filter(|code| *code != "None");
    let verdicts: Vec<_> = codes.map(|code| Verdict::of(Some(code))).collect();
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
    let verdict = match &error {
        SdkError::ServiceError(answer) => Verdict::of(answer.err().code()),
        // It was never sent.
        SdkError::ConstructionFailure(_) => Verdict::Refused,
        // Not answered, not reached, or answered with what says nothing.
        SdkError::TimeoutError(_)
        | SdkError::DispatchFailure(_)
        | SdkError::ResponseError(_)
        | _ => Verdict::Unknown,
    };
    match verdict {
        Verdict::Refused => StoreError::Rejected(Box::new(error)),
        Verdict::Lost | Verdict::Throttled | Verdict::Unknown => {
            StoreError::Unavailable(Box::new(error))
        }
    }
}
