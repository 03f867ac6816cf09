//! The Lambda binary of `show-cancellation`: boots once, then answers what it is asked.

use lambda_http::{Error, Request, service_fn};
use shared::{answer, boot};
use show_cancellation::show_cancellation;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let desk = boot::open_desk().await?;
    boot::serve(
        env!("CARGO_PKG_NAME"),
        service_fn(move |request: Request| async move {
            answer::finish(&request, show_cancellation(desk, &request).await)
        }),
    )
    .await
}
