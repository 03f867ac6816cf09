//! Whether a deployed stack is watched: its logs and metrics arrive, and its stage throttles.
//!
//! It asks AWS by the `aws` command, which an operator has: SDKs for four more services would be
//! linked for nothing else.

use std::time::Duration;

use tokio::process::Command;
use tokio::time::{Instant, sleep};

use super::calls::Calls;

/// Logs arrive within seconds; the audit, and so its metrics, within its five minutes.
const PATIENCE: Duration = Duration::from_secs(420);
const PAUSE: Duration = Duration::from_secs(5);

/// Looks for the lines of this request, for the audit's metrics, and for the stage's limits.
pub(super) async fn look(calls: &mut Calls, stack: &str, request: &str) {
    for group in ["/aws/lambda", "/aws/apigateway"] {
        let (group, line) = (format!("{group}/{stack}"), format!("\"{request}\""));
        let words = "logs filter-log-events --query events[].message --output text";
        let which = ["--log-group-name", &group, "--filter-pattern", &line];
        let found = wait_for(words, &which, request).await;
        calls.note(format!("the last refusal's line is in {group}"), found.err());
    }
    let wrong = match limits(stack).await {
        Ok(limits) if limits.contains("throttlingRateLimit") => None,
        Ok(limits) => Some(format!("its settings are {limits}")),
        Err(why) => Some(why),
    };
    calls.note("the stage has a rate and a burst", wrong);
    let words = "cloudwatch list-metrics --query Metrics[].MetricName --output text";
    let found = wait_for(words, &["--namespace", "TicketBoss"], "EventsAudited").await;
    calls.note("the audit's metrics arrive", found.err());
}

/// What the stage is set to, of the API that is the stack's.
async fn limits(stack: &str) -> Result<String, String> {
    let words = "cloudformation describe-stack-resource --logical-resource-id Api \
                 --query StackResourceDetail.PhysicalResourceId --output text";
    let api = ask(words, &["--stack-name", stack]).await?;
    let words = "apigateway get-stage --stage-name v1 --query methodSettings";
    ask(words, &["--rest-api-id", api.trim()]).await
}

/// Asks until the answer has this in it.
async fn wait_for(words: &str, which: &[&str], expected: &str) -> Result<(), String> {
    let start = Instant::now();
    loop {
        let said = ask(words, which).await?;
        if said.contains(expected) {
            return Ok(());
        }
        if start.elapsed() > PATIENCE {
            return Err(format!(
                "it does not arrive; `aws {words} {}` says: {said}",
                which.join(" ")
            ));
        }
        sleep(PAUSE).await;
    }
}

/// What `aws` says to these words, and to what they are about.
async fn ask(words: &str, which: &[&str]) -> Result<String, String> {
    let words = words.split_whitespace().chain(which.iter().copied());
    let done = Command::new("aws").args(words).output().await;
    let done = done.map_err(|error| format!("cannot run `aws`: {error}"))?;
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if done.status.success() { Ok(said(&done.stdout)) } else { Err(said(&done.stderr)) }
}
