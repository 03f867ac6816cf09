//! `GET /healthcheck`: whether TicketBoss is up, and with `?deep=1` whether its table answers.

use lambda_http::{Body, Request, RequestExt as _, Response};
use shared::answer;
use shared::desk::Desk;
use shared::problem::Problem;
use shared::store::Store;

/// Answers `OK`. Asked deeply, only after the table has answered a read.
///
/// # Errors
///
/// The store's, when it is asked and does not answer.
pub async fn check_health<S: Store>(
    desk: &Desk<S>,
    request: &Request,
) -> Result<Response<Body>, Problem> {
    let query = request.query_string_parameters_ref();
    if query.and_then(|query| query.first("deep")) == Some("1") {
        desk.store.load_event(&desk.default_event).await?;
    }
    Ok(answer::healthy())
}
