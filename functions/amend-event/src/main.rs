//! The Lambda binary of `amend-event`: boots once, then answers what it is asked.

use amend_event::amend_event;
use lambda_http::{Error, Request, service_fn};
use shared::{answer, boot};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let desk = boot::open_desk().await?;
    boot::serve(
        env!("CARGO_PKG_NAME"),
        service_fn(move |request: Request| async move {
            answer::finish(&request, amend_event(desk, &request).await)
        }),
    )
    .await
}
