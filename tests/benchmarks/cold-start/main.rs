//! What a function costs before its first request, and at it: `cargo bench --bench cold-start`.
//!
//! Every release binary is started against a Runtime API, in turn with a hello-world of the same
//! framework and profile, so that whatever slows the machine slows both. DynamoDB is on this
//! machine, behind TLS. Paths after `--` name other binaries to measure instead, such as an older
//! `reserve-seats`; `--all-roots` has them read all roots that the machine trusts, as the SDK does
//! by default; `--instructions` counts instructions.

#![expect(clippy::arithmetic_side_effects, reason = "a wrong sum is a wrong table")]
#![expect(clippy::indexing_slicing, reason = "a position out of bounds ends the benchmark")]
#![expect(clippy::print_stdout, reason = "tables are what a benchmark is for")]

mod function;
mod instructions;
mod measure;
mod place;
mod tls;

use std::path::PathBuf;

use measure::{Measured, measure};
use place::Place;

/// Every binary is started so often.
const ROUNDS: usize = 21;

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).filter(|one| one != "--bench").collect();
    let (options, paths): (Vec<_>, Vec<_>) =
        arguments.into_iter().partition(|one| one.starts_with("--"));
    let has = |option: &str| options.iter().any(|one| one == option);
    let paths = paths.into_iter().map(PathBuf::from).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let place = Place::open(has("--all-roots")).await;
        if has("--instructions") {
            instructions::print(&place, paths).await;
        } else {
            starts(&place, paths).await;
        }
    });
}

async fn starts(place: &Place, others: Vec<PathBuf>) {
    let mut binaries = vec![place::hello_world().await];
    binaries.extend(if others.is_empty() { place::functions().await } else { others });
    println!("{ROUNDS} rounds, {} roots to read.\n", place.tls.roots_count);
    let measured = measure(place, &binaries, ROUNDS).await;
    let hello = measured.first().expect("hello-world comes first");
    println!(
        "| function | size MB | peak memory MB | first `next` ms | × | CPU ms | × \
         | first call ms | warm call ms | extra ms |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
    for one in &measured {
        println!("{}", row(one, hello));
    }
}

fn row(one: &Measured, hello: &Measured) -> String {
    let calls = match one.calls {
        Some((first, warm)) => format!("{first:.2} | {warm:.2} | {:.2}", first - warm),
        None => "- | - | -".to_owned(),
    };
    format!(
        "| {} | {:.2} | {:.1} | {:.2} | {:.2} | {:.2} | {:.2} | {calls} |",
        one.name,
        one.size_mb,
        one.memory_mb,
        one.start_ms,
        one.start_ms / hello.start_ms,
        one.ran_ms,
        one.ran_ms / hello.ran_ms,
    )
}
