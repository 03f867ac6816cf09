//! The Lambda binary of `list-events`: boots once, then answers what it is asked.

use lambda_http::{Error, Request, service_fn};
use list_events::list_events;
use shared::{answer, boot};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let desk = boot::open_desk().await?;
    boot::serve(
        env!("CARGO_PKG_NAME"),
        service_fn(move |request: Request| async move {
            answer::finish(&request, list_events(desk, &request).await)
        }),
    )
    .await
}
