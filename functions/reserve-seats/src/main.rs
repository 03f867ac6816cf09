//! The Lambda binary of `reserve-seats`: boots once, then answers what it is asked.

use lambda_http::{Error, Request, service_fn};
use reserve_seats::reserve_seats;
use shared::{answer, boot};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let desk = boot::open_desk().await?;
    boot::serve(
        env!("CARGO_PKG_NAME"),
        service_fn(move |request: Request| async move {
            answer::finish(&request, reserve_seats(desk, &request).await)
        }),
    )
    .await
}
