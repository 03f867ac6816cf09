//! `POST /events`: an organiser puts an event on sale.

use lambda_http::{Body, Request, Response};
use shared::board::Census;
use shared::desk::Desk;
use shared::event::{Event, TotalSeats};
use shared::mark::RequestMark;
use shared::parse::{self, Fields};
use shared::pool::Pool;
use shared::problem::Problem;
use shared::store::Store;
use shared::summary::Summary;
use shared::terms::{Moment, Terms};
use shared::text::{EventId, EventName, IdempotencyKey, PartnerId};
use shared::{answer, creation};

/// Creates the event that the body describes, with all its pools; never touches one that exists.
///
/// # Errors
///
/// [`Problem`], which says whether a retry can help.
pub async fn create_event<S: Store>(
    desk: &Desk<S>,
    request: &Request,
) -> Result<Response<Body>, Problem> {
    let caller = parse::organiser(request)?;
    let key = parse::idempotency_key(request)?;
    let event = parse_event(desk, request, &caller.id, key.as_ref())?;

    let replayed = creation::create_event(&desk.store, &event, || desk.random()).await?;

    let now = desk.now();
    let summary = Summary::of(&event, &Census::of(&Pool::open_all(&event), now), now);
    Ok(answer::created(&summary, key.is_some() && replayed))
}

/// Reads `{"eventId":"rust-meetup","name":"Rust Meet-up","totalSeats":500}`, and maybe `endsAt` and
/// the terms of its sale; `eventId` is made if it is left out.
fn parse_event<S: Store>(
    desk: &Desk<S>,
    request: &Request,
    caller: &PartnerId,
    key: Option<&IdempotencyKey>,
) -> Result<Event, Problem> {
    let mut body = Fields::of(request)?;
    let id = body.text::<EventId>("eventId");
    let name = body.required_text::<EventName>("name");
    let total_seats = body.required_number::<TotalSeats>("totalSeats");
    let ends_at = body.text::<Moment>("endsAt");
    let terms = Terms {
        sale: body.text("status").unwrap_or_default(),
        opens_at: body.text("salesOpenAt"),
        closes_at: body.text("salesCloseAt"),
        order_max: body.number("maxSeatsPerOrder"),
    };
    let (name, total_seats) = body.done(name.zip(total_seats))?;
    if !terms.are_in_order() {
        return Err(Problem::sale_never_open());
    }

    let mark = match key {
        Some(key) => RequestMark::of_create(caller, key),
        None => RequestMark::of_random(desk.random()),
    };
    let id = id.unwrap_or_else(|| Event::id_of(mark));
    // On terms of its own it is as one that was changed once: its pools have to know.
    let revision = u64::from(terms != Terms::default());
    let event = Event::new(id, name, total_seats, desk.now(), mark);
    Ok(Event { ends_at, terms, revision, ..event })
}
