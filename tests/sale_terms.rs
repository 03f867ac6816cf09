//! The terms of a sale: by time, from the creation on, and in a crowd.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use proptest::option;
use proptest::prelude::*;
use serde_json::{Value, json};
use shared::desk::Desk;
use shared::refusal::Refusal;
use shared::terms::{Sale as SaleTerm, Terms};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::amend_event::{order, patch, summary};
use crate::cancel_all_reservations::all_of_any;
use crate::support::desk::{desk, desk_at, incoming, open};
use crate::support::nouns;
use crate::support::own_table::OwnTable;
use crate::support::sale::{Sale, unique};
use crate::support::simulated::SimulatedStore;
use crate::support::simulated::weather::{Dice, Weather};
use crate::support::simulation::life::runtime;

#[tokio::test]
async fn a_sale_opens_and_closes_by_time_without_a_write() {
    let store = SimulatedStore::calm();
    open(&store, "any", 60).await;
    let at = |minutes: i64| nouns::start_of_time() + SignedDuration::from_mins(minutes);
    let times = json!({"salesOpenAt": at(5).to_string(), "salesCloseAt": at(10).to_string()});
    assert_eq!(patch(&desk(store.clone()), &times).await.said(), "200");

    let before = |seconds| at(5) - SignedDuration::from_secs(seconds);
    type Clock = fn() -> Timestamp;
    let clocks: [(Clock, &str, &str); 4] = [
        (nouns::start_of_time, "409 sales-closed", "scheduled"),
        (
            || nouns::start_of_time() + SignedDuration::from_millis(299_999),
            "409 sales-closed",
            "scheduled",
        ),
        (|| nouns::start_of_time() + SignedDuration::from_mins(5), "201", "on_sale"),
        (|| nouns::start_of_time() + SignedDuration::from_mins(10), "409 sales-closed", "closed"),
    ];
    let mut tags = Vec::new();
    for (clock, want, status) in clocks {
        let desk = desk_at(store.clone(), clock);
        let event = incoming("GET", "/events/any").at(&desk).await;
        assert_eq!(event.json()["status"], status);
        tags.push(event.header("etag").to_owned());
        let answer = order(1).keyed(&format!("{} {status}", tags.len())).at(&desk).await;
        assert_eq!(answer.said(), want, "{status}");
        if status == "scheduled" {
            let opens_at = answer.json()["salesOpenAt"].clone();
            assert_eq!(opens_at, format!("{:.3}", before(0)));
        }
    }
    assert_eq!(tags, ["\"v0r1s\"", "\"v0r1s\"", "\"v0r1\"", "\"v1r1c\""], "time changes the tag");
    let freed = json!({"salesOpenAt": null, "salesCloseAt": null});
    let freed = patch(&desk(store.clone()), &freed).await;
    assert_eq!(
        (&freed.json()["salesOpenAt"], &freed.json()["status"]),
        (&Value::Null, &json!("on_sale"))
    );
}

#[tokio::test]
async fn an_event_is_created_on_the_terms_that_its_organiser_names() {
    let sale = Sale::of(1).await;
    let id = unique("terms");
    let new = json!({"eventId": id, "name": "A", "totalSeats": 60, "maxSeatsPerOrder": 2,
        "salesOpenAt": "2020-01-01T00:00:00Z", "status": "on_sale"});
    let created = sale.callers.organiser.post("/events", &new).send().await;
    assert_eq!(
        (created.said(), &created.json()["maxSeatsPerOrder"]),
        ("201".to_owned(), &json!(2))
    );
    let orders = format!("/events/{id}/reservations");
    let order = |seats: u32| sale.callers.partner.post(&orders, &json!({ "seats": seats })).send();
    let refused = order(3).await;
    assert_eq!(refused.said(), "409 order-too-large");
    assert_eq!(refused.json()["maxSeatsPerOrder"], 2);
    assert_eq!(order(2).await.said(), "201");
    let never = json!({"name": "A", "totalSeats": 1, "salesOpenAt": "2026-01-02T00:00:00Z",
        "salesCloseAt": "2026-01-01T00:00:00Z"});
    let never = sale.callers.organiser.post("/events", &never).send().await;
    assert_eq!(never.said(), "400 validation-failed");
}

