//! `GET /events`: the events there are, a page at a time.

use lambda_http::{Body, Request, Response};
use shared::desk::Desk;
use shared::parse::{self, Query};
use shared::problem::Problem;
use shared::store::Store;
use shared::{answer, directory};

/// Shows the events by id, each with its numbers. What was created before the first page was asked
/// for is on some page.
///
/// # Errors
///
/// [`Problem`]; every partner may see every event.
pub async fn list_events<S: Store>(
    desk: &Desk<S>,
    request: &Request,
) -> Result<Response<Body>, Problem> {
    parse::caller(request)?;
    let mut query = Query::of(request);
    let size = query.value("limit").unwrap_or_default();
    let from = query.value_by("cursor", directory::place_of);
    let from = query.done(from)?;

    let page = directory::page(desk, from.as_ref(), size).await?;

    Ok(answer::listed_events(request, &page))
}
