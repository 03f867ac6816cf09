//! Parsing a request: from what API Gateway hands on to types that cannot be invalid.

use std::str::FromStr;

use lambda_http::request::RequestContext;
use lambda_http::{Request, RequestExt as _};
use serde_json::{Map, Value};

use crate::access::Caller;
use crate::desk::Desk;
use crate::problem::{Fault, Problem};
use crate::refusal::Refusal;
use crate::reservation::ReservationId;
use crate::store::Store;
use crate::text::{EventId, IdempotencyKey, Malformed};

/// The largest body that is read: any order and any event fit many times.
const BODY_BYTES_MAX: usize = 16 * 1024;

/// Who calls, as the authorizer said; no header and no body is asked.
///
/// # Errors
///
/// [`Problem::CallerUnknown`] when the gateway was set up without the authorizer.
pub fn caller(request: &Request) -> Result<Caller, Problem> {
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

/// The caller's name for this request and its retries, bare or quoted, if it has one.
///
/// # Errors
///
/// [`Problem::InvalidRequest`] for a key out of bounds.
pub fn idempotency_key(request: &Request) -> Result<Option<IdempotencyKey>, Problem> {
    const HEADER: &str = "Idempotency-Key";
    let Some(value) = request.headers().get(HEADER) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    let bare = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let malformed = |expected: Malformed| Problem::fault(HEADER, expected.to_string(), "malformed");
    bare.parse().map(Some).map_err(malformed)
}

/// The fields of a JSON object, taken one by one; every fault is kept, so that a caller learns
/// of all at once. What is not asked for is ignored, as the published API does.
#[derive(Debug)]
pub struct Fields {
    object: Map<String, Value>,
    faults: Vec<Fault>,
}

impl Fields {
    /// The fields of the request's body.
    ///
    /// # Errors
    ///
    /// [`Problem::BodyTooLarge`], and [`Problem::InvalidRequest`] if it is no JSON object.
    pub fn of(request: &Request) -> Result<Self, Problem> {
        let body: &[u8] = request.body().as_ref();
        if body.len() > BODY_BYTES_MAX {
            return Err(Problem::BodyTooLarge);
        }
        if body.is_empty() {
            return Err(Problem::fault("#", "must be a JSON object, and is empty", "required"));
        }
        let object = serde_json::from_slice(body).map_err(|error| {
            Problem::fault("#", format!("must be a JSON object: {error}"), "malformed")
        })?;
        Ok(Self { object, faults: Vec::new() })
    }

    /// A text that may be left out.
    pub fn text<T: FromStr<Err = Malformed>>(&mut self, name: &str) -> Option<T> {
        self.take(name, |value| value.as_str().ok_or(Malformed("a text"))?.parse())
    }

    /// A text that must be there.
    pub fn required_text<T: FromStr<Err = Malformed>>(&mut self, name: &str) -> Option<T> {
        self.require(name);
        self.text(name)
    }

    /// An integer that must be there.
    pub fn required_number<T: TryFrom<u64, Error = Malformed>>(&mut self, name: &str) -> Option<T> {
        self.require(name);
        self.take(name, |value| integer(value).unwrap_or(u64::MAX).try_into())
    }

    /// The end of the taking.
    ///
    /// # Errors
    ///
    /// [`Problem::InvalidRequest`] with every fault that was found.
    pub fn done<T>(self, parsed: Option<T>) -> Result<T, Problem> {
        match parsed {
            Some(parsed) if self.faults.is_empty() => Ok(parsed),
            _ => Err(Problem::InvalidRequest(self.faults)),
        }
    }

    fn require(&mut self, name: &str) {
        if !self.object.contains_key(name) {
            self.fault(name, "is required".to_owned(), "required");
        }
    }

    fn take<T>(&mut self, name: &str, parse: impl Fn(&Value) -> Result<T, Malformed>) -> Option<T> {
        let value = self.object.get(name)?;
        match parse(value) {
            Ok(parsed) => Some(parsed),
            Err(expected) => {
                self.fault(name, expected.to_string(), "malformed");
                None
            }
        }
    }

    fn fault(&mut self, name: &str, detail: String, code: &'static str) {
        self.faults.push(Fault { pointer: format!("#/{name}"), detail, code });
    }
}

/// The value of a JSON integer. `3.0` and `3e0` are integers too: JSON knows one kind of number.
fn integer(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| {
        let number = value.as_f64().filter(|number| number.fract() == 0.0)?;
        let text = format!("{number:.0}");
        text.parse().ok()
    })
}
