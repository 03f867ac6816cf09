//! `GET /events/{eventId}/cancellations/{cancellationId}`: how far the cancellation of all
//! reservations of an event has come.

use lambda_http::{Body, Request, Response};
use shared::desk::Desk;
use shared::parse;
use shared::problem::Problem;
use shared::store::Store;
use shared::{answer, cancelling};

/// Counts what was cancelled and what is left, in all pools.
///
/// # Errors
///
/// [`Problem`]; of several cancellations only the last can be seen.
pub async fn show_cancellation<S: Store>(
    desk: &Desk<S>,
    request: &Request,
) -> Result<Response<Body>, Problem> {
    parse::organiser(request)?;
    let event_id = parse::event_id(request, desk)?;
    let by = parse::cancellation_id(request)?;

    let event = desk.store.load_event(&event_id).await?.ok_or(Problem::EventNotFound)?;
    if event.cancelled_by != Some(by) {
        return Err(Problem::CancellationNotFound);
    }
    let progress = cancelling::progress(desk, &event).await?;

    Ok(answer::shown_cancellation(&event, by, progress))
}
