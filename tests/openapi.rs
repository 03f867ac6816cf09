//! openapi.yaml against itself and against what is really answered.
//!
//! Every answer that any test sees is checked against it where it arrives (`support::contract`);
//! here is the rest: its examples, the gateway's own words, and that nothing in it is made up.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use shared::config::DEFAULT_EVENT_ID;
use shared::mark::RequestMark;
use shared::store::Store;

use crate::support::answer::check_problem;
use crate::support::contract::{self, Operation};
use crate::support::desk::{Incoming, desk, desk_at, incoming, open};
use crate::support::losing::LosingStore;
use crate::support::nouns;
use crate::support::schema::{fault, referred};
use crate::support::simulated::SimulatedStore;
use crate::support::simulated::weather::{Dice, Weather};

/// What the gateway answers by itself: no key, a wrong key, too many requests, a wrong setup, no
/// answer from the function, none in time.
const OF_THE_GATEWAY: [&str; 6] = ["401", "403", "429", "500", "502", "504"];

/// Every example of this content, by name.
fn examples(content: &Value) -> Vec<(String, Value)> {
    let examples = content["examples"].as_object().into_iter().flatten();
    let resolved = |example: &Value| match example["$ref"].as_str() {
        Some(reference) => referred(contract::document(), reference)["value"].clone(),
        None => example["value"].clone(),
    };
    examples.map(|(name, example)| (name.clone(), resolved(example))).collect()
}

#[test]
fn every_answer_has_an_example_and_every_example_is_what_it_says() {
    for Operation { id, answers, .. } in contract::operations() {
        for (status, answer) in answers {
            for (content_type, content) in answer["content"].as_object().into_iter().flatten() {
                let examples = examples(content);
                let shown = !examples.is_empty() || !content_type.ends_with("json");
                assert!(shown || id == "showDocsJson", "{id} {status} has no example");
                for (name, example) in examples {
                    let fault = fault(contract::document(), &content["schema"], &example);
                    assert_eq!(fault, None, "{id} {status} {name}");
                    if content_type == "application/problem+json" {
                        check_problem(status.parse().unwrap(), &example);
                    }
                }
            }
        }
    }
}

#[test]
fn every_example_of_a_request_is_one_that_is_understood() {
    let paths = contract::document()["paths"].as_object().unwrap().values();
    let contents: Vec<_> = paths
        .flat_map(|item| [&item["post"], &item["patch"]])
        .filter_map(|one| one["requestBody"]["content"]["application/json"].as_object())
        .collect();
    assert_eq!(contents.len(), 8);
    for content in contents {
        let content = Value::Object(content.clone());
        for (name, example) in examples(&content) {
            assert_eq!(fault(contract::document(), &content["schema"], &example), None, "{name}");
        }
    }
}

#[test]
fn the_gateway_says_what_a_function_would_say() {
    let responses = contract::document()["x-amazon-apigateway-gateway-responses"].as_object();
    for (kind, response) in responses.unwrap() {
        let status = response["statusCode"].as_str().unwrap().parse().unwrap();
        let templates = response["responseTemplates"].as_object().unwrap();
        assert_eq!(templates.keys().collect::<Vec<_>>(), ["application/json"], "{kind}");
        let body = templates["application/json"].as_str().unwrap();
        let body = body.replace("$context.requestId", "a-request");
        assert!(!body.contains('$'), "{kind}: {body}");
        let code = check_problem(status, &serde_json::from_str(&body).unwrap());

        let header = |name: &str| {
            let value = &response["responseParameters"][format!("gatewayresponse.header.{name}")];
            value.as_str().unwrap_or_default().trim_matches('\'').to_owned()
        };
        assert_eq!(header("Content-Type"), "application/problem+json", "{kind}");
        assert_eq!(header("Cache-Control"), "no-store", "{kind}");
        assert_eq!(header("X-Content-Type-Options"), "nosniff", "{kind}");
        let is_retryable = ["rate-limited", "unavailable"].contains(&code.as_str());
        assert_eq!(!header("Retry-After").is_empty(), is_retryable, "{kind}");
    }
}

