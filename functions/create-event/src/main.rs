//! The Lambda binary of `create-event`: boots once, then answers one request at a time.

use create_event::create_event;
use lambda_http::{Error, Request, service_fn};
use shared::{answer, boot};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let desk = &boot::open_desk().await?;
    boot::serve(service_fn(async |request: Request| {
        answer::finish(&request, create_event(desk, &request).await)
    }))
    .await
}
