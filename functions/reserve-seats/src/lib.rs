//! `POST /reservations`: a partner takes seats, or learns why not.

use lambda_http::{Body, Request, Response};
use shared::access::Caller;
use shared::answer;
use shared::commit::{Home, decide_and_commit};
use shared::desk::Desk;
use shared::order::Order;
use shared::parse::{self, Fields};
use shared::problem::Problem;
use shared::reservation::ReservationId;
use shared::store::Store;
use shared::text::EventId;

/// Sells the seats that the body orders, exactly once however often it is asked.
///
/// # Errors
///
/// [`Problem`], which says whether a retry can help.
pub async fn reserve_seats<S: Store>(
    desk: &Desk<S>,
    request: &Request,
) -> Result<Response<Body>, Problem> {
    let caller = parse::caller(request)?;
    let key = parse::idempotency_key(request)?;
    let event_id = parse::event_id(request, desk);
    let order = parse_order(request, &caller, event_id.as_ref().ok())?;

    let event = desk.event(&event_id?).await?;
    let (id, home) = match &key {
        Some(key) => {
            let id = ReservationId::of_key(&event, &caller.id, key);
            (id, Home::Fixed(id.pool()))
        }
        None => {
            let id = desk.draw_id(&event, order.seats);
            (id, Home::Any { first: id.pool(), seats: order.seats })
        }
    };

    let settled = decide_and_commit(desk, &event, home, move |view, now| {
        view.reserve(&id.moved_to(view.home().index()), &order, now)
    })
    .await?;

    Ok(answer::reserved(&event, &settled.reservation, key.is_some() && settled.replayed))
}

/// Reads `{"partnerId":"abc-corp","seats":3,"partnerReference":"A-17"}`; only `seats` is required.
/// A `"hold":{"expiresInSeconds":300}` holds the seats at first. An `eventId` may stand there, too,
/// as long as it is the path's.
fn parse_order(
    request: &Request,
    caller: &Caller,
    event: Option<&EventId>,
) -> Result<Order, Problem> {
    let mut body = Fields::of(request)?;
    let partner = body.text("partnerId");
    let reference = body.text("partnerReference");
    let seats = body.required_number("seats");
    let hold = body.object("hold", |hold| hold.required_number("expiresInSeconds"));
    if let Some(event) = event {
        body.same_text("eventId", event.as_str());
    }
    let seats = body.done(seats)?;

    let partner = partner.unwrap_or_else(|| caller.id.clone());
    if !caller.may_act_for(&partner) {
        return Err(Problem::PartnerMismatch);
    }
    Ok(Order { partner, seats, reference, hold })
}
