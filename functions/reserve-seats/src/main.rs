//! The Lambda binary of `reserve-seats`: boots once, then answers one request at a time.

use lambda_http::{Error, Request, service_fn};
use reserve_seats::reserve_seats;
use shared::{answer, boot};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let desk = &boot::open_desk().await?;
    boot::serve(service_fn(async |request: Request| {
        answer::finish(&request, reserve_seats(desk, &request).await)
    }))
    .await
}
