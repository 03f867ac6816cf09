//! The Lambda binary of `show-reservation`: boots once, then answers what it is asked.

use lambda_http::{Error, Request, service_fn};
use shared::{answer, boot};
use show_reservation::show_reservation;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let desk = boot::open_desk().await?;
    boot::serve(
        env!("CARGO_PKG_NAME"),
        service_fn(move |request: Request| async move {
            answer::finish(&request, show_reservation(desk, &request).await)
        }),
    )
    .await
}
