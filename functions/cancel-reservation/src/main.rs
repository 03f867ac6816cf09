//! The Lambda binary of `cancel-reservation`: boots once, then answers one request at a time.

use cancel_reservation::cancel_reservation;
use lambda_http::{Error, Request, service_fn};
use shared::{answer, boot};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let desk = &boot::open_desk().await?;
    boot::serve(service_fn(async |request: Request| {
        answer::finish(&request, cancel_reservation(desk, &request).await)
    }))
    .await
}
