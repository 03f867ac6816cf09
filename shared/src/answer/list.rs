//! The answers that are one page of a list.

use std::collections::BTreeMap;

use lambda_http::http::header::LINK;
use lambda_http::{Body, Request, RequestExt as _, Response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use super::{ReservationBody, json, start};
use crate::directory;
use crate::event::Event;
use crate::list;
use crate::summary::Summary;
use crate::trail;

/// 200: a page of the event's reservations; where the next begins, this cursor says.
pub fn listed(
    request: &Request,
    event: &Event,
    page: &list::Page,
    next_cursor: Option<String>,
) -> Response<Body> {
    trail::note(|trail| event.id.as_str().clone_into(&mut trail.event));
    let next_cursor = next_cursor.as_deref();
    let reservations = page.reservations.iter().map(|one| ReservationBody::of(event, one));
    paged(request, next_cursor, &ListBody { reservations: reservations.collect(), next_cursor })
}

/// 200: a page of the directory of events.
pub fn listed_events(request: &Request, page: &directory::Page) -> Response<Body> {
    let next_cursor = page.next.as_ref().map(directory::cursor_of);
    let next_cursor = next_cursor.as_deref();
    paged(request, next_cursor, &DirectoryBody { events: &page.events, next_cursor })
}

/// A page and the link to the next: as the query that was asked, with its cursor. It has no path,
/// so it is resolved against what the caller called, whatever stage, domain or base path that has.
fn paged(request: &Request, next_cursor: Option<&str>, body: &impl Serialize) -> Response<Body> {
    let mut page = start(200);
    if let Some(cursor) = next_cursor {
        let asked =
            request.query_string_parameters_ref().into_iter().flat_map(|query| query.iter());
        let asked: BTreeMap<_, _> = asked.filter(|(name, _)| *name != "cursor").collect();
        let asked = asked.into_iter().chain([("cursor", cursor)]);
        let encoded = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
        let pairs = asked.map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
        page =
            page.header(LINK, format!("<?{}>; rel=\"next\"", pairs.collect::<Vec<_>>().join("&")));
    }
    json(page, body)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ListBody<'a> {
    reservations: Vec<ReservationBody<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DirectoryBody<'a> {
    events: &'a [Summary],
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<&'a str>,
}
