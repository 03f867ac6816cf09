//! A seeded world whose instances reach DynamoDB through the real store and the real SDK.

use std::sync::Arc;

use shared::store::{Commit, CreationStep, Store as _};

use super::Wire;
use super::expression::Item;
use super::sighting::sighting;
use crate::support::simulation::World;
use crate::support::simulation::auditor::Auditor;
use crate::support::simulation::beginning::Beginning;
use crate::support::simulation::instance::{INSTANCES, instance};

/// The world of this seed, at the wire. One pool has no room, so often in 1.
pub(crate) async fn create(seed: u64, crammed: f64) -> World {
    // The SDK's own chance: how long it pauses before it tries again.
    fastrand::seed(seed);
    let Beginning { dice, event, pools, weather, habit } = Beginning::of(seed, crammed);
    let calm = Wire::of(dice.clone());
    let whole = CreationStep::Event { pools: &pools, is_claimed: false };
    assert_eq!(calm.store().create(&event, whole).await.expect("it is calm"), Commit::Applied);

    let auditor = Auditor::of(&event, &pools);
    watch(&calm, &auditor);
    let wire = calm.under(weather);
    let instances = (0..INSTANCES).map(|_| instance(&wire.store(), &dice)).collect();
    let counts = Box::new(move || wire.table.counts().seen);
    World::with(dice, event, weather, auditor, instances, counts).where_partners(habit)
}

/// Has the auditor look after every write at the pools that it wrote.
fn watch(wire: &Wire, auditor: &Arc<Auditor>) {
    let auditor = Arc::clone(auditor);
    wire.table.set_watch(Arc::new(move |items: &[&Item]| {
        auditor.look(items.iter().filter_map(|item| sighting(item)));
    }));
}