/// Requests to this operation, one after the other, that meet each of its answers on a desk with
/// the event `any`, which has 10 seats, and the default event.
fn requests(operation: &Operation, id: &str) -> Vec<Incoming> {
    let path = operation.path.replace("{reservationId}", id);
    let at = |event: &str| path.replace("{eventId}", event).replace("{asset}", event);
    let call = |event: &str| incoming(method_of(operation), at(event));
    let order = |seats: u32| call("any").body(&json!({ "seats": seats }));
    let large = json!({"seats": 1, "x": "x".repeat(20_000)});
    if ["GET", "HEAD"].contains(&method_of(operation)) {
        return readings(operation, &path);
    }
    if ["amendEvent", "cancelAllReservations", "createEvent"].contains(&operation.id.as_str()) {
        return changes_of_events(operation, &path);
    }
    match operation.id.trim_end_matches("ByEventId") {
        "reserveSeats" => vec![
            order(1).keyed("k"),
            order(2).keyed("k"),
            order(0),
            call("none").body(&json!({"seats": 1})),
            call("any").body(&large),
            order(1).header("Content-Encoding", "gzip"),
            order(10),
            order(10),
        ],
        "cancelReservation" => vec![
            call("any").keyed(&"k".repeat(256)),
            call("any").header("If-Match", "\"v0\""),
            call("any"),
            call("any"),
        ],
        "amendReservation" => {
            let to_two = || call("any").body(&json!({"seats": 2}));
            let seen = |tag: &str| to_two().header("If-Match", tag);
            let compressed = to_two().header("Content-Encoding", "gzip");
            let large = call("any").body(&large);
            vec![call("any"), large, compressed, to_two(), seen("\"v0\""), seen("\"v1\"")]
        }
        "confirmReservation" => vec![call("any").keyed(&"k".repeat(256)), call("any")],
        "extendReservation" => {
            let time = || call("any").body(&json!({"expiresInSeconds": 300}));
            vec![
                call("any"),
                call("any").body(&large),
                time().header("Content-Encoding", "gzip"),
                time(),
            ]
        }
        other => panic!("{other} is new: say here what it answers"),
    }
}

/// As [`requests`], of an operation that changes events, at this path.
fn changes_of_events(operation: &Operation, path: &str) -> Vec<Incoming> {
    let at = |event: &str| path.replace("{eventId}", event);
    let call = |event: &str| incoming(method_of(operation), at(event));
    let large = json!({"seats": 1, "x": "x".repeat(20_000)});
    let event = json!({"eventId": operation.id.to_lowercase(), "name": "A", "totalSeats": 1});
    let create = |body: &Value| call("any").from("chief", "organiser").body(body);
    match operation.id.as_str() {
        "amendEvent" => {
            let change = |tag: &str| create(&json!({"status": "paused"})).header("If-Match", tag);
            let unnamed = create(&json!({"status": "paused"}));
            let none = incoming("PATCH", at("none")).from("chief", "organiser");
            let none = none.body(&json!({"status": "paused"})).header("If-Match", "*");
            let reopened = create(&json!({"status": "on_sale"})).header("If-Match", "\"v0\"");
            let compressed = change("*").header("Content-Encoding", "gzip");
            let partners = call("any").body(&json!({"status": "paused"}));
            let refused = [create(&json!({})), create(&large), compressed, unnamed, none, partners];
            refused.into_iter().chain([change("*"), reopened]).collect()
        }
        "cancelAllReservations" => {
            let organisers = |event: &str| call(event).from("chief", "organiser");
            let long = organisers("any").keyed(&"k".repeat(256));
            vec![call("any"), long, organisers("none"), organisers("any")]
        }
        "createEvent" => vec![
            create(&event),
            create(&event),
            create(&event).keyed("k"),
            create(&json!({"name": "A", "totalSeats": 1})).keyed("k"),
            create(&json!({"name": "B", "totalSeats": 1})).keyed("k"),
            create(&json!({})),
            create(&large),
            create(&event).header("Content-Encoding", "gzip"),
            incoming("POST", "/events/").from("chief", "organiser"),
        ],
        other => panic!("{other} is new: say here what it answers"),
    }
}

