//! `GET /reservations` and `GET /events/{eventId}`: how many seats of an event are left.

use lambda_http::{Body, Request, Response};
use shared::answer;
use shared::desk::Desk;
use shared::lookout;
use shared::parse;
use shared::problem::Problem;
use shared::store::Store;
use shared::summary::Summary;

/// Answers the event's numbers, at most a second old. A caller that has this version already is
/// answered 304.
///
/// # Errors
///
/// [`Problem`]; every partner may see every event.
pub async fn summarize_event<S: Store>(
    desk: &Desk<S>,
    request: &Request,
) -> Result<Response<Body>, Problem> {
    parse::caller(request)?;

    let event = desk.event(&parse::event_id(request, desk)?).await?;
    let census = lookout::census(desk, &event).await?;
    let event = desk.event_since(event, census.revision).await?;
    Ok(answer::summarized(request, &Summary::of(&event, &census, desk.now())))
}
