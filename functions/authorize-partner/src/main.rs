//! The Lambda binary of `authorize-partner`: boots once, then answers one request at a time.

use authorize_partner::authorize_partner;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use shared::boot;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let store = &boot::open_access().await?;
    run(service_fn(async |request: LambdaEvent<_>| {
        authorize_partner(store, &request.payload).await.map_err(|error| {
            tracing::error!(%error, "the key could not be looked up");
            Error::from(error)
        })
    }))
    .await
}
