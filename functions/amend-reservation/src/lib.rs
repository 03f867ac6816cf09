//! `PATCH /reservations/{reservationId}`: a partner changes the seats of a reservation, or its own
//! name for it.

use lambda_http::{Body, Request, Response};
use shared::answer;
use shared::commit::{Home, decide_and_commit};
use shared::desk::Desk;
use shared::order::Amendment;
use shared::parse::{self, Fields};
use shared::problem::Problem;
use shared::store::Store;
use shared::tags;

/// Changes the reservation that the path names, if it is of the version that `If-Match` means: to
/// fewer seats always, to more if there are as many.
///
/// # Errors
///
/// [`Problem`], which says whether a retry can help. Then the reservation is as it was.
pub async fn amend_reservation<S: Store>(
    desk: &Desk<S>,
    request: &Request,
) -> Result<Response<Body>, Problem> {
    let caller = parse::caller(request)?;
    let key = parse::idempotency_key(request)?;
    let id = parse::reservation_id(request)?;
    let amendment = parse_amendment(request)?;
    let is_meant = tags::required_match(request)?;

    let event = desk.event(&parse::event_id(request, desk)?).await?;
    let home = id.home_in(&event)?;

    let settled = decide_and_commit(desk, &event, Home::Fixed(home), move |view, now| {
        view.amend(&id, &caller, &amendment, &is_meant, now)
    })
    .await?;

    Ok(answer::changed(&event, &settled.reservation, key.is_some() && settled.replayed))
}

/// Reads `{"seats":2,"partnerReference":"A-18"}`, of which one may be left out.
fn parse_amendment(request: &Request) -> Result<Amendment, Problem> {
    let mut body = Fields::of(request)?;
    let (seats, reference) = (body.number("seats"), body.text("partnerReference"));
    let amendment = body.done(Some(Amendment { seats, reference }))?;
    if amendment.seats.is_none() && amendment.reference.is_none() {
        let detail = "must name seats, partnerReference or both";
        return Err(Problem::fault("#", detail, "required"));
    }
    Ok(amendment)
}
