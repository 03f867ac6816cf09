//! `ticketboss smoke`: whether a stack that was just deployed does what its contract says: every
//! operation, what the gateway answers by itself, and that addresses work behind the stage.
//!
//! It takes some seconds, and creates an event of two seats for itself. It says where to look for
//! what only AWS can tell of: logs, metrics and throttling.

mod answer;
mod calls;
mod walk;

use std::fmt::Write as _;

use shared::access::AccessToken;
use uuid::Uuid;

use self::calls::Calls;
use crate::Error;
use crate::output::print;
use crate::target::Target;

/// What to look at, and as whom.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The stack: where it answers, stage included
    #[arg(long, env = "TICKETBOSS_URL", value_name = "URL")]
    url: Target,
    /// A partner's access key
    #[arg(long, env = "TICKETBOSS_KEY", hide_env_values = true, value_name = "TOKEN")]
    key: AccessToken,
    /// An organiser's access key
    #[arg(long, env = "TICKETBOSS_ORGANISER_KEY", hide_env_values = true, value_name = "TOKEN")]
    organiser: AccessToken,
}

/// Looks at everything, and prints a line for each thing.
///
/// # Errors
///
/// [`Error::Smoke`] if anything is not as the contract says.
pub async fn run(arguments: Arguments) -> Result<(), Error> {
    let Arguments { url, key, organiser } = arguments;
    let event = format!("smoke-{}", Uuid::new_v4());
    let mut calls = Calls::new(url, key, organiser)?;
    walk::gateway(&mut calls).await;
    walk::service(&mut calls).await;
    walk::sale(&mut calls, &event).await;
    let mut report = String::new();
    for finding in &calls.findings {
        match &finding.wrong {
            None => writeln!(report, "ok     {}", finding.what),
            Some(wrong) => writeln!(report, "WRONG  {}: {wrong}", finding.what),
        }
        .expect("a String takes any text");
    }
    let wrong = calls.findings.iter().filter(|finding| finding.wrong.is_some()).count();
    let (all, request) = (calls.findings.len(), calls.last_request_id());
    write!(report, "{}", elsewhere(all, wrong, request)).expect("a String takes any text");
    print(&report)?;
    if wrong == 0 { Ok(()) } else { Err(Error::Smoke(wrong)) }
}

/// What cannot be seen from here.
fn elsewhere(all: usize, wrong: usize, request: &str) -> String {
    format!(
        "\n{} of {all} as the contract says. Only AWS can tell the rest:\n\
         - logs: `aws logs filter-log-events --log-group-name /aws/lambda/STACK \
         --filter-pattern '\"{request}\"'` finds the last request's line, and the same in \
         /aws/apigateway/STACK;\n\
         - metrics: `aws cloudwatch list-metrics --namespace TicketBoss` has the audit's after \
         five minutes;\n\
         - throttling: `ticketboss load --rate` above RequestsPerSecond meets 429 rate-limited.\n",
        all.saturating_sub(wrong),
    )
}
