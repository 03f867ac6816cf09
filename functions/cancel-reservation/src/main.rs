//! The Lambda binary of `cancel-reservation`: boots once, then answers what it is asked.

use cancel_reservation::cancel_reservation;
use lambda_http::{Error, Request, service_fn};
use shared::{answer, boot};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let desk = boot::open_desk().await?;
    boot::serve(
        env!("CARGO_PKG_NAME"),
        service_fn(move |request: Request| async move {
            answer::finish(&request, cancel_reservation(desk, &request).await)
        }),
    )
    .await
}
