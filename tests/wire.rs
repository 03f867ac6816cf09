//! Promises 1 to 4 at the wire: seeded worlds as in `simulation`, in which the real store and the
//! real SDK meet whatever DynamoDB, and the way to it, can answer.
//!
//! `WIRE_SEEDS=2000 cargo test wire -- --nocapture` runs so many and prints what was met; `SEED=17`
//! runs that one alone, and `FIRST_SEED` says where to start.

use crate::support::simulation::life::{Counts, live, live_all};
use crate::support::wire::trouble::{DENIALS, DOUBTS, THROTTLES, THROTTLING_REASONS};
use crate::support::wire::world;

/// What must have been met at least once, besides all errors, or the run has proved nothing.
const RARE: [&str; 15] = [
    "TransactionInProgressException",
    "answer altered",
    "answer cut",
    "answer is no JSON",
    "answer lost",
    "clocks are apart",
    "connection reset",
    "delivered twice",
    "done late",
    "gathered",
    "keys left unprocessed",
    "never answered",
    "own write recovered",
    "transactions collided",
    "write met a transaction",
];

#[test]
fn no_seat_is_sold_twice_or_lost_whatever_dynamodb_answers() {
    let codes = DENIALS.iter().chain(&THROTTLES).chain(&THROTTLING_REASONS).chain(&RARE).copied();
    let doubts = DOUBTS.iter().map(|(_, code)| *code);
    let rare: Vec<_> = codes.chain(doubts).collect();
    live_all("wire", "WIRE_SEEDS", 60, &rare, run);
}

#[test]
fn a_seed_replays_its_run_at_the_wire() {
    assert_eq!(run(7), run(7));
}

fn run(seed: u64) -> (Counts, Option<String>) {
    live(async || world::create(seed, 0.1).await)
}
