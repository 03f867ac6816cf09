//! What is looked at while the load runs: once a second the event's numbers, more often the books,
//! and for the operator a line on the terminal.

use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use super::crowd::Crowd;
use super::settings::Settings;

/// Often, since the bounds of what may be seen are as narrow as the books are fresh.
const PERIOD: Duration = Duration::from_millis(250);
const TICKS_PER_SAMPLE: usize = 4;

/// Looks, until it is dropped.
pub(crate) async fn watch(crowd: Arc<Crowd>, settings: &Settings) {
    let progress = progress(settings);
    let mut ticks = interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut sampling = JoinSet::new();
    for tick in 0.. {
        ticks.tick().await;
        let line = look(&crowd, settings);
        progress.set_position(crowd.start.elapsed().min(settings.end()).as_secs());
        progress.set_message(line);
        while sampling.try_join_next().is_some() {}
        // One at a time: a slow stack is not asked more often for being slow.
        if tick % TICKS_PER_SAMPLE == 0 && sampling.is_empty() {
            sampling.spawn(Arc::clone(&crowd).sample());
        }
    }
}

/// Remembers how the books are, and says how the load goes.
fn look(crowd: &Crowd, settings: &Settings) -> String {
    let mut state = crowd.state();
    // Now that nobody can enter anything: what is remembered is not later than its time.
    let now = crowd.start.elapsed();
    state.books.remember(now);
    let Some(measured) = now.checked_sub(settings.warm_up) else {
        return "warming up".to_owned();
    };
    let (latency, answers) = state.tally.lately(measured);
    let left = state.tally.seats_left().map_or_else(String::new, |left| format!(", {left} left"));
    let seats = state.books.seats;
    let wrong = if state.wrongs.by_kind().is_empty() { "" } else { ", WRONG ANSWERS" };
    format!(
        "{} answered, {answers}/s, p50 {:.1} ms, p99 {:.1} ms, {} seats sold{left}{wrong}",
        state.tally.count(),
        latency.p50_ms,
        latency.p99_ms,
        seats.sold,
    )
}

/// A bar on stderr, if that is a terminal.
fn progress(settings: &Settings) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:20} {pos} of {len} s  {msg}");
    ProgressBar::new(settings.end().as_secs())
        .with_style(style.expect("the template is well formed"))
}
