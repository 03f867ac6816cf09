//! The Lambda binary of `cancel-all-reservations`: boots once, then answers what it is asked.

use cancel_all_reservations::cancel_all_reservations;
use lambda_http::{Error, Request, service_fn};
use shared::{answer, boot};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let desk = boot::open_desk().await?;
    boot::serve(
        env!("CARGO_PKG_NAME"),
        service_fn(move |request: Request| async move {
            answer::finish(&request, cancel_all_reservations(desk, &request).await)
        }),
    )
    .await
}
