//! The Lambda binary of `audit-seats`: boots once, then audits whenever the schedule says so.

use std::io::{Write, stdout};

use audit_seats::audit_seats;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use shared::boot;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let store = &boot::open_store()?;
    run(service_fn(async |_: LambdaEvent<serde_json::Value>| {
        let audited = audit_seats(store, boot::clock()).await.inspect_err(|error| {
            tracing::error!(%error, "the audit could not be finished");
        })?;
        writeln!(stdout(), "{}", audited.metrics(store.table(), boot::clock()))?;
        Ok::<_, Error>(audited)
    }))
    .await
}
