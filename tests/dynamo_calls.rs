//! What a request costs: every call to DynamoDB is counted on its way there.

use serde_json::json;
use shared::desk::Desk;
use shared::dynamo::DynamoStore;
use ticketboss::local::aws;

use crate::support::desk::{Incoming, desk, incoming, open};
use crate::support::own_table::OwnTable;
use crate::support::proxy::Proxy;
use crate::support::sale::unique;
use crate::support::{contract, database};

/// A desk on DynamoDB, with the proxy that counts between them.
fn counted() -> (Proxy, Desk<DynamoStore>) {
    let proxy = Proxy::before(database::endpoint());
    let store = DynamoStore::with_client(aws::dynamodb_at(&proxy.endpoint()), aws::TABLE);
    (proxy, desk(store))
}

/// What was called since the last time: `GetItem 1, UpdateItem 1`.
fn calls(proxy: &Proxy) -> String {
    let counts = proxy.take_counts().into_iter().map(|(action, count)| format!("{action} {count}"));
    counts.collect::<Vec<_>>().join(", ")
}

#[tokio::test]
async fn a_warm_reservation_makes_two_calls_and_every_request_as_few_as_it_can() {
    let (proxy, desk) = counted();
    let event = open(&desk.store, &unique("counted"), 60).await.id;
    proxy.take_counts();
    let orders = &format!("/events/{event}/reservations");
    let order = |seats: u32| incoming("POST", orders).body(&json!({ "seats": seats }));

    let first = order(1).keyed("k").at(&desk).await;
    assert_eq!(calls(&proxy), "GetItem 2, UpdateItem 1", "an instance's first reads the event too");

    let reservation = &format!("{orders}/{}", first.text_of("reservationId"));
    let summary = incoming("GET", format!("/events/{event}"));
    let delete = || incoming("DELETE", reservation);
    let new_event = json!({"eventId": unique("counted"), "name": "A", "totalSeats": 4_800});
    let create = || incoming("POST", "/events").from("chief", "organiser").body(&new_event);
    let large_event = json!({"eventId": unique("large"), "name": "A", "totalSeats": 100_000});
    let create_large = incoming("POST", "/events").from("chief", "organiser").body(&large_event);
    let held = order(1);
    let held = held.body(&json!({"seats": 1, "hold": {"expiresInSeconds": 60}})).keyed("held");
    let id = held.clone().at(&desk).await.text_of("reservationId");
    proxy.take_counts();
    let confirm = || incoming("POST", format!("{orders}/{id}/confirm"));
    let amend = |seats: u32| {
        let call = incoming("PATCH", format!("{orders}/{id}")).header("If-Match", "*");
        call.body(&json!({ "seats": seats }))
    };
    let extend = |seconds: u32| {
        let body = json!({"expiresInSeconds": seconds});
        incoming("POST", format!("{orders}/{id}/extend")).body(&body)
    };
    let deep = incoming("GET", "/healthcheck?deep=1");
    let sparse = open(&desk.store, &unique("sparse"), 100_000).await.id;
    let sparse = incoming("GET", format!("/events/{sparse}/reservations"));
    proxy.take_counts();
    let cases: [(&str, Incoming, &str, &str); 24] = [
        ("warm order", order(1), "201", "GetItem 1, UpdateItem 1"),
        ("replay", order(1).keyed("k"), "201", "GetItem 1"),
        ("reused key", order(2).keyed("k"), "422 idempotency-key-reused", "GetItem 1"),
        ("malformed order", order(0), "400 validation-failed", ""),
        ("reservation", incoming("GET", reservation), "200", "GetItem 1"),
        ("summary", summary, "200", "BatchGetItem 1, GetItem 1"),
        ("cancellation", delete(), "204", "GetItem 1, UpdateItem 1"),
        ("second cancellation", delete(), "404 reservation-not-found", "GetItem 1"),
        ("replayed hold", held, "201", "GetItem 1"),
        ("extension", extend(90), "200", "GetItem 1, UpdateItem 1"),
        ("extension to no later", extend(60), "200", "GetItem 1"),
        ("change", amend(2), "200", "GetItem 1, UpdateItem 1"),
        ("change to the same", amend(2), "200", "GetItem 1"),
        ("confirmation", confirm(), "200", "GetItem 1, UpdateItem 1"),
        ("second confirmation", confirm(), "200", "GetItem 1"),
        ("extension in vain", extend(90), "409 not-held", "GetItem 1"),
        ("list", incoming("GET", orders), "200", "BatchGetItem 1"),
        ("empty page of a large event", sparse, "200", "BatchGetItem 6, GetItem 1"),
        ("creation", create(), "201", "TransactWriteItems 1"),
        ("second creation", create(), "409 event-exists", "GetItem 1, TransactWriteItems 1"),
        ("creation of 2,000 pools", create_large, "201", "TransactWriteItems 22"),
        ("partner's creation", create().from("a", "partner"), "403 access-denied", ""),
        ("health", incoming("GET", "/healthcheck"), "200", ""),
        ("deep health", deep, "200", "GetItem 1"),
    ];
    for (name, request, said, want) in cases {
        assert_eq!(request.at(&desk).await.said(), said, "{name}");
        assert_eq!(calls(&proxy), want, "{name}");
    }
}

