//! `DELETE /reservations/{reservationId}`: a partner gives its seats back, once.

use lambda_http::{Body, Request, Response};
use shared::answer;
use shared::commit::{Home, decide_and_commit};
use shared::desk::Desk;
use shared::mark::RequestMark;
use shared::parse;
use shared::problem::Problem;
use shared::store::Store;
use shared::tags;

/// Cancels the reservation that the path names, if it is of a version that `If-Match` means.
///
/// A second time there is nothing to cancel, except for a retry with the same `Idempotency-Key`,
/// which is answered as the first try.
///
/// # Errors
///
/// [`Problem`], which says whether a retry can help.
pub async fn cancel_reservation<S: Store>(
    desk: &Desk<S>,
    request: &Request,
) -> Result<Response<Body>, Problem> {
    let caller = parse::caller(request)?;
    let key = parse::idempotency_key(request)?;
    let id = parse::reservation_id(request)?;

    let event = desk.event(&parse::event_id(request, desk)?).await?;
    let home = id.home_in(&event)?;
    let by = match &key {
        Some(key) => RequestMark::of_cancel(&id, &caller.id, key),
        None => RequestMark::of_random(desk.random()),
    };
    let is_meant = tags::if_match(request);

    let settled = decide_and_commit(desk, &event, Home::Fixed(home), move |view, now| {
        view.home().expect(&id, &caller, &is_meant)?;
        view.home().cancel(&id, &caller, by, now)
    })
    .await?;

    Ok(answer::cancelled(&event, &settled.reservation, key.is_some() && settled.replayed))
}
