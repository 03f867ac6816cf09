//! What happens when everyone comes at once: `cargo bench --bench contention`.
//!
//! The real handler and its real loop against a model of DynamoDB, in virtual time and seeded, so
//! that every machine and every run prints the same tables. Beside it, four other ways to sell
//! seats against the same model. The model: `tests/support/simulated`. Latencies and limits are
//! those others have measured on AWS (a strong read 3 ms, a write 4.5 ms, a transaction 20 ms,
//! lognormal; 1,000 write units a second and item; failed writes charged). Nothing here ran there.

#![expect(clippy::arithmetic_side_effects, reason = "a wrong sum is a wrong table")]
#![expect(clippy::indexing_slicing, reason = "a position out of bounds ends the benchmark")]
#![expect(clippy::print_stdout, reason = "tables are what a benchmark is for")]

mod measure;
mod refusals;
mod sellers;

/// The parts of the test suite that this stands on.
#[path = "../../support"]
#[expect(dead_code, reason = "the tests need more of it")]
mod support {
    pub(crate) mod nouns;
    pub(crate) mod requests;
    pub(crate) mod simulated;
}

use measure::{Arrivals, Scenario, measure};
use refusals::{Crowd, refuse};
use sellers::Way;

/// Bursts arrive within 50 ms; steady orders at even intervals, until demand is 1.3 times what
/// there is, or for 10 s.
fn main() {
    println!("## Ways to sell\n");
    header();
    for way in [Way::Ours, Way::Published, Way::Counter, Way::Transaction, Way::Unversioned] {
        for (seats, arrivals) in [
            (500, Arrivals::Burst(200)),
            (5_000, Arrivals::Burst(1_000)),
            (500, Arrivals::Steady(100)),
            (5_000, Arrivals::Steady(500)),
        ] {
            row(way, Scenario::new(seats, arrivals));
        }
    }

    println!("\n## Ours, everywhere\n");
    header();
    for (seats, arrivals) in everywhere() {
        let unkeyed = Scenario::new(seats, arrivals);
        row(Way::Ours, unkeyed);
        row(Way::Ours, Scenario { keyed: true, ..unkeyed });
    }

    println!("\n## Ours, many orders at once in few processes\n");
    many_at_once();

    println!("\n## Ours, after the last seat\n");
    after_the_last_seat();

    println!("\n## Ours, with 100 warm instances; every further one takes 500 ms to start\n");
    header();
    for (seats, arrivals) in [(500, Arrivals::Burst(200)), (5_000, Arrivals::Burst(1_000))] {
        row(Way::Ours, Scenario { warm: 100, ..Scenario::new(seats, arrivals) });
    }
}

/// Few processes that serve many orders at once: those that meet at a pool commit together.
fn many_at_once() {
    println!("| processes {}", header_text());
    println!("|---{}", header_rule());
    for (processes, concurrency) in [(1, 64), (4, 64), (20, 64), (4, 8)] {
        for (seats, arrivals) in [
            (500, Arrivals::Burst(200)),
            (500, Arrivals::Steady(100)),
            (5_000, Arrivals::Burst(1_000)),
            (5_000, Arrivals::Burst(4_000)),
            (5_000, Arrivals::Steady(500)),
            (5_000, Arrivals::Steady(2_000)),
        ] {
            let unkeyed =
                Scenario { warm: processes, concurrency, ..Scenario::new(seats, arrivals) };
            for scenario in [unkeyed, Scenario { keyed: true, ..unkeyed }] {
                if is_wanted(seats) {
                    println!("| {processes} of {concurrency} {}", measure(Way::Ours, scenario));
                }
            }
        }
    }
}

/// What a refusal costs when nothing is left: few instances and many, few orders and many.
fn after_the_last_seat() {
    println!(
        "| seats | instances | orders | keyed | calls/refusal | RCU/refusal | WCU/refusal \
         | p50 ms | p99 ms |"
    );
    println!("|---:|---:|---|---|---:|---:|---:|---:|---:|");
    for seats in [10, 500, 5_000, 50_000, 100_000] {
        for (instances, rate) in [(1, 100), (20, 100), (100, 1_000), (1_000, 1_000), (1_000, 4_000)]
        {
            let crowd = Crowd { seats, instances, rate, keyed: false };
            if is_wanted(seats) {
                println!("{}", refuse(crowd));
                println!("{}", refuse(Crowd { keyed: true, ..crowd }));
            }
        }
    }
}

/// Small and large events, small and large crowds.
fn everywhere() -> impl Iterator<Item = (u32, Arrivals)> {
    let bursts = [50, 200, 1_000, 4_000].map(Arrivals::Burst);
    let steady = [100, 500, 2_000].map(Arrivals::Steady);
    let crowds = bursts.into_iter().chain(steady);
    let small = crowds.flat_map(|arrivals| [10, 500, 5_000].map(|seats| (seats, arrivals)));
    let large = [Arrivals::Burst(1_000), Arrivals::Burst(4_000), Arrivals::Steady(5_000)];
    small.chain(large.map(|arrivals| (50_000, arrivals)))
}

fn header() {
    println!("{}\n{}", header_text(), header_rule());
}

fn header_text() -> &'static str {
    "| way | seats | orders | keyed | runs | sold | false refusals | given up | left \
     | attempts/sale | calls/order | RCU/sale | WCU/sale | p50 ms | p99 ms | refusal p99 ms \
     | sold out s |"
}

fn header_rule() -> &'static str {
    "|---|---:|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
}

fn row(way: Way, scenario: Scenario) {
    if is_wanted(scenario.seats) {
        println!("{}", measure(way, scenario));
    }
}

/// Arguments, if there are any, are the sizes of the events to measure.
fn is_wanted(seats: u32) -> bool {
    let sizes: Vec<u32> = std::env::args().filter_map(|size| size.parse().ok()).collect();
    sizes.is_empty() || sizes.contains(&seats)
}
