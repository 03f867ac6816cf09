//! The answers about the cancellation of all reservations of an event.

use lambda_http::http::header::LOCATION;
use lambda_http::{Body, Response};
use serde::Serialize;

use super::{json, mark, start};
use crate::cancelling::Progress;
use crate::event::Event;
use crate::mark::RequestMark;
use crate::trail;

/// 202: the cancellation of all, which is done but for what time did not allow. Its `Location` is
/// relative to the path that was called, `/events/{eventId}/cancellations`.
pub fn cancelling(
    event: &Event,
    by: RequestMark,
    progress: Progress,
    replayed: bool,
) -> Response<Body> {
    if !replayed {
        let seats = u32::try_from(progress.seats).unwrap_or(u32::MAX);
        trail::note(|trail| trail.seats_returned = seats);
    }
    let begun = start(202).header(LOCATION, format!("cancellations/{by}"));
    json(mark(begun, replayed), &CancellationBody::of(event, by, progress))
}

/// 200: how far the cancellation of all has come.
pub fn shown_cancellation(event: &Event, by: RequestMark, progress: Progress) -> Response<Body> {
    json(start(200), &CancellationBody::of(event, by, progress))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CancellationBody<'a> {
    cancellation_id: String,
    event_id: &'a str,
    status: &'static str,
    cancelled_reservations: u64,
    cancelled_seats: u64,
    remaining_reservations: u64,
}

impl<'a> CancellationBody<'a> {
    fn of(event: &'a Event, by: RequestMark, progress: Progress) -> Self {
        trail::note(|trail| event.id.as_str().clone_into(&mut trail.event));
        let Progress { cancelled, seats, live } = progress;
        Self {
            cancellation_id: by.to_string(),
            event_id: event.id.as_str(),
            status: if live > 0 { "running" } else { "done" },
            cancelled_reservations: cancelled,
            cancelled_seats: seats,
            remaining_reservations: live,
        }
    }
}