/// As [`requests`], of an operation that reads, at this path.
fn readings(operation: &Operation, path: &str) -> Vec<Incoming> {
    let at = |event: &str| path.replace("{eventId}", event).replace("{asset}", event);
    let call = |event: &str| incoming(method_of(operation), at(event));
    match operation.id.trim_end_matches("Head").trim_end_matches("ByEventId") {
        "summarizeEvent" => {
            let seen = call("any").header("If-None-Match", "*");
            vec![call("any"), call("none"), seen, two_keys(call("any"))]
        }
        "showReservation" => {
            let seen = call("any").header("If-None-Match", "\"v1\"");
            vec![call("any"), call("none"), seen, two_keys(call("any"))]
        }
        "showCancellation" => {
            let begun = incoming("POST", "/events/any/cancellations").keyed("k");
            let event = "any".parse().expect("an id");
            let key = "k".parse().expect("a key");
            let by = RequestMark::of_cancel_all(&event, &nouns::partner("chief"), &key);
            let at = |event: &str| at(event).replace("{cancellationId}", &by.to_string());
            let show = |event: &str| incoming(method_of(operation), at(event));
            let organisers = |event: &str| show(event).from("chief", "organiser");
            vec![
                begun.from("chief", "organiser"),
                organisers("any"),
                organisers("none"),
                two_keys(organisers("any")),
                show("any"),
            ]
        }
        "listReservations" => {
            let other = incoming(method_of(operation), format!("{}?partnerId=x", at("any")));
            vec![call("any"), call("none"), other, two_keys(call("any"))]
        }
        "listEvents" => {
            let slashed = incoming(method_of(operation), "/events/");
            vec![call("any"), slashed, two_keys(call("any"))]
        }
        "checkHealth" => vec![call("any"), incoming(method_of(operation), "/healthcheck?deep=1")],
        "showDocs" | "showDocsJson" | "showDocsAsset" => {
            let asset = || call("start.js");
            vec![asset(), asset().header("If-None-Match", "*"), call("none")]
        }
        other => panic!("{other} is new: say here what it answers"),
    }
}

/// The request with two lines that say who calls.
fn two_keys(request: Incoming) -> Incoming {
    request.header("Authorization", "Bearer a").header("Authorization", "Bearer b")
}

fn method_of(operation: &Operation) -> &'static str {
    ["GET", "HEAD", "POST", "PATCH", "DELETE"]
        .into_iter()
        .find(|method| operation.method == *method)
        .unwrap()
}

/// The statuses of the answers to these requests on a desk with an event, and a reservation in it.
async fn statuses<S: Store>(
    operation: &Operation,
    store: SimulatedStore,
    on: fn(SimulatedStore) -> S,
    clock: fn() -> Timestamp,
) -> BTreeSet<String> {
    let is_default = !operation.path.contains("{eventId}");
    let (event, orders) = if is_default {
        (DEFAULT_EVENT_ID, "/reservations")
    } else {
        ("any", "/events/any/reservations")
    };
    open(&store, event, 10).await;
    let is_of_holds =
        ["amend", "confirm", "extend"].iter().any(|verb| operation.id.starts_with(verb));
    let hold = is_of_holds.then(|| json!({"expiresInSeconds": 60}));
    let order = incoming("POST", orders).body(&json!({"seats": 1, "hold": hold})).keyed("before");
    let id = order.at(&desk(store.clone())).await.text_of("reservationId");
    let desk = desk_at(on(store), clock);
    let mut statuses = BTreeSet::new();
    for request in requests(operation, &id) {
        statuses.insert(request.at(&desk).await.status.to_string());
    }
    statuses
}

#[tokio::test(start_paused = true)]
async fn every_answer_in_the_contract_is_one_that_is_given() {
    let mut never_given = BTreeMap::new();
    for operation in contract::operations() {
        let calm = SimulatedStore::calm;
        let now = nouns::start_of_time;
        let later = || nouns::start_of_time() + SignedDuration::from_mins(5);
        let mut given = statuses(operation, calm(), |store| store, now).await;
        given.extend(statuses(operation, calm(), |store| store, later).await);
        given.extend(statuses(operation, calm(), LosingStore, now).await);
        given.extend(statuses(operation, calm(), |_| SimulatedStore::calm(), now).await);
        given.extend(statuses(operation, calm(), |_| gone(), now).await);
        given.extend(OF_THE_GATEWAY.map(str::to_owned));
        let never = operation.answers.keys().filter(|status| !given.contains(*status));
        let never: Vec<_> = never.collect();
        if !never.is_empty() {
            never_given.insert(&operation.id, never);
        }
    }
    assert_eq!(never_given, BTreeMap::new());
}

/// A store that does not answer.
fn gone() -> SimulatedStore {
    SimulatedStore::under(Weather { lost_before: 1.0, ..Weather::calm() }, Dice::new(1))
}
