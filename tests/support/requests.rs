//! Requests as API Gateway hands them to a handler, made in process.

use std::collections::HashMap;

use aws_lambda_events::apigw::{
    ApiGatewayProxyRequestContext, ApiGatewayRequestAuthorizer as Authorizer,
};
use lambda_http::http::HeaderValue;
use lambda_http::request::RequestContext;
use lambda_http::{Body, Request, RequestExt as _};
use serde_json::Value;
use shared::access::Caller;
use shared::event::Event;
use shared::reservation::ReservationId;

/// What requests are made of.
pub(crate) struct Parts;

impl Parts {
    /// `POST /reservations` with this body.
    pub(crate) fn order(caller: &Caller, body: Value, key: &Option<String>) -> Request {
        Self::request(caller, "POST", body.to_string().into(), key)
    }

    /// `GET` or `DELETE /reservations/{reservationId}`.
    pub(crate) fn reservation(
        caller: &Caller,
        id: &ReservationId,
        key: &Option<String>,
    ) -> Request {
        let path = [("reservationId".to_owned(), vec![id.to_string()])];
        let path = HashMap::from(path);
        Self::request(caller, "GET", Body::Empty, key).with_path_parameters(path)
    }

    /// A `POST` to something of this reservation, with this body.
    pub(crate) fn reservation_with(caller: &Caller, id: &ReservationId, body: &Value) -> Request {
        let path = [("reservationId".to_owned(), vec![id.to_string()])];
        let path = HashMap::from(path);
        let request = Self::request(caller, "POST", body.to_string().into(), &None);
        request.with_path_parameters(path)
    }

    /// `GET /reservations`.
    pub(crate) fn summary(caller: &Caller) -> Request {
        Self::request(caller, "GET", Body::Empty, &None)
    }

    /// `GET /events/{eventId}/reservations` with this query, of the default event.
    pub(crate) fn list(caller: &Caller, query: HashMap<&str, &str>) -> Request {
        let owned = |(name, value): (&str, &str)| (name.to_owned(), vec![value.to_owned()]);
        let query: HashMap<_, _> = query.into_iter().map(owned).collect();
        let request = Self::request(caller, "GET", Body::Empty, &None);
        request.with_query_string_parameters(query)
    }

    /// `PATCH /events/{eventId}`, whatever its revision is.
    pub(crate) fn amendment(caller: &Caller, event: &Event, body: &Value) -> Request {
        let path = HashMap::from([("eventId".to_owned(), vec![event.id.to_string()])]);
        let mut request = Self::request(caller, "PATCH", body.to_string().into(), &None);
        request.headers_mut().insert("If-Match", HeaderValue::from_static("*"));
        request.with_path_parameters(path)
    }

    /// `POST /events/{eventId}/cancellations`, always with the same key.
    pub(crate) fn cancel_all(caller: &Caller, event: &Event) -> Request {
        let path = HashMap::from([("eventId".to_owned(), vec![event.id.to_string()])]);
        let key = Some("all".to_owned());
        Self::request(caller, "POST", Body::Empty, &key).with_path_parameters(path)
    }

    /// A request of this caller's, with any body.
    pub(crate) fn request(
        caller: &Caller,
        method: &str,
        body: Body,
        key: &Option<String>,
    ) -> Request {
        let mut authorizer = Authorizer::default();
        let fields = [("partnerId", caller.id.as_str()), ("role", caller.role.as_str())];
        authorizer.fields =
            fields.map(|(name, value)| (name.to_owned(), Value::from(value))).into_iter().collect();
        let mut context = ApiGatewayProxyRequestContext::default();
        context.authorizer = authorizer;
        context.request_id = Some("in-process".to_owned());

        let mut request = lambda_http::http::Request::builder().method(method).uri("/");
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        let request = request.body(body).expect("a request");
        request.with_request_context(RequestContext::ApiGatewayV1(context))
    }
}
