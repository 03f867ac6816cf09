//! The whole way on one machine: `cargo bench --bench throughput`.
//!
//! Callers, each of whom asks again once it has its answer, against the local stack with release
//! binaries; beside it the same callers against the stack's own DynamoDB, which is the limit, and
//! against the health check, which is what the stack costs with nothing behind it. All take turns,
//! several times, so that whatever slows the machine slows all.

#![expect(clippy::arithmetic_side_effects, reason = "a wrong sum is a wrong table")]
#![expect(clippy::indexing_slicing, reason = "a position out of bounds ends the benchmark")]
#![expect(clippy::print_stdout, reason = "tables are what a benchmark is for")]

mod asked;
mod caller;
mod cores;
mod stack;

/// The part of the test suite that this stands on.
#[path = "../../support"]
#[expect(dead_code, reason = "the tests need more of it")]
mod support {
    pub(crate) mod processes;
}

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use asked::{Asked, Sale};
use caller::Caller;
use cores::Cores;
use stack::Stack;

/// So many callers at once, and instances of each function.
const CALLERS: [usize; 2] = [1, 8];
/// Everything is measured so often, for so long each time.
const ROUNDS: usize = 3;
const ROUND: Duration = Duration::from_secs(3);

/// What was measured of one thing.
#[derive(Debug, Default)]
struct Measured {
    times: Vec<Duration>,
    took: Duration,
    cores: Cores,
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    for callers in CALLERS {
        let stack = Stack::start(callers).await;
        let sale = Arc::new(Sale::open(&stack, callers).await);
        let mut turns = BTreeMap::new();
        let mut measured = BTreeMap::<Asked, Measured>::new();
        for round in 0..=ROUNDS {
            for asked in Asked::ALL {
                let (once, next) = measure(asked, &stack, callers, &sale, turns.get(&asked)).await;
                turns.insert(asked, next);
                // The first round warms all instances up.
                if round > 0 {
                    let all = measured.entry(asked).or_default();
                    all.times.extend(once.times);
                    all.took += once.took;
                    all.cores += once.cores;
                }
            }
        }
        print(callers, &measured);
    }
}

/// Has this asked for a while by all callers. Each goes on with the turn after its last.
async fn measure(
    asked: Asked,
    stack: &Stack,
    callers: usize,
    sale: &Arc<Sale>,
    turns: Option<&Vec<u64>>,
) -> (Measured, Vec<u64>) {
    let address = if asked.is_raw() { &stack.dynamodb } else { &stack.address };
    let before = Cores::so_far(stack);
    let begin = Instant::now();
    let mut calling = Vec::new();
    for number in 0..callers {
        let mut caller = Caller::connect(address).await;
        let mut turn = turns.and_then(|turns| turns.get(number)).copied().unwrap_or_default();
        let sale = Arc::clone(sale);
        calling.push(tokio::spawn(async move {
            let mut times = Vec::new();
            while begin.elapsed() < ROUND {
                let request = asked.request(number, turn, &sale);
                turn += 1;
                let sent = Instant::now();
                let (status, body) = caller.ask(&request).await.expect("an answer");
                times.push(sent.elapsed());
                assert_eq!(status, asked.status(), "{}: {body}", asked.name());
            }
            (times, turn)
        }));
    }
    let mut measured = Measured::default();
    let mut turns = Vec::new();
    for caller in calling {
        let (times, turn) = caller.await.expect("callers do not panic");
        measured.times.extend(times);
        turns.push(turn);
    }
    measured.took = begin.elapsed();
    measured.cores = Cores::so_far(stack) - before;
    (measured, turns)
}

fn print(callers: usize, all: &BTreeMap<Asked, Measured>) {
    println!("\n### Callers: {callers}\n");
    println!(
        "| asked | DynamoDB | a second | of UpdateItem | of health check | p50 ms | p99 ms \
         | ran, µs: all | callers | gateway | function | DynamoDB |"
    );
    println!("|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
    let rate = |asked| all.get(&asked).map_or(f64::NAN, Measured::a_second);
    for (asked, one) in all {
        let cores = [one.cores.callers, one.cores.gateway, one.cores.functions, one.cores.database];
        let ran = |part: Duration| format!("{:.0}", part.as_secs_f64() * 1e6 / one.count());
        println!(
            "| {} | {} | {:.0} | {:.2} | {:.2} | {:.2} | {:.2} | {} | {} |",
            asked.name(),
            asked.calls(),
            one.a_second(),
            one.a_second() / rate(Asked::RawUpdate),
            one.a_second() / rate(Asked::Health),
            one.percentile(50),
            one.percentile(99),
            ran(cores.iter().sum()),
            cores.map(ran).join(" | "),
        );
    }
}

impl Measured {
    fn count(&self) -> f64 {
        f64::from(u32::try_from(self.times.len()).expect("few"))
    }

    fn a_second(&self) -> f64 {
        self.count() / self.took.as_secs_f64()
    }

    /// In milliseconds.
    fn percentile(&self, percent: usize) -> f64 {
        let mut times = self.times.clone();
        times.sort_unstable();
        let position = (times.len() * percent / 100).min(times.len().saturating_sub(1));
        times.get(position).map_or(f64::NAN, |time| time.as_secs_f64() * 1e3)
    }
}
