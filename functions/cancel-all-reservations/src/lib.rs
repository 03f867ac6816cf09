//! `POST /events/{eventId}/cancellations`: an organiser cancels all reservations of an event.

use lambda_http::{Body, Request, Response};
use shared::desk::Desk;
use shared::mark::RequestMark;
use shared::parse;
use shared::problem::Problem;
use shared::store::Store;
use shared::{answer, cancelling};

/// Closes the sale and gives the seats of every reservation back, each once. An event is so far one
/// answer's work; what is left is done by the same request again.
///
/// # Errors
///
/// [`Problem`], which says whether a retry can help.
pub async fn cancel_all_reservations<S: Store>(
    desk: &Desk<S>,
    request: &Request,
) -> Result<Response<Body>, Problem> {
    let caller = parse::organiser(request)?;
    let key = parse::idempotency_key(request)?;
    let event_id = parse::event_id(request, desk)?;
    let by = match &key {
        Some(key) => RequestMark::of_cancel_all(&event_id, &caller.id, key),
        None => RequestMark::of_random(desk.random()),
    };

    let done = cancelling::cancel_all(desk, &event_id, by).await?;

    Ok(answer::cancelling(&done.event, by, done.progress, key.is_some() && done.replayed))
}
