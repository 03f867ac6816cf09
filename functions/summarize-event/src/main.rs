//! The Lambda binary of `summarize-event`: boots once, then answers one request at a time.

use lambda_http::{Error, Request, service_fn};
use shared::{answer, boot};
use summarize_event::summarize_event;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let desk = &boot::open_desk().await?;
    boot::serve(service_fn(async |request: Request| {
        answer::finish(&request, summarize_event(desk, &request).await)
    }))
    .await
}
