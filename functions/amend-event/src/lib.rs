//! `PATCH /events/{eventId}`: an organiser changes an event, pauses its sale or closes it.

use lambda_http::{Body, Request, Response};
use shared::desk::Desk;
use shared::event::EventAmendment;
use shared::parse::{self, Fields};
use shared::problem::Problem;
use shared::store::Store;
use shared::summary::Summary;
use shared::{amending, answer, lookout, tags};

/// Changes what the body names, if `If-Match` means the event's revision. Once this is answered, no
/// order is accepted against it: all pools know.
///
/// # Errors
///
/// [`Problem`], which says whether a retry can help. A change that broke off is finished by its
/// retry, or by the next change.
pub async fn amend_event<S: Store>(
    desk: &Desk<S>,
    request: &Request,
) -> Result<Response<Body>, Problem> {
    parse::organiser(request)?;
    let key = parse::idempotency_key(request)?;
    let event_id = parse::event_id(request, desk)?;
    let amendment = parse_amendment(request)?;
    let is_meant = tags::required_revision(request)?;

    let amended = amending::amend_event(desk, &event_id, &amendment, is_meant).await?;

    let census = lookout::census(desk, &amended.event).await?;
    let summary = Summary::of(&amended.event, &census, desk.now());
    Ok(answer::amended(&summary, key.is_some() && amended.replayed))
}

/// Reads `{"status":"paused","salesOpenAt":null}` and the like: what is not named stays, and `null`
/// takes a time or a bound away.
fn parse_amendment(request: &Request) -> Result<EventAmendment, Problem> {
    let mut body = Fields::of(request)?;
    let amendment = EventAmendment {
        name: body.text("name"),
        ends_at: body.removable_text("endsAt"),
        sale: body.text("status"),
        opens_at: body.removable_text("salesOpenAt"),
        closes_at: body.removable_text("salesCloseAt"),
        order_max: body.removable_number("maxSeatsPerOrder"),
        cancelled_by: None,
    };
    body.unchangeable("totalSeats");
    let amendment = body.done(Some(amendment))?;
    if amendment == EventAmendment::default() {
        let detail = "must name at least one member that can be changed";
        return Err(Problem::fault("#", detail, "required"));
    }
    Ok(amendment)
}
