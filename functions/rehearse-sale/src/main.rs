//! The Lambda binary of `rehearse-sale`: boots once, then rehearses whenever the schedule says so.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use rehearse_sale::rehearse_sale;
use shared::boot;
use shared::config::Stage;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let (store, stage) = (&boot::open_store()?, &Stage::from_env()?);
    run(service_fn(async |_: LambdaEvent<serde_json::Value>| {
        rehearse_sale(store, stage).await.inspect_err(|error| {
            tracing::error!(%error, cause = ?error, "the rehearsal failed");
        })?;
        Ok::<_, Error>("rehearsed")
    }))
    .await
}
