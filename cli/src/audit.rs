//! `ticketboss audit`: is every seat there, and only once? By hand, on any stack, while it sells.

use std::fmt::Write;
use std::pin::pin;

use futures_util::StreamExt as _;
use indicatif::{ProgressBar, ProgressStyle};
use shared::audit::audit_events;
use shared::boot::clock;
use shared::dynamo::DynamoStore;
use shared::findings::Findings;
use shared::repair::{Repair, repair_event};
use shared::store::{Books as _, Store as _, StoreError};
use shared::text::EventId;

use crate::Error;
use crate::output::print;
use crate::place::Place;

/// What to audit, and where.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The event to audit; otherwise every event
    event: Option<EventId>,
    /// First mend what a restored backup got wrong, as far as arithmetic proves how. Only while
    /// nothing is sold from this table
    #[arg(long)]
    repair: bool,
    #[command(flatten)]
    place: Place,
}

/// Audits, and prints what was found.
///
/// # Errors
///
/// [`Error::Violations`] and [`Error::Unsettled`], unless all is well; or whatever kept the audit
/// from finding out.
pub async fn run(arguments: Arguments) -> Result<(), Error> {
    let store = arguments.place.open().await?;
    let failed = |source: StoreError| Error::Table {
        table: store.table().to_owned(),
        source: source.into(),
    };
    let events = match arguments.event {
        Some(event) => vec![event.to_string()],
        None => {
            let listed = store.list_events().await.map_err(failed)?;
            listed.into_iter().map(|event| event.id).collect()
        }
    };
    if arguments.repair {
        print(&repair(&store, &events).await.map_err(failed)?)?;
    }
    let audited = audit(&store, events).await.map_err(failed)?;
    print(&report(&audited))?;

    let unsettled = audited.iter().filter(|findings| findings.unsettled).count();
    match (violations(&audited), unsettled) {
        (0, 0) => Ok(()),
        (0, unsettled) => Err(Error::Unsettled(unsettled)),
        (violations, _) => Err(Error::Violations(violations)),
    }
}

/// Mends what can be mended, and says what was done. What cannot is for the audit to name.
async fn repair(store: &DynamoStore, events: &[String]) -> Result<String, StoreError> {
    let mut text = String::new();
    for id in events {
        let Ok(id) = id.parse() else { continue };
        let event = match store.load_event(&id).await {
            Ok(Some(event)) => event,
            Ok(None) | Err(StoreError::Corrupt { .. }) => continue,
            Err(error) => return Err(error),
        };
        store.remove_board(&id).await?;
        if let Repair::Mended(seats) = repair_event(store, &event, clock()).await? {
            let what = if seats > 0 { "lost seats put in" } else { "doubled seats taken out" };
            writeln!(text, "{:32} mended: {what}: {}", id.as_str(), seats.unsigned_abs())
                .expect("a String takes any text");
        }
    }
    Ok(text)
}

async fn audit(store: &DynamoStore, events: Vec<String>) -> Result<Vec<Findings>, StoreError> {
    let progress = progress(&events);
    let mut audited = Vec::new();
    let mut findings = pin!(audit_events(store, events));
    while let Some(findings) = findings.next().await {
        let findings = findings?;
        progress.set_message(findings.event.clone());
        audited.push(findings);
        progress.inc(1);
    }
    progress.finish_and_clear();
    Ok(audited)
}

/// A bar on stderr, if that is a terminal.
fn progress(events: &[String]) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos} of {len} events  {msg}");
    let length = u64::try_from(events.len()).unwrap_or(u64::MAX);
    ProgressBar::new(length).with_style(style.expect("the template is well formed"))
}

fn report(audited: &[Findings]) -> String {
    let mut text = String::new();
    let mut line = |line: String| writeln!(text, "{line}").expect("a String takes any text");
    for Findings { event, pools, violations, warnings, unsettled } in audited {
        let verdict = match (violations.len(), unsettled) {
            (0, false) => "sound".to_owned(),
            (0, true) => "too busy to be added up".to_owned(),
            (found, _) => count(found, "violation"),
        };
        line(format!("{event:32} {:>8}  {verdict}", count(*pools, "pool")));
        for violation in violations {
            line(format!("  {violation}"));
        }
        for warning in warnings {
            line(format!("  warning: {warning}"));
        }
    }
    let pools = audited.iter().map(|findings| findings.pools).fold(0, usize::saturating_add);
    line(format!(
        "{} with {} audited: {}",
        count(audited.len(), "event"),
        count(pools, "pool"),
        count(violations(audited), "violation"),
    ));
    text
}

fn violations(audited: &[Findings]) -> usize {
    audited.iter().map(|findings| findings.violations.len()).fold(0, usize::saturating_add)
}

fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}
