//! The report: all that was measured and checked, for a person and for a script.

mod markup;
mod page;
mod plots;

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, OpenOptions};
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::books::Check;
use super::crowd::Crowd;
use super::settings::Settings;
use super::tally::{Percentiles, Row, Second};
use crate::Error;

/// A load that is over.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    is_sound: bool,
    verdict: String,
    check: Check,
    /// How often each wrong answer came.
    wrong_answers: BTreeMap<String, u64>,
    /// Requests whose outcome is unknown.
    unknown_outcomes: usize,
    started_at: Timestamp,
    seconds_taken: f64,
    event: String,
    total_seats: u32,
    settings: Value,
    /// Those that were measured.
    requests: u64,
    /// Those that fell due and could not be sent in time.
    unsent: u64,
    latency: Percentiles,
    totals: Vec<Row>,
    seconds: Vec<Second>,
}

/// How a load ended: when, what could not be sent or known, and how the books stand.
pub(crate) struct Ending {
    pub(crate) taken: Duration,
    pub(crate) unsent: u64,
    pub(crate) unknown: usize,
    pub(crate) check: Check,
}

impl Report {
    pub(crate) fn of(
        crowd: &Crowd,
        settings: &Settings,
        started_at: Timestamp,
        Ending { taken, unsent, unknown, check }: Ending,
    ) -> Self {
        let state = crowd.state();
        Self {
            is_sound: check.is_sound(),
            verdict: check.verdict(),
            check,
            wrong_answers: state.wrongs.by_kind().clone(),
            unknown_outcomes: unknown,
            started_at,
            seconds_taken: taken.as_secs_f64(),
            event: crowd.event.to_string(),
            total_seats: crowd.before.total_seats,
            settings: settings.described(),
            requests: state.tally.count(),
            unsent,
            latency: state.tally.percentiles(),
            totals: state.tally.rows(),
            seconds: state.tally.seconds(),
        }
    }

    pub(crate) fn is_sound(&self) -> bool {
        self.is_sound
    }

    /// Writes the page, and the same as JSON beside it.
    ///
    /// # Errors
    ///
    /// [`Error::Write`] and [`Error::Draw`].
    pub(crate) fn write(&self, path: &Path) -> Result<(), Error> {
        let json = serde_json::to_string_pretty(self).expect("all keys are texts");
        for (path, text) in [(path.with_extension("json"), json), (path.into(), page::page(self)?)]
        {
            fs::write(&path, text).map_err(|source| Error::Write { path, source })?;
        }
        Ok(())
    }
}

/// Finds out before the load whether the report can be written after it.
///
/// # Errors
///
/// [`Error::Write`].
pub(crate) fn try_to_write(path: &Path) -> Result<(), Error> {
    let opened = OpenOptions::new().create(true).append(true).open(path);
    opened.map(drop).map_err(|source| Error::Write { path: path.to_owned(), source })
}

/// What the terminal shows at the end.
impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["p50", "p90", "p99", "p99.9", "max"].map(|name| format!("{name:>10}")).concat();
        writeln!(formatter, "{:32} {:>8}{head}  (ms)", "ANSWERS", "COUNT")?;
        for Row { operation, answer, count, latency } in &self.totals {
            let answer = format!("{operation}  {answer}");
            writeln!(formatter, "{answer:32} {count:>8}{}", columns(latency))?;
        }
        let all = columns(&self.latency);
        writeln!(formatter, "{:32} {:>8}{all}\n", "all", self.requests)?;
        if self.unsent > 0 {
            writeln!(formatter, "Due, and not sent in time: {}", self.unsent)?;
        }
        for (wrong, count) in &self.wrong_answers {
            writeln!(formatter, "{count} x {wrong}")?;
        }
        writeln!(formatter, "{}", self.verdict)
    }
}

fn columns(latency: &Percentiles) -> String {
    latency.all().map(|(_, milliseconds)| format!("{milliseconds:>10.1}")).concat()
}
