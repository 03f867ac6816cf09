//! Rounds of starts: in each, every binary once, so that a slow moment is nobody's alone.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::body::Bytes;
use serde_json::Value;

use crate::function::Function;
use crate::place::{Place, order, question};

/// So many calls follow the first.
const WARM_CALLS: usize = 20;

/// Medians of all rounds.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) name: String,
    pub(crate) size_mb: f64,
    pub(crate) memory_mb: f64,
    /// From the start to the first `next`.
    pub(crate) start_ms: f64,
    /// What it ran for, of that.
    pub(crate) ran_ms: f64,
    /// The first call, and a later one.
    pub(crate) calls: Option<(f64, f64)>,
}

/// What one binary took, round by round.
#[derive(Debug, Default)]
struct Taken {
    start: Vec<f64>,
    ran: Vec<f64>,
    memory: Vec<f64>,
    first: Vec<f64>,
    warm: Vec<f64>,
}

/// Starts each of the binaries in turn, again and again.
pub(crate) async fn measure(place: &Place, binaries: &[PathBuf], rounds: usize) -> Vec<Measured> {
    let reservation = reserve(place, binaries).await;
    let mut taken: Vec<_> = binaries.iter().map(|binary| (binary, Taken::default())).collect();
    for _ in 0..rounds {
        for (binary, taken) in &mut taken {
            let request = match name(binary).as_str() {
                "reserve-seats" => Some(order()),
                "show-reservation" => Some(question(&reservation)),
                _ => None,
            };
            taken.round(place, binary, request).await;
        }
    }
    taken.into_iter().map(|(binary, taken)| taken.medians(binary)).collect()
}

impl Taken {
    async fn round(&mut self, place: &Place, binary: &Path, request: Option<Bytes>) {
        let (mut function, start) = Function::start(&[binary], &place.settings).await;
        self.start.push(milliseconds(start.took));
        self.ran.push(milliseconds(start.ran));
        if let Some(request) = request {
            self.first.push(milliseconds(function.invoke(&request).await.1));
            let mut warm = Vec::new();
            for _ in 0..WARM_CALLS {
                warm.push(milliseconds(function.invoke(&request).await.1));
            }
            self.warm.push(median(warm));
        }
        self.memory.push(megabytes(function.peak_memory()));
        function.end().await;
    }

    fn medians(self, binary: &Path) -> Measured {
        let size = fs::metadata(binary).expect("it was built").len();
        Measured {
            name: name(binary),
            size_mb: megabytes(size),
            memory_mb: median(self.memory),
            start_ms: median(self.start),
            ran_ms: median(self.ran),
            calls: (!self.first.is_empty()).then(|| (median(self.first), median(self.warm))),
        }
    }
}

/// Sells a seat, to be asked for later.
async fn reserve(place: &Place, binaries: &[PathBuf]) -> String {
    let seller = binaries.iter().find(|binary| name(binary) == "reserve-seats");
    let seller = seller.expect("it was built");
    let (mut function, _) = Function::start(&[seller], &place.settings).await;
    let (answer, _) = function.invoke(&order()).await;
    function.end().await;
    let answer: Value = serde_json::from_slice(&answer).expect("it is JSON");
    let body = answer["body"].as_str().unwrap_or_default();
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    body["reservationId"].as_str().unwrap_or_else(|| panic!("sold: {answer}")).to_owned()
}

fn name(binary: &Path) -> String {
    binary.file_name().expect("a file").to_string_lossy().into_owned()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

fn megabytes(bytes: u64) -> f64 {
    f64::from(u32::try_from(bytes).expect("less than 4 GB")) / 1e6
}
