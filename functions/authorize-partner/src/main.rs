//! The Lambda binary of `authorize-partner`: boots once, then answers what it is asked.

use authorize_partner::authorize_partner;
use lambda_runtime::{Error, LambdaEvent, run_concurrent, service_fn};
use shared::boot;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let store = boot::open_access().await?;
    run_concurrent(service_fn(move |request: LambdaEvent<_>| async move {
        authorize_partner(store, &request.payload).await.map_err(|error| {
            tracing::error!(%error, "the key could not be looked up");
            Error::from(error)
        })
    }))
    .await
}
