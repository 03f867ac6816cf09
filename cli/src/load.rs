//! `ticketboss load`: orders as on the day of the sale, for any stack, and the books checked while
//! it answers.
//!
//! ```text
//! pace: when → crowd: what → stack: the request → answers: judged → books, tally → report
//! ```
//!
//! It sends nothing twice while it measures, since a retry hides latency. It always ends: requests,
//! seconds and open requests are bounded.

mod answers;
pub mod books;
mod crowd;
pub mod operations;
pub mod pace;
mod report;
mod settings;
mod settling;
mod stack;
pub mod tally;
mod watching;

use std::sync::Arc;
use std::time::Duration;

use shared::boot::clock;
use shared::text::EventId;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::sleep;
use uuid::Uuid;

use self::answers::{Outcome, Summary, judge};
use self::books::Check;
use self::crowd::Crowd;
use self::operations::{Request, What};
use self::report::{Ending, Report};
pub use self::settings::Arguments;
use self::settings::{OnSale, Settings};
use self::stack::{Reply, Stack};
use crate::Error;
use crate::output::print;

/// A summary that is read after so long knows all that was answered before.
const UNTIL_FRESH: Duration = Duration::from_millis(1_200);

/// Loads the stack, and writes the report.
///
/// # Errors
///
/// [`Error::NotThisMachine`], [`Error::Refused`] when the stack does not let it begin, and
/// [`Error::Unsound`] when the report is written and tells of something wrong.
pub async fn run(arguments: Arguments) -> Result<(), Error> {
    let settings = Settings::from(arguments);
    let target = &settings.target;
    if !target.is_loopback() && !settings.is_owned {
        return Err(Error::NotThisMachine { host: target.host().to_owned() });
    }
    let stack = Stack::new(target.clone(), settings.keys.clone(), settings.timeout)?;
    let (event, before, is_alone) = open(&stack, &settings.on_sale).await?;
    report::try_to_write(&settings.report)?;
    let stop = stop_on_interrupt()?;

    let started_at = clock();
    let crowd = Arc::new(Crowd::new(settings.clone(), stack, event, before, is_alone));
    let next = Arc::clone(&crowd);
    let sending = settings.pace.send(crowd.start, settings.end(), stop, move |due| next.next(due));
    let unsent = tokio::select! {
        unsent = sending => unsent,
        () = watching::watch(Arc::clone(&crowd), &settings) => 0,
    };
    let taken = crowd.start.elapsed();
    let unknown = settling::settle(&crowd).await;
    let check = check(&crowd).await;

    let ending = Ending { taken, unsent, unknown, check };
    let report = Report::of(&crowd, &settings, started_at, ending);
    print(&report.to_string())?;
    report.write(&settings.report)?;
    if report.is_sound() { Ok(()) } else { Err(Error::Unsound) }
}

/// Creates the event, or reads how it stands; and whether nobody else can know it.
async fn open(stack: &Stack, on_sale: &OnSale) -> Result<(EventId, Summary, bool), Error> {
    let (event, is_new) = match on_sale {
        OnSale::Standing(event) => (event.clone(), false),
        OnSale::New { seats, organiser } => {
            let event = format!("load-{}", Uuid::new_v4()).parse().expect("it is an id");
            match stack.create(&event, *seats, organiser).await {
                Reply::Answered { status: 201, .. } => (event, true),
                reply @ (Reply::Answered { .. } | Reply::TimedOut | Reply::BrokenOff) => {
                    return Err(Error::Refused { what: "create the event", why: said(&reply) });
                }
            }
        }
    };
    if !is_new {
        sleep(UNTIL_FRESH).await;
    }
    let before = summarize(stack, &event).await;
    let before = before.map_err(|why| Error::Refused { what: "read the event", why })?;
    Ok((event, before, is_new))
}

/// The event's numbers, or what was said instead.
async fn summarize(stack: &Stack, event: &EventId) -> Result<Summary, String> {
    let request = Request { what: What::Summarize, key: 0, idempotency_key: None };
    let reply = stack.send(event, &request).await;
    match judge(event, &request, &reply).outcome {
        Outcome::Summarized(summary) => Ok(summary),
        Outcome::Sold(_)
        | Outcome::Cancelled
        | Outcome::Read
        | Outcome::SoldOut { .. }
        | Outcome::Refused
        | Outcome::Unknown => Err(said(&reply)),
    }
}

fn said(reply: &Reply) -> String {
    match reply {
        Reply::Answered { status, body } => {
            let text = String::from_utf8_lossy(body);
            format!("{status} {}", text.chars().take(300).collect::<String>())
        }
        Reply::TimedOut => "no answer in time".to_owned(),
        Reply::BrokenOff => "no connection".to_owned(),
    }
}

/// True once the operator has enough.
fn stop_on_interrupt() -> Result<watch::Receiver<bool>, Error> {
    let failed = |source| Error::System { what: "listen to signals", source };
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let (sender, stop) = watch::channel(false);
    tokio::spawn(async move {
        interrupt.recv().await;
        sender.send_replace(true);
        // Kept, since a closed channel would say something else.
        sender.closed().await;
    });
    Ok(stop)
}

/// Closes the books.
async fn check(crowd: &Crowd) -> Check {
    sleep(UNTIL_FRESH).await;
    let after = summarize(&crowd.stack, &crowd.event).await;
    let state = crowd.state();
    let gone = after.ok().map(|after| i64::from(after.gone()));
    let gone = gone.map(|gone| gone.saturating_sub(crowd.before.gone().into()));
    let wrong = state.wrongs.by_kind().values().fold(0, |sum: u64, one| sum.saturating_add(*one));
    Check::of(state.books.seats, gone, crowd.is_alone, wrong)
}
