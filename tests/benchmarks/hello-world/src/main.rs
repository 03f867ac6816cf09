//! The least that a Lambda function can be: it answers `Hello, world!` to everything.

use lambda_http::{Error, Request, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(async |_: Request| Ok::<_, Error>("Hello, world!"))).await
}
