//! The Lambda binary of `show-docs`: boots once, then answers what it is asked.

use lambda_http::{Error, Request, service_fn};
use shared::{answer, boot};
use show_docs::show_docs;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    boot::start()?;
    boot::serve_anyone(
        env!("CARGO_PKG_NAME"),
        service_fn(async |request: Request| answer::finish(&request, show_docs(&request))),
    )
    .await
}
