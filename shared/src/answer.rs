//! Answering: every response of a handler is built here, and every request is logged here, once.

mod cancellation;
mod list;
mod log;

use std::convert::Infallible;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use jiff::Timestamp;
use lambda_http::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, LOCATION,
    RETRY_AFTER, X_CONTENT_TYPE_OPTIONS,
};
use lambda_http::http::response::Builder;
use lambda_http::http::{HeaderValue, Method};
use lambda_http::{Body, Request, Response};
use serde::Serialize;

pub use self::cancellation::{cancelling, shown_cancellation};
pub use self::list::{listed, listed_events};
use crate::event::Event;
use crate::parse;
use crate::problem::Problem;
use crate::reservation::Reservation;
use crate::summary::Summary;
use crate::tags::{Tags, tag_of_version_or_end};
use crate::trail;

/// Says that an earlier try of this request had done the work.
const IDEMPOTENCY_REPLAYED: &str = "Idempotency-Replayed";

/// The end of every request: a problem becomes its answer, a HEAD gets no body, and what became of
/// the request is logged.
///
/// # Errors
///
/// None: a problem is an answer, too.
pub fn finish(
    request: &Request,
    outcome: Result<Response<Body>, Problem>,
) -> Result<Response<Body>, Infallible> {
    let answer = conclude(request, outcome);
    if request.method() == Method::HEAD { Ok(answer.map(|_| Body::Empty)) } else { Ok(answer) }
}

fn conclude(request: &Request, outcome: Result<Response<Body>, Problem>) -> Response<Body> {
    let told = log::Told::of(request);
    match outcome {
        Ok(response) => {
            told.answered(response.status().as_u16());
            response
        }
        Err(problem) => {
            told.refused(&problem);
            refused(&problem, parse::request_id(request))
        }
    }
}

/// 201: the reservation that an order made, now or at an earlier try.
///
/// Its `Location` is relative to the path that was called, which ends in `/reservations`: so a
/// client that resolves it as RFC 9110 says (10.2.2) finds it under whatever stage, domain or base
/// path it called, and no `Host` that a caller made up is believed.
pub fn reserved(event: &Event, reservation: &Reservation, replayed: bool) -> Response<Body> {
    note(event, reservation, replayed);
    trail::note(|trail| {
        // Found after an outcome that was unknown, it is most likely this request's own.
        if !replayed || trail.outcomes_unknown > 0 {
            let is_held = reservation.held_until().is_some();
            let seats = if is_held { &mut trail.seats_held } else { &mut trail.seats_sold };
            *seats = reservation.seats.get();
        }
    });
    let location = format!("reservations/{}", reservation.id);
    let made = start(201).header(LOCATION, location).header(ETAG, tag_of_reservation(reservation));
    json(mark(made, replayed), &ReservationBody::of(event, reservation))
}

/// 200: what was held is bought, now or before; before, it is not counted as sold again.
pub fn confirmed(event: &Event, reservation: &Reservation, replayed: bool) -> Response<Body> {
    trail::note(|trail| {
        if !trail.own_work_found || trail.outcomes_unknown > 0 {
            trail.seats_sold = reservation.seats.get();
        }
    });
    changed(event, reservation, replayed)
}

/// 200: the reservation as it was changed, now or at an earlier try.
pub fn changed(event: &Event, reservation: &Reservation, replayed: bool) -> Response<Body> {
    note(event, reservation, replayed);
    let changed = start(200).header(ETAG, tag_of_reservation(reservation));
    json(mark(changed, replayed), &ReservationBody::of(event, reservation))
}

/// 200: the reservation as it is now; or 304, if the caller has seen this version of it.
pub fn shown(request: &Request, event: &Event, reservation: &Reservation) -> Response<Body> {
    note(event, reservation, false);
    let body = ReservationBody::of(event, reservation);
    unless_seen(request, tag_of_reservation(reservation), &body)
}

fn tag_of_reservation(reservation: &Reservation) -> String {
    tag_of_version_or_end(reservation.version, reservation.has_expired())
}

/// 204: the seats are given back, now or at an earlier try.
pub fn cancelled(event: &Event, reservation: &Reservation, replayed: bool) -> Response<Body> {
    note(event, reservation, replayed);
    trail::note(|trail| {
        if !replayed || trail.outcomes_unknown > 0 {
            trail.seats_returned = reservation.seats.get();
        }
    });
    end(mark(start(204), replayed), Body::Empty)
}

/// 201: the event that was created, now or at an earlier try. Its `Location` is relative to the
/// path that was called, `/events`.
pub fn created(summary: &Summary, replayed: bool) -> Response<Body> {
    trail::note(|trail| {
        trail.event.clone_from(&summary.event_id);
        trail.is_replay = replayed;
    });
    let location = format!("events/{}", summary.event_id);
    let made = start(201).header(LOCATION, location).header(ETAG, summary.tag());
    json(mark(made, replayed), summary)
}

