//! Promises 1 to 4 in bad weather: thousands of seeded worlds, each with everything going wrong.
//!
//! `SEEDS=10000 cargo test simulation -- --nocapture` runs so many and prints what was seen;
//! `SEED=17` runs that one alone. `FIRST_SEED` says where to start: CI draws it and prints it.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use serde_json::json;
use shared::desk::Desk;
use tokio::runtime::Runtime;
use tokio::task::{self, JoinSet};
use tokio::time::Instant;
use tracing::field::{Field, Visit};
use tracing::subscriber::Interest;
use tracing::{Dispatch, Event, Metadata, Subscriber, span};

use crate::support::nouns;
use crate::support::requests::Parts;
use crate::support::simulated::SimulatedStore;
use crate::support::simulated::weather::{Dice, Weather};
use crate::support::simulation::World;
use crate::support::simulation::partner::Partner;

/// What must have been seen at least once, or the run has proved nothing.
const RARE: [&str; 17] = [
    "answer lost",
    "answered 500",
    "budget exhausted",
    "denied",
    "denied after an attempt in doubt",
    "done late",
    "duplicate caught",
    "gathered",
    "gather raced",
    "given up",
    "killed",
    "lost before it arrived",
    "own write recovered",
    "pools overflowed",
    "refused in a crowd",
    "transactions collided",
    "write met a transaction",
];

/// While there is one observer, any thread without it can silence what is logged for all: `tracing`
/// asks nobody else. So there is always another.
static AWAKE: OnceLock<Dispatch> = OnceLock::new();

type Counts = BTreeMap<&'static str, u64>;

#[test]
#[expect(clippy::print_stdout, reason = "`--nocapture` asks for what was seen")]
fn no_seat_is_sold_twice_or_lost_whatever_fails() {
    let first = setting("SEED").or_else(|| setting("FIRST_SEED")).unwrap_or(0);
    let seeds = if setting("SEED").is_some() { 1 } else { setting("SEEDS").unwrap_or(300) };
    let mut counts = Counts::new();
    for seed in first..first + seeds {
        let (seen, violation) = run(seed);
        assert_eq!(violation, None, "seed {seed}: SEED={seed} cargo test simulation");
        for (name, count) in seen {
            *counts.entry(name).or_default() += count;
        }
    }
    println!("{seeds} seeds from {first}: {counts:#?}");
    if seeds >= 300 {
        let never = |name: &&&str| !counts.contains_key(**name);
        assert_eq!(RARE.iter().find(never), None, "this was never seen in {seeds} seeds");
    }
}

#[test]
fn a_seed_replays_its_run() {
    assert_eq!(run(7), run(7));
}

#[test]
fn a_crowd_at_one_pool_needs_few_attempts() {
    for seed in 0..10 {
        let (writes, took) = runtime().block_on(serve_crowd(seed));
        // 220 to 232 in half a second; twice that if a pause holds a version.
        assert!(writes < 300, "{writes} writes for 40 sales, at seed {seed}");
        assert!(took < Duration::from_secs(1), "{took:?} for 40 sales, at seed {seed}");
    }
}

/// Forty partners want a seat each of one pool, all at once and in fair weather.
async fn serve_crowd(seed: u64) -> (u64, Duration) {
    let dice = Dice::new(seed);
    let store = SimulatedStore::under(Weather::aws(), dice.clone());
    let event = nouns::event("on-sale", 40);
    store.put_event(&event);
    let random = move || dice.bytes();
    let desk = Desk::new(store.clone(), event.id, nouns::start_of_time, random);
    let (desk, started) = (Arc::new(desk), Instant::now());
    let mut crowd = JoinSet::new();
    for number in 0..40 {
        let desk = Arc::clone(&desk);
        let request = Parts::order(&Partner::new(number).caller, json!({ "seats": 1 }), &None);
        crowd.spawn(async move { reserve_seats::reserve_seats(&desk, &request).await.is_ok() });
    }
    assert!(crowd.join_all().await.into_iter().all(|is_sold| is_sold), "everybody has a seat");
    (store.table.counts().writes, started.elapsed())
}

/// One world from its beginning to its end: what was seen, and what was wrong first.
fn run(seed: u64) -> (Counts, Option<String>) {
    AWAKE.get_or_init(|| Dispatch::new(Observer::default()));
    let observer = Observer::default();
    let (seen, in_crowd) = (Arc::clone(&observer.seen), Arc::clone(&observer.in_crowd));
    let _watching = tracing::subscriber::set_default(observer);
    let (mut counts, violation) = runtime().block_on(async {
        let mut world = World::create(seed);
        world.in_crowd = in_crowd;
        let world = Arc::new(world);
        let operations = world.dice.between(4, 12);
        let partners = (0..world.dice.between(2, 12)).map(Partner::new);
        let living =
            partners.map(|partner| tokio::spawn(partner.live(Arc::clone(&world), operations)));
        let mut resolving = Vec::new();
        for partner in living.collect::<Vec<_>>() {
            resolving.push(partner.await.expect("partners do not panic"));
        }
        let mut partners = Vec::new();
        for partner in resolving {
            partners.push(partner.resolve(Arc::clone(&world)).await);
        }
        world.settle(&partners).await;
        let mut counts = world.counts();
        if world.auditor.overflowed() > 0 {
            counts.insert("pools overflowed", 1);
        }
        counts.insert("writes audited", u64::try_from(world.auditor.steps()).expect("few"));
        (counts, world.auditor.violation())
    });
    counts.extend(seen.lock().expect("observing does not panic").clone());
    (counts, violation)
}

/// Virtual time: a pause takes none.
fn runtime() -> Runtime {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_time().start_paused(true).build().expect("a runtime")
}

fn setting(name: &str) -> Option<u64> {
    #[expect(clippy::disallowed_methods, reason = "a test's own settings")]
    std::env::var(name).ok().map(|value| value.parse().expect("a number"))
}

/// Counts what the loop says of itself: the rare states that a run must have met.
#[derive(Default)]
struct Observer {
    seen: Arc<Mutex<Counts>>,
    in_crowd: Arc<Mutex<HashSet<task::Id>>>,
}

/// The fields of one log event that matter here.
#[derive(Default)]
struct Said {
    message: String,
    lost: u64,
    pools: u64,
}

impl Visit for Said {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "lost" => self.lost = value,
            "pools" => self.pools = value,
            _ => {}
        }
    }
}

impl Subscriber for Observer {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("shared")
    }

    fn event(&self, event: &Event<'_>) {
        let mut said = Said::default();
        event.record(&mut said);
        let mut seen = self.seen.lock().expect("observing does not panic");
        let mut count = |name| *seen.entry(name).or_default() += 1;
        match (said.message.as_str(), said.lost, said.pools) {
            ("own work found", 0, _) => count("duplicate caught"),
            ("own work found", ..) => count("own write recovered"),
            ("committed", 0, 2..) => count("gathered"),
            ("committed", _, 2..) => count("gather raced"),
            ("committed", 0, _) => count("committed at once"),
            ("committed", ..) => count("committed after a race"),
            ("refused in a crowd", ..) => {
                count("refused in a crowd");
                self.in_crowd.lock().expect("entering does not panic").extend(task::try_id());
            }
            _ => {}
        }
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}
