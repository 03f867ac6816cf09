//! `POST /reservations/{reservationId}/confirm`: a partner buys the seats that it holds.

use lambda_http::{Body, Request, Response};
use shared::answer;
use shared::commit::{Home, decide_and_commit};
use shared::desk::Desk;
use shared::parse;
use shared::problem::Problem;
use shared::store::Store;

/// Confirms the reservation that the path names, unless the time of its hold is over. What is
/// confirmed already stays so.
///
/// # Errors
///
/// [`Problem`], which says whether a retry can help.
pub async fn confirm_reservation<S: Store>(
    desk: &Desk<S>,
    request: &Request,
) -> Result<Response<Body>, Problem> {
    let caller = parse::caller(request)?;
    let key = parse::idempotency_key(request)?;
    let id = parse::reservation_id(request)?;

    let event = desk.event(&parse::event_id(request, desk)?).await?;
    let home = id.home_in(&event)?;

    let settled = decide_and_commit(desk, &event, Home::Fixed(home), move |view, now| {
        view.home().confirm(&id, &caller, now)
    })
    .await?;

    Ok(answer::confirmed(&event, &settled.reservation, key.is_some() && settled.replayed))
}