/// 200: the event as it was changed, now or at an earlier try, and as all its pools know it.
pub fn amended(summary: &Summary, replayed: bool) -> Response<Body> {
    trail::note(|trail| {
        trail.event.clone_from(&summary.event_id);
        trail.is_replay = replayed;
    });
    json(mark(start(200).header(ETAG, summary.tag()), replayed), summary)
}

/// 200: the numbers of an event; or 304, if the caller has seen this version of them.
pub fn summarized(request: &Request, summary: &Summary) -> Response<Body> {
    trail::note(|trail| trail.event.clone_from(&summary.event_id));
    unless_seen(request, summary.tag(), summary)
}

/// Notes what the answer is about, for the log.
fn note(event: &Event, reservation: &Reservation, replayed: bool) {
    trail::note(|trail| {
        event.id.as_str().clone_into(&mut trail.event);
        trail.reservation = reservation.id.to_string();
        trail.is_replay = replayed;
    });
}

fn unless_seen(request: &Request, tag: String, body: &impl Serialize) -> Response<Body> {
    if has_seen(request, &tag) {
        return end(start(304).header(ETAG, tag), Body::Empty);
    }
    json(start(200).header(ETAG, tag), body)
}

/// 200: it works.
pub fn healthy() -> Response<Body> {
    end(start(200).header(CONTENT_TYPE, "text/plain; charset=utf-8"), "OK".into())
}

/// 200: a file that is the same for everybody until the next release; or 304, if the caller has it.
pub fn file(request: &Request, content_type: &str, content: impl Into<String>) -> Response<Body> {
    let content = content.into();
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    let tag = format!("\"{:016x}\"", hasher.finish());

    let file = Response::builder()
        .header(CACHE_CONTROL, "public, max-age=300")
        .header(X_CONTENT_TYPE_OPTIONS, "nosniff")
        .header(ETAG, &tag);
    if has_seen(request, &tag) {
        return end(file.status(304), Body::Empty);
    }
    end(file.header(CONTENT_TYPE, content_type), content.into())
}

/// As [`file()`], and a page of any origin may read it, too. Nothing else here may be read by a
/// browser: an access key must never reach one.
pub fn open_file(request: &Request, content_type: &str, content: &str) -> Response<Body> {
    let mut answer = file(request, content_type, content);
    answer.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    answer
}

/// Whether the caller says that it has what this tag names.
fn has_seen(request: &Request, tag: &str) -> bool {
    Tags::of(request, &IF_NONE_MATCH).is_some_and(|seen| seen.have(tag))
}

/// The answer to a problem.
fn refused(problem: &Problem, request_id: &str) -> Response<Body> {
    let mut refused = start(problem.status());
    if problem.is_retryable() {
        refused = refused.header(RETRY_AFTER, "1");
    }
    write(refused, "application/problem+json", &problem.body(request_id))
}

/// What every answer that is somebody's own starts with.
fn start(status: u16) -> Builder {
    Response::builder()
        .status(status)
        .header(CACHE_CONTROL, "no-store")
        .header(X_CONTENT_TYPE_OPTIONS, "nosniff")
}

fn mark(response: Builder, replayed: bool) -> Builder {
    if replayed { response.header(IDEMPOTENCY_REPLAYED, "true") } else { response }
}

fn json(response: Builder, body: &impl Serialize) -> Response<Body> {
    write(response, "application/json", body)
}

fn write(response: Builder, content_type: &str, body: &impl Serialize) -> Response<Body> {
    let body = serde_json::to_string(body).expect("our bodies have text keys");
    end(response.header(CONTENT_TYPE, content_type), body.into())
}

fn end(response: Builder, body: Body) -> Response<Body> {
    response.body(body).expect("every header is made of checked parts")
}

/// A time as text: always with three digits after the second, so that texts sort as times do.
fn text_of(time: Timestamp) -> String {
    format!("{time:.3}")
}

/// A reservation as the contract shows it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReservationBody<'a> {
    reservation_id: String,
    seats: u32,
    status: &'static str,
    event_id: &'a str,
    partner_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    partner_reference: Option<&'a str>,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cancelled_at: Option<String>,
    version: u64,
}

impl<'a> ReservationBody<'a> {
    fn of(event: &'a Event, reservation: &'a Reservation) -> Self {
        Self {
            reservation_id: reservation.id.to_string(),
            seats: reservation.seats.get(),
            status: reservation.status().as_str(),
            event_id: event.id.as_str(),
            partner_id: reservation.partner.as_str(),
            partner_reference: reservation.reference.as_ref().map(|reference| reference.as_str()),
            created_at: text_of(reservation.created_at),
            expires_at: reservation.expires_at().map(text_of),
            cancelled_at: reservation.cancelled.map(|cancellation| text_of(cancellation.at)),
            version: reservation.version,
        }
    }
}
