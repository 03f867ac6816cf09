//! `POST /reservations/{reservationId}/extend`: a partner holds its seats for longer.

use lambda_http::{Body, Request, Response};
use shared::answer;
use shared::commit::{Home, decide_and_commit};
use shared::desk::Desk;
use shared::hold::HoldTime;
use shared::parse::{self, Fields};
use shared::problem::Problem;
use shared::store::Store;

/// Holds the seats of the reservation that the path names for as long from now on as the body says,
/// and never for more than 30 minutes from its order on.
///
/// # Errors
///
/// [`Problem`], which says whether a retry can help.
pub async fn extend_reservation<S: Store>(
    desk: &Desk<S>,
    request: &Request,
) -> Result<Response<Body>, Problem> {
    let caller = parse::caller(request)?;
    let key = parse::idempotency_key(request)?;
    let id = parse::reservation_id(request)?;
    let time = parse_time(request)?;

    let event = desk.event(&parse::event_id(request, desk)?).await?;
    let home = id.home_in(&event)?;

    let settled = decide_and_commit(desk, &event, Home::Fixed(home), move |view, now| {
        view.home().extend(&id, &caller, time, now)
    })
    .await?;

    Ok(answer::changed(&event, &settled.reservation, key.is_some() && settled.replayed))
}

/// Reads `{"expiresInSeconds":300}`.
fn parse_time(request: &Request) -> Result<HoldTime, Problem> {
    let mut body = Fields::of(request)?;
    let time = body.required_number("expiresInSeconds");
    body.done(time)
}
