//! The Lambda binary of `check-health`: boots once, then answers what it is asked.

use check_health::check_health;
use lambda_http::{Error, Request, service_fn};
use shared::{answer, boot};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let desk = boot::open_desk().await?;
    boot::serve_anyone(
        env!("CARGO_PKG_NAME"),
        service_fn(move |request: Request| async move {
            answer::finish(&request, check_health(desk, &request).await)
        }),
    )
    .await
}
