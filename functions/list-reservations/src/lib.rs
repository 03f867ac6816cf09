//! `GET /events/{eventId}/reservations`: the reservations of an event, a page at a time.

use lambda_http::{Body, Request, Response};
use shared::access::{Caller, Role};
use shared::desk::Desk;
use shared::list::{Filter, Place};
use shared::paging::PageSize;
use shared::parse::{self, Query};
use shared::problem::Problem;
use shared::store::Store;
use shared::text::{EventId, PartnerId};
use shared::{answer, list};

/// Shows a partner its own reservations, and an organiser all, or one partner's: live, or ended
/// within the last 24 hours. What stood before the first page was asked for is on some page.
///
/// # Errors
///
/// [`Problem`]; what belongs to another partner is not there.
pub async fn list_reservations<S: Store>(
    desk: &Desk<S>,
    request: &Request,
) -> Result<Response<Body>, Problem> {
    let caller = parse::caller(request)?;
    let event_id = parse::event_id(request, desk)?;
    let (filter, from, size) = parse_query(request, &caller, &event_id)?;

    let event = desk.event(&event_id).await?;
    let page = list::page(desk, &event, &filter, from, size).await?;
    let next_cursor = page.next.map(|place| filter.cursor_of(&event.id, place));

    Ok(answer::listed(request, &event, &page, next_cursor))
}

/// Reads `?status=confirmed&partnerReference=A-17&limit=50&cursor=...`, and an organiser's
/// `partnerId`; all may be left out.
fn parse_query(
    request: &Request,
    caller: &Caller,
    event: &EventId,
) -> Result<(Filter, Place, PageSize), Problem> {
    let mut query = Query::of(request);
    let asked: Option<PartnerId> = query.value("partnerId");
    let is_theirs = asked.as_ref().is_none_or(|partner| caller.may_act_for(partner));
    let partner = match caller.role {
        Role::Partner => Some(caller.id.clone()),
        Role::Organiser => asked,
    };
    let (status, reference) = (query.value("status"), query.value("partnerReference"));
    let filter = Filter { partner, status, reference };
    let size = query.value("limit").unwrap_or_default();
    let from = query.value_by("cursor", |cursor| filter.place_of(event, cursor));
    let parsed = query.done((filter, from.unwrap_or(Place::FIRST), size))?;
    if is_theirs { Ok(parsed) } else { Err(Problem::PartnerMismatch) }
}