/// Many sellers, each with an instance of its own; once the change is answered, whatever is sent is
/// refused, and what was under way is refused or was sold before.
#[tokio::test]
async fn once_a_pause_is_answered_no_order_is_accepted_however_many_are_under_way() {
    let table = OwnTable::create().await;
    open(&table.store, "any", 2_000).await;
    let is_answered = Arc::new(AtomicBool::new(false));
    let mut sellers = JoinSet::new();
    for number in 0..24 {
        let (desk, is_answered) = (desk(table.store.clone()), Arc::clone(&is_answered));
        sellers.spawn(async move {
            let (mut sold, mut refused) = (0, 0);
            for tried in 0..400 {
                let was_answered = is_answered.load(Ordering::SeqCst);
                let answer = order(1).keyed(&format!("{number}-{tried}")).at(&desk).await;
                match &*answer.said() {
                    "201" => {
                        assert!(!was_answered, "an order was accepted after the pause");
                        sold += 1;
                    }
                    "409 sales-closed" => refused += 1,
                    other => assert_eq!(other, "409 version-conflict"),
                }
                if refused > 5 && was_answered {
                    break;
                }
            }
            (sold, refused)
        });
    }
    let organiser = desk(table.store.clone());
    while summary(&organiser).await["reservedSeats"].as_u64() < Some(100) {}
    let paused = patch(&organiser, &json!({"status": "paused"})).await;
    is_answered.store(true, Ordering::SeqCst);
    assert_eq!(paused.said(), "200");
    let told = sellers.join_all().await;
    let sold: u64 = told.iter().map(|(sold, _)| sold).sum();
    assert!(told.iter().all(|(_, refused)| *refused > 0), "each met the pause");
    assert_eq!(summary(&organiser).await["reservedSeats"], sold, "no seat is lost");
}

proptest! {
    /// The terms, said a second time and in other words.
    #[test]
    fn an_order_is_admitted_when_the_sale_is_open_and_it_is_no_larger_than_it_may(
        (sale, opens, closes) in (0..3_usize, option::of(0..9_i64), option::of(0..9_i64)),
        (max, seats, now) in (option::of(1..=10_u64), 1..=10_u32, 0..9_i64),
    ) {
        let at = |second: i64| nouns::start_of_time() + SignedDuration::from_secs(second);
        let moment = |second: Option<i64>| second.map(|second| at(second).try_into().unwrap());
        let terms = Terms {
            sale: [SaleTerm::OnSale, SaleTerm::Paused, SaleTerm::Closed][sale],
            opens_at: moment(opens),
            closes_at: moment(closes),
            order_max: max.map(|max| max.try_into().unwrap()),
        };
        let times: Vec<_> = (0..9)
            .filter(|second| opens.is_none_or(|opens| opens <= *second))
            .filter(|second| closes.is_none_or(|closes| *second < closes))
            .collect();
        let admitted = terms.admit(seats, at(now));
        if sale != 0 || !times.contains(&now) {
            let is_closed = matches!(admitted, Err(Refusal::SalesClosed { .. }));
            prop_assert!(is_closed, "{admitted:?}");
        } else if let Some(max) = max.filter(|max| *max < u64::from(seats)) {
            let max = u32::try_from(max).unwrap();
            prop_assert_eq!(admitted, Err(Refusal::OrderTooLarge { max }));
        } else {
            prop_assert_eq!(admitted, Ok(()));
        }
        if let Err(Refusal::SalesClosed { opens_at: Some(opens_at) }) = admitted {
            // It is said only of a sale that opens by itself.
            prop_assert!(sale == 0 && opens.map(at) == Some(opens_at) && at(now) < opens_at);
        }
    }
}

/// In virtual time, on a DynamoDB as quick as AWS's: 300 sellers order one after another, without
/// end, until they meet the pause.
#[test]
fn an_event_of_100_000_seats_is_paused_in_a_burst_within_two_seconds_and_cancelled_in_four() {
    let (took, cancelled_in, sold) = runtime().block_on(async {
        let dice = Dice::new(1);
        let store = SimulatedStore::under(Weather::aws(), dice.clone());
        store.put_event(&nouns::event("any", 100_000));
        let instance = || {
            let (store, dice) = (store.clone(), dice.clone());
            let event = "any".parse().expect("an id");
            Desk::new(store, event, nouns::start_of_time, move || dice.bytes())
        };
        let sold = Arc::new(AtomicU64::new(0));
        let mut sellers = JoinSet::new();
        for number in 0..300 {
            let (desk, sold) = (instance(), Arc::clone(&sold));
            sellers.spawn(async move {
                for tried in 0.. {
                    let answer = order(1).keyed(&format!("{number}-{tried}")).at(&desk).await;
                    if answer.said() == "409 sales-closed" {
                        break;
                    }
                    sold.fetch_add(u64::from(answer.status == 201), Ordering::Relaxed);
                }
            });
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        let (started, organiser) = (Instant::now(), instance());
        assert_eq!(patch(&organiser, &json!({"status": "paused"})).await.said(), "200");
        let took = started.elapsed();
        sellers.join_all().await;
        let reserved = summary(&organiser).await["reservedSeats"].as_u64();
        let sold = sold.load(Ordering::Relaxed);
        assert_eq!(reserved, Some(sold), "every seat that is taken was told of");
        let started = Instant::now();
        assert_eq!(all_of_any().at(&organiser).await.json()["cancelledSeats"], sold);
        (took, started.elapsed(), sold)
    });
    assert!(sold > 1_000, "{sold} orders are no burst");
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert!(cancelled_in < Duration::from_secs(4), "{cancelled_in:?}");
}
