//! `ticketboss smoke`: whether a stack that was just deployed does what its contract says: every
//! operation, what the gateway answers by itself, and that addresses work behind the stage.
//!
//! It takes some seconds, and creates an event of two seats for itself. With `--stack` it also
//! looks whether logs and metrics arrive, and whether the stage throttles; that takes minutes.

mod answer;
mod calls;
mod walk;
mod watched;

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
    /// Look for its logs and metrics, too, by the `aws` command and your AWS credentials
    #[arg(long, value_name = "NAME")]
    stack: Option<String>,
}

/// Looks at everything, and prints a line for each thing.
///
/// # Errors
///
/// [`Error::Smoke`] if anything is not as the contract says.
pub async fn run(arguments: Arguments) -> Result<(), Error> {
    let Arguments { url, key, organiser, stack } = arguments;
    let event = format!("smoke-{}", Uuid::new_v4());
    let mut calls = Calls::new(url, key, organiser)?;
    walk::gateway(&mut calls).await;
    walk::service(&mut calls).await;
    walk::default_event(&mut calls).await;
    walk::sale(&mut calls, &event).await;
    if let Some(stack) = &stack {
        let request = calls.last_request_id().to_owned();
        watched::look(&mut calls, stack, &request).await;
    }
    let mut report = String::new();
    for finding in &calls.findings {
        match &finding.wrong {
            None => writeln!(report, "ok     {}", finding.what),
            Some(wrong) => writeln!(report, "WRONG  {}: {wrong}", finding.what),
        }
        .expect("a String takes any text");
    }
    let wrong = calls.findings.iter().filter(|finding| finding.wrong.is_some()).count();
    let all = calls.findings.len();
    writeln!(report, "\n{} of {all} as the contract says.", all.saturating_sub(wrong))
        .expect("a String takes any text");
    print(&report)?;
    if wrong == 0 { Ok(()) } else { Err(Error::Smoke(wrong)) }
}