#[tokio::test]
async fn a_change_of_an_event_is_two_transactions_and_one_update_of_each_pool() {
    let (proxy, desk) = counted();
    for (seats, pools) in [(50, 1), (120, 3), (5_000, 100)] {
        let event = open(&desk.store, &unique("paused"), seats).await.id;
        proxy.take_counts();
        let pause = || {
            let call = incoming("PATCH", format!("/events/{event}")).from("chief", "organiser");
            call.header("If-Match", "*").body(&json!({"status": "paused"})).at(&desk)
        };
        assert_eq!(pause().await.said(), "200");
        let counts = proxy.take_counts();
        assert_eq!((counts["TransactWriteItems"], counts["GetItem"] <= 4), (2, true), "{counts:?}");
        // The answer's numbers are counted, and one counting in eight is told to others.
        let updates = counts["UpdateItem"];
        assert!([pools, pools + 2].contains(&updates), "{counts:?}");
        pause().await;
        let counts = proxy.take_counts();
        assert!(!counts.contains_key("TransactWriteItems"), "it is paused: {counts:?}");
        assert!(counts.get("UpdateItem").is_none_or(|updates| *updates == 2), "{counts:?}");
    }
}

#[tokio::test]
async fn a_page_of_events_costs_a_few_readings_for_each() {
    let (proxy, table) = (Proxy::before(database::endpoint()), OwnTable::create().await);
    let client = aws::dynamodb_at(&proxy.endpoint());
    let desk = desk(DynamoStore::with_client(client, &table.name));
    let page = || incoming("GET", "/events").at(&desk);
    let cases = [
        ("an event of one pool", "one", 50, "BatchGetItem 2, Query 1"),
        ("a small one", "small", 800, "BatchGetItem 3, GetItem 1, Query 1"),
        (
            "a large one, counted for its board",
            "large",
            900,
            "BatchGetItem 4, GetItem 3, Query 1, UpdateItem 2",
        ),
    ];
    for (name, id, seats, want) in cases {
        open(&desk.store, id, seats).await;
        proxy.take_counts();
        page().await;
        assert_eq!(calls(&proxy), want, "and {name}");
    }
    page().await;
    assert_eq!(
        calls(&proxy),
        "BatchGetItem 3, GetItem 2, Query 1",
        "its board is enough from then on"
    );
}

