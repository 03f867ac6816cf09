//! The problems that a healthy stack never answers with, and the list of all there are.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use serde_json::json;
use shared::desk::Desk;
use shared::store::Store;

use crate::support::answer::PROBLEMS;
use crate::support::contract;
use crate::support::desk::{Incoming, desk, incoming, open};
use crate::support::losing::LosingStore;
use crate::support::nouns;
use crate::support::simulated::SimulatedStore;
use crate::support::simulated::weather::{Dice, Latency, Weather};

/// An order, a cancellation and a look at this reservation of the event `any`.
fn requests(id: &str) -> [Incoming; 3] {
    let reservation = format!("/events/any/reservations/{id}");
    [
        incoming("POST", "/events/any/reservations").body(&json!({"seats": 2})),
        incoming("DELETE", &reservation),
        incoming("GET", &reservation),
    ]
}

/// A store with the event `any`, and the id of a reservation in it.
async fn sold() -> (SimulatedStore, String) {
    let store = SimulatedStore::calm();
    open(&store, "any", 120).await;
    let [order, ..] = requests("");
    let id = order.keyed("k").at(&desk(store.clone())).await.text_of("reservationId");
    (store, id)
}

async fn said<S: Store>(desk: &Desk<S>, id: &str) -> Vec<String> {
    let mut said = Vec::new();
    for request in requests(id) {
        said.push(request.at(desk).await.said());
    }
    said
}

#[tokio::test(start_paused = true)]
async fn whoever_always_loses_its_race_is_told_to_try_again_and_not_that_it_is_sold_out() {
    let (store, id) = sold().await;
    let desk = desk(LosingStore(store));
    let contended = "409 version-conflict".to_owned();
    assert_eq!(said(&desk, &id).await, [contended.clone(), contended, "200".to_owned()]);
    let [order, ..] = requests(&id);
    let body = order.at(&desk).await.json();
    assert_eq!(body["error"], "Concurrency conflict. Please retry.");
    assert!(body["availableSeats"].is_null());
}

#[tokio::test(start_paused = true)]
async fn a_race_ends_after_so_many_attempts_or_so_much_time_whichever_comes_first() {
    for (median_ms, attempts) in [(0.0, 24..=24), (400.0, 4..=6)] {
        let update = Latency { median_ms, spread: 0.0 };
        let store = SimulatedStore::under(Weather { update, ..Weather::calm() }, Dice::new(1));
        store.put_event(&nouns::event("any", 20));
        let desk = desk(LosingStore(store.clone()));
        let [order, ..] = requests("");
        assert_eq!(order.at(&desk).await.said(), "409 version-conflict");
        // A rival writes before each of ours.
        let tried = store.table.counts().writes / 2;
        assert!(attempts.contains(&tried), "{tried} attempts of {median_ms} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_race_that_is_lost_is_run_again_without_a_reading() {
    let store = SimulatedStore::calm();
    store.put_event(&nouns::event("any", 20));
    let [order, ..] = requests("");
    let lost = order.at(&desk(LosingStore(store.clone()))).await;
    assert_eq!(lost.said(), "409 version-conflict");
    // The event; a rival's reading and write before each of our 24 writes; a last look.
    let others = 1 + 24 * 3 + 1;
    assert_eq!(store.table.counts().calls - others, 23, "a reading for each but the second");
}

#[tokio::test(start_paused = true)]
async fn after_the_first_lost_race_nobody_waits() {
    let store = SimulatedStore::calm();
    store.put_event(&nouns::event("any", 60));
    let draws = Arc::new(AtomicU8::new(0));
    // Other bits each time, which all name the first pool.
    let random = |draws: &Arc<AtomicU8>| {
        let draws = Arc::clone(draws);
        move || {
            let mut bits = [0; 32];
            bits[15] = draws.fetch_add(1, Ordering::Relaxed);
            bits
        }
    };
    let event = || "any".parse().expect("an event id");
    let calm = Desk::new(store.clone(), event(), nouns::start_of_time, random(&draws));
    for seats in [10, 10, 9] {
        let order = incoming("POST", "/reservations").body(&json!({ "seats": seats }));
        assert_eq!(order.at(&calm).await.said(), "201");
    }

    // Of two pools at once: what a lost transaction found is not known.
    let losing = Desk::new(LosingStore(store), event(), nouns::start_of_time, random(&draws));
    let gather = incoming("POST", "/reservations").body(&json!({"seats": 3}));
    draws.store(100, Ordering::Relaxed);
    assert_eq!(gather.at(&losing).await.said(), "409 version-conflict");
    let pauses = draws.load(Ordering::Relaxed) - 100 - 2;
    assert_eq!(pauses, 22, "beside the id and a donor, before each but the first two attempts");
}

#[tokio::test(start_paused = true)]
async fn what_the_store_does_not_answer_is_unknown_and_may_be_asked_again() {
    let weather = Weather { lost_before: 1.0, ..Weather::calm() };
    let desk = desk(SimulatedStore::under(weather, Dice::new(1)));
    let (_, id) = sold().await;
    assert_eq!(said(&desk, &id).await, ["503 unavailable"; 3]);
}

#[tokio::test]
async fn without_an_authorizer_nobody_is_trusted() {
    let (store, id) = sold().await;
    let desk = desk(store);
    for request in requests(&id) {
        assert_eq!(request.clone().unauthorized().at(&desk).await.said(), "500 internal");
        for (partner, role) in [("", "partner"), ("a b", "partner"), ("abc-corp", "king")] {
            let wrong = request.clone().from(partner, role).at(&desk).await;
            assert_eq!(wrong.said(), "500 internal", "{partner} {role}");
        }
    }
}

#[test]
fn every_problem_is_documented_with_its_code_and_status() {
    let description = contract::document()["info"]["description"].as_str().unwrap();
    for (code, statuses, _, _, retryable) in PROBLEMS {
        let statuses: Vec<_> = statuses.iter().map(u16::to_string).collect();
        let row = format!("| `{code}` | {} |", statuses.join(", "));
        let row = description.lines().find(|line| line.starts_with(&row));
        let row = row.unwrap_or_else(|| panic!("{code} has no row"));
        assert!(row.ends_with(if retryable { "| yes |" } else { "| no |" }), "{row}");
    }
    let rows =
        description.lines().filter(|line| line.starts_with("| `") && line.contains("| no |"));
    let retryable = description.lines().filter(|line| line.ends_with("| yes |"));
    assert_eq!(rows.count() + retryable.count(), PROBLEMS.len(), "and there is no other");
}
