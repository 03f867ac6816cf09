//! What was measured: how often each operation got each answer, how long that took, and how it
//! went from second to second.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::{Counter, Histogram};
use serde::Serialize;

use super::operations::Operation;

/// No load with all its time limits is longer.
const SECONDS_MAX: usize = 7200;

const LATENCY_MIN: Duration = Duration::from_micros(1);
const LATENCY_MAX: Duration = Duration::from_hours(1);

/// Latencies in microseconds, with three digits that count.
#[derive(Debug)]
struct Latencies(Histogram<u64>);

/// All that was measured so far.
#[derive(Debug, Default)]
pub struct Tally {
    answers: BTreeMap<(Operation, String), Latencies>,
    all: Latencies,
    seconds: Vec<Measured>,
}

/// One second, as it is measured.
#[derive(Debug)]
struct Measured {
    due: u64,
    /// Of what fell due in it; two digits are enough for a plot.
    latencies: Histogram<u32>,
    /// Of what was answered in it.
    answers: BTreeMap<String, u64>,
    seats_left: Option<u32>,
}

/// Percentiles of latency, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Percentiles {
    /// Half were faster.
    pub p50_ms: f64,
    /// One of ten was slower.
    pub p90_ms: f64,
    /// One of a hundred was slower.
    pub p99_ms: f64,
    /// One of a thousand was slower.
    pub p999_ms: f64,
    /// None was slower.
    pub max_ms: f64,
}

/// How often an operation got an answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// The operation.
    pub operation: &'static str,
    /// The status and, of a problem, its code; or how it was left without an answer.
    pub answer: String,
    /// How often.
    pub count: u64,
    /// How long it took.
    #[serde(flatten)]
    pub latency: Percentiles,
}

/// One second of the load.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Second {
    /// The first is 0, after the warm-up.
    pub second: u32,
    /// How many requests that were sent were due in it.
    pub due: u64,
    /// Their latency, if there were any.
    #[serde(flatten)]
    pub latency: Option<Percentiles>,
    /// The answers that came in it, by status.
    pub answers: BTreeMap<String, u64>,
    /// The free seats that the summary told.
    pub seats_left: Option<u32>,
}

impl Tally {
    /// Takes down a request: when it was due, and how long after that it had this answer.
    pub fn record(&mut self, operation: Operation, answer: &str, due: Duration, latency: Duration) {
        let microseconds = latency.clamp(LATENCY_MIN, LATENCY_MAX).as_micros();
        let microseconds = u64::try_from(microseconds).expect("an hour of them is few");
        self.all.record(microseconds);
        let latencies = self.answers.entry((operation, answer.to_owned())).or_default();
        latencies.record(microseconds);

        let second = self.second(due);
        second.due = second.due.saturating_add(1);
        second.latencies.record(microseconds).expect("it grows as it must");
        let status = answer.split_once(' ').filter(|(status, _)| status.len() == 3);
        let status = status.map_or(answer, |(status, _)| status);
        let answers = &mut self.second(due.saturating_add(latency)).answers;
        let count = answers.entry(status.to_owned()).or_default();
        *count = count.saturating_add(1);
    }

    /// Takes down how many seats were left at this time.
    pub fn record_seats_left(&mut self, time: Duration, seats: u32) {
        self.second(time).seats_left = Some(seats);
    }

    /// The free seats that the summary told last.
    pub(crate) fn seats_left(&self) -> Option<u32> {
        self.seconds.iter().rev().find_map(|second| second.seats_left)
    }

    /// How many requests were taken down.
    pub fn count(&self) -> u64 {
        self.all.0.len()
    }

    /// Of all requests.
    pub fn percentiles(&self) -> Percentiles {
        percentiles(&self.all.0)
    }

    /// The percentiles of what was due in the second before this time, and how many answers came.
    pub(crate) fn lately(&self, now: Duration) -> (Percentiles, u64) {
        let last = now
            .checked_sub(Duration::from_secs(1))
            .and_then(|time| self.seconds.get(usize::try_from(time.as_secs()).ok()?));
        last.map_or((Percentiles::NONE, 0), |second| {
            let answers = second.answers.values().fold(0, |sum: u64, one| sum.saturating_add(*one));
            (percentiles(&second.latencies), answers)
        })
    }

    /// Every operation with each of its answers.
    pub fn rows(&self) -> Vec<Row> {
        let rows = self.answers.iter().map(|((operation, answer), latencies)| Row {
            operation: operation.as_str(),
            answer: answer.clone(),
            count: latencies.0.len(),
            latency: percentiles(&latencies.0),
        });
        rows.collect()
    }

    /// Every second, the first to the last.
    pub fn seconds(&self) -> Vec<Second> {
        let seconds = (0..).zip(&self.seconds).map(|(second, measured)| Second {
            second,
            due: measured.due,
            latency: (measured.due > 0).then(|| percentiles(&measured.latencies)),
            answers: measured.answers.clone(),
            seats_left: measured.seats_left,
        });
        seconds.collect()
    }

    fn second(&mut self, time: Duration) -> &mut Measured {
        let index = usize::try_from(time.as_secs()).unwrap_or(SECONDS_MAX).min(SECONDS_MAX);
        if self.seconds.len() <= index {
            self.seconds.resize_with(index.saturating_add(1), Measured::default);
        }
        self.seconds.get_mut(index).expect("it was made just now")
    }
}

impl Percentiles {
    pub(crate) const NONE: Self =
        Self { p50_ms: 0.0, p90_ms: 0.0, p99_ms: 0.0, p999_ms: 0.0, max_ms: 0.0 };

    /// Each with its name, in milliseconds.
    pub(crate) fn all(&self) -> [(&'static str, f64); 5] {
        [
            ("p50", self.p50_ms),
            ("p90", self.p90_ms),
            ("p99", self.p99_ms),
            ("p99.9", self.p999_ms),
            ("max", self.max_ms),
        ]
    }
}

impl Latencies {
    fn record(&mut self, microseconds: u64) {
        self.0.record(microseconds).expect("it grows as it must");
    }
}

impl Default for Latencies {
    fn default() -> Self {
        Self(Histogram::new(3).expect("3 digits are within bounds"))
    }
}

impl Default for Measured {
    fn default() -> Self {
        let latencies = Histogram::new(2).expect("2 digits are within bounds");
        Self { due: 0, latencies, answers: BTreeMap::new(), seats_left: None }
    }
}

fn percentiles<Count: Counter>(histogram: &Histogram<Count>) -> Percentiles {
    let at = |quantile| {
        Duration::from_micros(histogram.value_at_quantile(quantile)).as_secs_f64() * 1000.0
    };
    Percentiles {
        p50_ms: at(0.5),
        p90_ms: at(0.9),
        p99_ms: at(0.99),
        p999_ms: at(0.999),
        max_ms: at(1.0),
    }
}
