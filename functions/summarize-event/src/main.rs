//! The Lambda binary of `summarize-event`: boots once, then answers what it is asked.

use lambda_http::{Error, Request, service_fn};
use shared::{answer, boot};
use summarize_event::summarize_event;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let desk = boot::open_desk().await?;
    boot::serve(
        env!("CARGO_PKG_NAME"),
        service_fn(move |request: Request| async move {
            answer::finish(&request, summarize_event(desk, &request).await)
        }),
    )
    .await
}
