//! What can go wrong with an attempt: the errors that AWS documents for our calls, and answers that
//! never come, or not as they were sent.

use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::ConnectorError;
use serde_json::json;
use tokio::time::sleep;

use super::expression::Item;
use super::operations::{Answer, cancelled};
use crate::support::simulated::table::Table;

/// Refusals for want of throughput. Nothing was done.
pub(crate) const THROTTLES: [&str; 4] = [
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
];

/// Why there was too much, as an answer lists it besides ("Diagnosing throttling", in DynamoDB's
/// developer guide). The table has no index.
pub(crate) const THROTTLING_REASONS: [&str; 8] = [
    "TableReadAccountLimitExceeded",
    "TableReadKeyRangeThroughputExceeded",
    "TableReadMaxOnDemandThroughputExceeded",
    "TableReadProvisionedThroughputExceeded",
    "TableWriteAccountLimitExceeded",
    "TableWriteKeyRangeThroughputExceeded",
    "TableWriteMaxOnDemandThroughputExceeded",
    "TableWriteProvisionedThroughputExceeded",
];

/// Refusals that are our deployment's fault. Nothing was done.
pub(crate) const DENIALS: [&str; 23] = [
    "AccessDenied",
    "AccessDeniedException",
    "AuthFailure",
    "ExpiredTokenException",
    "IdempotentParameterMismatchException",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "ItemCollectionSizeLimitExceededException",
    "MalformedHttpRequestException",
    "MissingAuthenticationTokenException",
    "NotAuthorized",
    "OptInRequired",
    "RequestEntityTooLargeException",
    "RequestExpired",
    "RequestTimeTooSkewed",
    "ResourceNotFoundException",
    "SerializationException",
    "SignatureDoesNotMatch",
    "UnknownOperationException",
    "UnrecognizedClientException",
    "ValidationException",
];

/// Errors that leave open whether anything was done.
pub(crate) const DOUBTS: [(u16, &str); 7] = [
    (500, "InternalServerError"),
    (500, "InternalFailure"),
    (503, "ServiceUnavailable"),
    (408, "RequestTimeoutException"),
    (400, "RequestAbortedException"),
    (400, "ReplicatedWriteConflictException"),
    (400, "NeverHeardOfException"),
];

/// The reasons for a cancelled transaction that nothing in the table makes.
pub(crate) const CANCELLATIONS: [(bool, &str); 5] = [
    (true, "ItemCollectionSizeLimitExceeded"),
    (true, "ValidationError"),
    (false, "ProvisionedThroughputExceeded"),
    (false, "ThrottlingError"),
    (false, "DuplicateItem"),
];

/// How an attempt ends that is not answered as it should be. What was done, if anything, stands.
#[derive(Debug, Clone, Copy)]
pub(super) enum End {
    /// There is no answer, ever.
    Silence,
    /// The connection breaks.
    Reset,
    /// The answer breaks off in the middle.
    Cut,
    /// The answer is altered on its way.
    Altered,
    /// What is answered is no JSON.
    Garbage,
    /// One of [`DOUBTS`].
    Doubt,
}

/// The answer to a call of which nothing is done: it is denied, or too much.
pub(super) fn refusal(table: &Table<Item>, is_denied: bool, is_transaction: bool) -> HttpResponse {
    let dice = &table.dice;
    if is_transaction && dice.chance(0.5) {
        let ours = CANCELLATIONS.iter().filter(|(is_ours, _)| *is_ours == is_denied);
        let (_, reason) = **dice.pick(&ours.collect::<Vec<_>>());
        table.state().count(reason);
        return sent(&cancelled(&["None", reason]));
    }
    if !is_denied {
        let (code, reason) = (*dice.pick(&THROTTLES), *dice.pick(&THROTTLING_REASONS));
        table.state().count(code);
        table.state().count(reason);
        let reasons = json!([{ "reason": reason, "resource": "arn:aws:dynamodb:::table/wire" }]);
        return sent(&Answer::error(400, code).with("ThrottlingReasons", reasons));
    }
    let code = *dice.pick(&DENIALS);
    table.state().count(code);
    let mut refused = sent(&Answer::error(400, code));
    if dice.chance(0.5) {
        // The SDK takes the server's clock for right, and signs again by it.
        table.state().count("clocks are apart");
        refused.headers_mut().insert("date", "Tue, 23 Nov 2027 10:15:30 GMT");
    }
    refused
}

/// What the caller of an attempt meets that ends like this, in place of this answer.
pub(super) async fn meet(
    end: End,
    table: &Table<Item>,
    answer: Option<&Answer>,
) -> Result<HttpResponse, ConnectorError> {
    let seen = |what| table.state().count(what);
    match end {
        End::Silence => {
            seen("never answered");
            sleep(Duration::from_secs(60)).await;
            Err(ConnectorError::timeout("never answered".into()))
        }
        End::Reset => {
            seen("connection reset");
            Err(ConnectorError::io("connection reset".into()))
        }
        End::Doubt => {
            // The first is the usual one.
            let any = *table.dice.pick(&DOUBTS);
            let (status, code) = if table.dice.chance(0.5) { DOUBTS[0] } else { any };
            seen(code);
            Ok(sent(&Answer::error(status, code)))
        }
        End::Garbage => {
            seen("answer is no JSON");
            Ok(response(200, b"<html>".to_vec()))
        }
        End::Cut => {
            seen("answer cut");
            let mut body = answer.map_or_else(Vec::new, body_of);
            body.truncate(body.len() / 2);
            Ok(response(200, body))
        }
        End::Altered => {
            let whole = answer.map_or_else(Vec::new, body_of);
            let mut altered = response(200, altered(whole.clone()));
            if altered.body().bytes() != Some(&whole) {
                seen("answer altered");
            }
            altered.headers_mut().insert("x-amz-crc32", crc32fast::hash(&whole).to_string());
            Ok(altered)
        }
    }
}

/// The last digit is another one, or nothing is.
fn altered(mut body: Vec<u8>) -> Vec<u8> {
    if let Some(digit) = body.iter_mut().rev().find(|byte| byte.is_ascii_digit()) {
        *digit = if *digit == b'1' { b'2' } else { b'1' };
    }
    body
}

/// The answer as it should come: DynamoDB sends a checksum with what is no error.
pub(super) fn sent(answer: &Answer) -> HttpResponse {
    let body = body_of(answer);
    let checksum = crc32fast::hash(&body).to_string();
    let mut sent = response(answer.status, body);
    if answer.status == 200 {
        sent.headers_mut().insert("x-amz-crc32", checksum);
    }
    sent
}

fn body_of(answer: &Answer) -> Vec<u8> {
    answer.body.to_string().into_bytes()
}

fn response(status: u16, body: Vec<u8>) -> HttpResponse {
    let status = status.try_into().expect("a status");
    let mut response = HttpResponse::new(status, body.into());
    response.headers_mut().insert("content-type", "application/x-amz-json-1.0");
    response
}