#[tokio::test]
async fn a_gather_is_two_readings_and_one_transaction_and_a_refusal_three_readings() {
    let (proxy, desk) = counted();
    let event = open(&desk.store, &unique("gathered"), 51).await.id;
    let orders = &format!("/events/{event}/reservations");
    let mut said = Vec::new();
    desk.event(&event).await.expect("it is remembered from here on");
    for seats in [10, 10, 10, 10, 10, 2] {
        proxy.take_counts();
        let answer = incoming("POST", orders).body(&json!({ "seats": seats })).at(&desk).await;
        said.push((answer.said(), calls(&proxy)));
    }
    let (plain, gathered) =
        ("GetItem 1, UpdateItem 1", "BatchGetItem 1, GetItem 1, TransactWriteItems 1");
    // 26 and 25 seats hold four orders of 10; one of the five is made of what is left of both.
    assert_eq!(said[0], ("201".to_owned(), plain.to_owned()));
    assert!(said.contains(&("201".to_owned(), gathered.to_owned())), "{said:?}");
    // An order without a key that met a pool with too few seats went to the other one.
    let moved = "GetItem 2, UpdateItem 1";
    assert!(said[..5].iter().all(|(_, calls)| [plain, moved, gathered].contains(&calls.as_str())));
    // What the gather saw is the first half of the proof. One refusal in eight tells others of it.
    let (alone, told) = ("BatchGetItem 1, GetItem 2", "BatchGetItem 1, GetItem 2, UpdateItem 2");
    assert_eq!(said[5].0, "409 not-enough-seats");
    assert!([alone, told].contains(&said[5].1.as_str()), "{said:?}");
}

#[tokio::test]
async fn no_function_calls_what_its_policy_does_not_grant() {
    let (proxy, desk) = counted();
    let event = open(&desk.store, &unique("granted"), 51).await.id;
    let orders = &format!("/events/{event}/reservations");
    let order = || incoming("POST", orders).body(&json!({"seats": 10}));
    let id = order().at(&desk).await.text_of("reservationId");
    let reservation = &format!("{orders}/{id}");
    let new_event = json!({"eventId": event.as_str(), "name": "A", "totalSeats": 5});
    let create = incoming("POST", "/events").from("chief", "organiser").body(&new_event);
    let amend_event = incoming("PATCH", format!("/events/{event}")).from("chief", "organiser");
    let amend_event = amend_event.header("If-Match", "*").body(&json!({"name": "B"}));
    let hold = json!({"seats": 1, "hold": {"expiresInSeconds": 60}});
    let held = incoming("POST", orders).body(&hold).at(&desk).await.text_of("reservationId");
    let amend = |seats: u32| {
        let call = incoming("PATCH", reservation.as_str()).header("If-Match", "*");
        call.body(&json!({ "seats": seats }))
    };
    let held_and = |what: &str| {
        let body = json!({"expiresInSeconds": 90});
        incoming("POST", format!("{orders}/{held}/{what}")).body(&body)
    };
    let cases = [
        ("ReserveSeatsFunction", "UpdateItem", vec![order(), order(), order(), order(), order()]),
        ("ShowReservationFunction", "", vec![incoming("GET", reservation)]),
        ("CancelReservationFunction", "", vec![incoming("DELETE", reservation)]),
        ("AmendReservationFunction", "UpdateItem", vec![amend(2), amend(10)]),
        ("ExtendReservationFunction", "", vec![held_and("extend")]),
        ("ConfirmReservationFunction", "", vec![held_and("confirm")]),
        ("ListReservationsFunction", "", vec![incoming("GET", orders)]),
        ("ListEventsFunction", "", vec![incoming("GET", "/events?limit=3")]),
        ("SummarizeEventFunction", "", vec![incoming("GET", format!("/events/{event}"))]),
        ("AmendEventFunction", "PutItem", vec![amend_event]),
        ("CreateEventFunction", "PutItem", vec![create]),
        ("CheckHealthFunction", "", vec![incoming("GET", "/healthcheck?deep=1")]),
        ("ShowDocsFunction", "", vec![incoming("GET", "/docs")]),
    ];
    let grants = contract::functions();
    for (function, in_transactions, requests) in cases {
        proxy.take_counts();
        for request in requests {
            request.at(&desk).await;
        }
        for action in proxy.take_counts().into_keys() {
            let action = if action == "TransactWriteItems" { in_transactions } else { &action };
            assert!(grants[function].actions.contains_key(action), "{function} calls {action}");
        }
    }
}
