//! `GET /reservations/{reservationId}`: what a reservation is now.

use lambda_http::{Body, Request, Response};
use shared::answer;
use shared::desk::Desk;
use shared::parse;
use shared::problem::Problem;
use shared::refusal::Refusal;
use shared::store::Store;

/// Shows the caller one of its reservations: live, or ended within the last 24 hours.
///
/// # Errors
///
/// [`Problem`]; what belongs to another partner does not exist.
pub async fn show_reservation<S: Store>(
    desk: &Desk<S>,
    request: &Request,
) -> Result<Response<Body>, Problem> {
    let caller = parse::caller(request)?;
    let id = parse::reservation_id(request)?;

    let event = desk.event(&parse::event_id(request, desk)?).await?;
    let pool = desk.store.load_pool(&event, id.home_in(&event)?).await?;
    let pool = pool.settled(desk.now());
    let reservation = pool.reservation(&id, &caller).ok_or(Refusal::ReservationNotFound)?;

    Ok(answer::shown(request, &event, reservation))
}
