//! A pool that callers fill on purpose, on DynamoDB: they choose keys that all name it, and give
//! the longest names that there can be. Nothing is refused that can be sold, nothing gets stuck.

use serde_json::json;
use shared::audit::audit_event;
use shared::event::{Event, PoolIndex};
use shared::findings::Warning;
use shared::reservation::ReservationId;
use shared::store::Store;

use crate::support::answer::Answer;
use crate::support::desk::{desk, incoming, open};
use crate::support::nouns;
use crate::support::own_table::OwnTable;

fn full() -> PoolIndex {
    PoolIndex::new(0)
}

/// Keys of this partner's, each of which names the pool.
fn keys(event: &Event, partner: &str) -> impl Iterator<Item = String> {
    let (event, partner) = (event.clone(), nouns::partner(partner));
    let names_it = move |key: &String| {
        let key = key.parse().expect("a key");
        ReservationId::of_key(&event, &partner, &key).pool() == full()
    };
    (0..).map(|number: u32| format!("key-{number}")).filter(names_it)
}

#[tokio::test]
async fn whoever_fills_a_pool_on_purpose_is_served_and_can_cancel_all_of_it() {
    let table = OwnTable::create().await;
    let event = open(&table.store, "ground", 500).await;
    let desk = &desk(table.store.clone());
    let partner = &"p".repeat(64);
    let sell = async |key: &String| -> Answer {
        let order = json!({"seats": 1, "partnerReference": "🎟".repeat(64)});
        let order = incoming("POST", "/events/ground/reservations").body(&order);
        order.from(partner, "partner").keyed(key).at(desk).await
    };
    let keys: Vec<_> = keys(&event, partner).take(360).collect();
    let mut sold = Vec::new();
    for (number, key) in keys.iter().enumerate() {
        let answer = sell(key).await;
        assert_eq!(answer.status, 201, "order {number}: {}", answer.said());
        sold.push(answer.text_of("reservationId"));

        if ![0, 169, 170, 340, 359].contains(&number) {
            continue;
        }
        let found = audit_event(&table.store, "ground").await.unwrap();
        assert_eq!(found.violations, [], "after order {number}");
        let warned = found.warnings.iter().any(|Warning::PoolHeavy { pool, .. }| *pool == full());
        assert_eq!(warned, number >= 170, "half of the room is used at order {number}");
    }
    let in_it = sold.iter().filter(|id| pool_of(id) == full()).count();
    assert_eq!(in_it, 341, "so many fit in, and twice as many as at the first warning");
    let pool = table.store.load_pool(&event, full()).await.unwrap();
    assert!(pool.is_overflowed() && pool.bytes() < 200 * 1_024);

    for number in [0, 100, 340, 341, 359] {
        let replay = sell(&keys[number]).await;
        assert_eq!(replay.text_of("reservationId"), sold[number]);
        assert_eq!(replay.header("Idempotency-Replayed"), "true");
    }
    for id in &sold {
        let path = format!("/events/ground/reservations/{id}");
        let answer = incoming("DELETE", path).from(partner, "partner").at(desk).await;
        assert_eq!(answer.status, 204, "{}", answer.said());
    }
    let summary = incoming("GET", "/events/ground").at(desk).await.json();
    assert_eq!(summary["availableSeats"], 500);
    let found = audit_event(&table.store, "ground").await.unwrap();
    assert!(found.violations.is_empty() && found.warnings.is_empty(), "{found:?}");
}

fn pool_of(id: &str) -> PoolIndex {
    id.parse::<ReservationId>().expect("an id of ours").pool()
}
