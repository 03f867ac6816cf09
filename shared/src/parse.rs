//! Parsing a request: from what API Gateway hands on to types that cannot be invalid.

mod fields;
mod query;

use lambda_http::http::HeaderValue;
use lambda_http::http::header::AUTHORIZATION;
use lambda_http::request::RequestContext;
use lambda_http::{Request, RequestExt as _};
use serde_json::Value;

pub use self::fields::Fields;
pub use self::query::Query;
use crate::access::{Caller, Role};
use crate::desk::Desk;
use crate::mark::RequestMark;
use crate::problem::Problem;
use crate::refusal::Refusal;
use crate::reservation::ReservationId;
use crate::store::Store;
use crate::text::{EventId, IdempotencyKey, Malformed};

/// Who calls, as the authorizer said; no header and no body is asked.
///
/// # Errors
///
/// [`Problem::RouteNotFound`] for a path that ends in a slash, [`Problem::InvalidRequest`] for two
/// different keys, of which the authorizer saw one; and [`Problem::CallerUnknown`] when the gateway
/// was set up without the authorizer.
pub fn caller(request: &Request) -> Result<Caller, Problem> {
    // AWS does not say whether its REST APIs take `/reservations/` for `/reservations`, and reports
    // from the field differ (aws-powertools/powertools-lambda-python#1552). The contract does: no.
    if request.raw_http_path().ends_with('/') {
        return Err(Problem::RouteNotFound);
    }
    only_line(request, AUTHORIZATION.as_str())?;
    let Some(RequestContext::ApiGatewayV1(context)) = request.request_context_ref() else {
        return Err(Problem::CallerUnknown);
    };
    let field = |name: &str| context.authorizer.fields.get(name).and_then(Value::as_str);
    let caller = || {
        let (id, role) = (field("partnerId")?.parse().ok()?, field("role")?.parse().ok()?);
        Some(Caller { id, role })
    };
    caller().ok_or(Problem::CallerUnknown)
}

/// Who calls, if that is an organiser.
///
/// # Errors
///
/// [`Problem::AccessDenied`] for anybody else, whom the authorizer should have turned away; and
/// those of [`caller`].
pub fn organiser(request: &Request) -> Result<Caller, Problem> {
    let caller = caller(request)?;
    if caller.role == Role::Organiser { Ok(caller) } else { Err(Problem::AccessDenied) }
}

/// What the gateway calls this request, for its answer and our logs.
pub fn request_id(request: &Request) -> &str {
    match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV1(context)) => {
            context.request_id.as_deref().unwrap_or_default()
        }
        _ => "",
    }
}

/// The event that the path names, or the default one.
///
/// # Errors
///
/// [`Problem::EventNotFound`] for a name that no event can have.
pub fn event_id<S: Store>(request: &Request, desk: &Desk<S>) -> Result<EventId, Problem> {
    match request.path_parameters_ref().and_then(|path| path.first("eventId")) {
        Some(id) => id.parse().map_err(|_| Problem::EventNotFound),
        None => Ok(desk.default_event.clone()),
    }
}

/// The reservation that the path names.
///
/// # Errors
///
/// [`Refusal::ReservationNotFound`] for a name that no reservation can have.
pub fn reservation_id(request: &Request) -> Result<ReservationId, Problem> {
    let id = request.path_parameters_ref().and_then(|path| path.first("reservationId"));
    id.and_then(|id| id.parse().ok()).ok_or(Problem::Refused(Refusal::ReservationNotFound))
}

/// The cancellation of all that the path names.
///
/// # Errors
///
/// [`Problem::CancellationNotFound`] for a name that none can have.
pub fn cancellation_id(request: &Request) -> Result<RequestMark, Problem> {
    let id = request.path_parameters_ref().and_then(|path| path.first("cancellationId"));
    id.and_then(|id| id.parse().ok()).ok_or(Problem::CancellationNotFound)
}

/// The caller's name for this request and its retries, bare or quoted, if it has one.
///
/// # Errors
///
/// [`Problem::InvalidRequest`] for a key out of bounds, and for two different ones.
pub fn idempotency_key(request: &Request) -> Result<Option<IdempotencyKey>, Problem> {
    const HEADER: &str = "Idempotency-Key";
    let Some(value) = only_line(request, HEADER)? else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    let bare = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let malformed = |expected: Malformed| Problem::fault(HEADER, expected.to_string(), "malformed");
    bare.parse().map(Some).map_err(malformed)
}

/// The value of a header that decides something, if the request has it.
///
/// # Errors
///
/// [`Problem::InvalidRequest`] if it has several lines of it that differ: whichever we took, the
/// caller or somebody in between may have meant the other.
fn only_line<'a>(request: &'a Request, header: &str) -> Result<Option<&'a HeaderValue>, Problem> {
    let mut lines = request.headers().get_all(header).iter();
    let first = lines.next();
    if lines.any(|line| Some(line) != first) {
        let detail = "was sent more than once, with different values";
        return Err(Problem::fault(header, detail, "malformed"));
    }
    Ok(first)
}
