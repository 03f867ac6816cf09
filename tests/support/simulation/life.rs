//! The life of a simulated world, from its beginning to its end, and of many worlds.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::runtime::Runtime;

use super::World;
use super::observer::Observer;
use super::partner::Partner;

pub(crate) type Counts = BTreeMap<&'static str, u64>;

/// Lives the worlds of many seeds, as many as the setting of this name says; fails at the first
/// that went wrong, and says how to see it again; and prints what was seen in all of them. In a
/// run of no fewer than usual, everything `rare` must have been seen, or the run has proved
/// nothing.
#[expect(clippy::print_stdout, reason = "`--nocapture` asks for what was seen")]
pub(crate) fn live_all(
    test: &str,
    seeds_setting: &str,
    usual: u64,
    rare: &[&'static str],
    run: impl Fn(u64) -> (Counts, Option<String>),
) {
    let first = setting("SEED").or_else(|| setting("FIRST_SEED")).unwrap_or(0);
    let seeds = if setting("SEED").is_some() { 1 } else { setting(seeds_setting).unwrap_or(usual) };
    let mut counts = Counts::new();
    for seed in first..first + seeds {
        let (seen, violation) = run(seed);
        assert_eq!(violation, None, "seed {seed}: SEED={seed} cargo test {test}");
        for (name, count) in seen {
            *counts.entry(name).or_default() += count;
        }
    }
    println!("{seeds} seeds from {first}: {counts:#?}");
    if seeds >= usual {
        let never = |name: &&&str| !counts.contains_key(**name);
        assert_eq!(rare.iter().find(never), None, "this was never seen in {seeds} seeds");
    }
}

/// The life of this world: what was seen, and what was wrong first.
pub(crate) fn live(create: impl AsyncFnOnce() -> World) -> (Counts, Option<String>) {
    let observer = Observer::awake();
    let (seen, in_crowd) = (Arc::clone(&observer.seen), Arc::clone(&observer.in_crowd));
    let _watching = tracing::subscriber::set_default(observer);
    let (mut counts, violation) = runtime().block_on(async {
        let mut world = create().await;
        world.in_crowd = in_crowd;
        let world = Arc::new(world);
        // In some worlds a crowd stays for seconds after the last seat.
        let stays = world.dice.chance(0.04);
        let operations = world.dice.between(4, 12) * if stays { 10 } else { 1 };
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
pub(crate) fn runtime() -> Runtime {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_time().start_paused(true).build().expect("a runtime")
}

fn setting(name: &str) -> Option<u64> {
    #[expect(clippy::disallowed_methods, reason = "a test's own settings")]
    std::env::var(name).ok().map(|value| value.parse().expect("a number"))
}
