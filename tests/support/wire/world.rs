//! A seeded world whose instances reach DynamoDB through the real store and the real SDK.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use shared::store::{Commit, CreationStep, Store as _};

use super::Wire;
use super::expression::Item;
use super::sighting::sighting;
use crate::support::simulation::auditor::Auditor;
use crate::support::simulation::beginning::Beginning;
use crate::support::simulation::sighting::Sighting;
use crate::support::simulation::{INSTANCES, World, instance};

/// The world of this seed, at the wire. One pool has no room, so often in 1.
pub(crate) async fn create(seed: u64, crammed: f64) -> World {
    // The SDK's own chance: how long it pauses before it tries again.
    fastrand::seed(seed);
    let Beginning { dice, event, pools, weather } = Beginning::of(seed, crammed);
    let calm = Wire::of(dice.clone());
    let whole = CreationStep::Event { pools: &pools, is_claimed: false };
    assert_eq!(calm.store().create(&event, whole).await.expect("it is calm"), Commit::Applied);

    let auditor = Auditor::of(&event, &pools);
    watch(&calm, &auditor);
    let wire = calm.under(weather);
    let instances = (0..INSTANCES).map(|_| instance(&wire.store(), &dice)).collect();
    let counts = Box::new(move || wire.table.counts().seen);
    World::with(dice, event, weather, auditor, instances, counts)
}

/// Has the auditor look at all pools after every write. Only what changed is read again.
fn watch(wire: &Wire, auditor: &Arc<Auditor>) {
    let (auditor, known) = (Arc::clone(auditor), Mutex::new(HashMap::new()));
    wire.table.set_watch(Arc::new(move |items: &HashMap<String, Item>| {
        let mut known = known.lock().expect("looking does not panic");
        for (key, item) in items {
            let seen: Option<&(Item, Option<Sighting>)> = known.get(key);
            if seen.is_none_or(|(before, _)| before != item) {
                known.insert(key.clone(), (item.clone(), sighting(item)));
            }
        }
        auditor.look(known.values().filter_map(|(_, seen)| seen.clone()));
    }));
}
