//! Whatever a caller sends, and whatever a gateway hands over: an answer that the contract knows,
//! never a panic, and nothing changed by what was refused.
//!
//! Bodies, headers, ids of any bytes; proxy events, authorizer requests with any part replaced.

use std::collections::BTreeSet;
use std::sync::Mutex;

use authorize_partner::authorize_partner;
use lambda_http::{Body, Request};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use shared::access::{Caller, Role};
use shared::boot;
use shared::config::DEFAULT_EVENT_ID;

use crate::support::counter::{Counter, SUMMARY};
use crate::support::requests::Parts;
use crate::support::{database, nouns};

/// What a gateway itself writes into an event. No answer is complete without the request's id; and
/// `lambda_http` panics, before we see it, at a body that only claims to be base64, and at a path
/// without a stage that is no path.
const OF_THE_GATEWAY: [&str; 4] = ["requestContext", "requestId", "stage", "isBase64Encoded"];

/// A proxy event that every handler can read. A query is not in it: at a parameter that is an empty
/// list, which no gateway hands over, `lambda_http` panics, too.
fn proxy_event() -> Value {
    json!({
        "resource": "/",
        "path": "/reservations",
        "httpMethod": "POST",
        "headers": { "Content-Type": "application/json", "Idempotency-Key": "any" },
        "multiValueHeaders": {},
        "pathParameters": {
            "eventId": DEFAULT_EVENT_ID,
            "reservationId": "0000b1f3-5c8e-8d9a-ab3f-2d8c7e1a9000",
            "asset": "start.js",
        },
        "requestContext": {
            "requestId": "in-process",
            "stage": "v1",
            "httpMethod": "POST",
            "authorizer": { "partnerId": "abc-corp", "role": "organiser" },
        },
        "body": json!({
            "partnerId": "abc-corp", "partnerReference": "A-17", "seats": 3,
            "eventId": "another", "name": "Another", "totalSeats": 51,
        })
        .to_string(),
        "isBase64Encoded": false,
    })
}

/// Any JSON, small numbers and known words more often than others.
fn any_json() -> impl Strategy<Value = Value> {
    let number = prop_oneof![
        (-1..12_i64).prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        Just(json!(3.0)),
        Just(json!(1e300)),
    ];
    let text = prop_oneof![any::<String>(), "[ -~]{0,300}", "\\PC{0,70}"];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        number,
        text.prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-zA-Z]{0,9}", inner, 0..4)
                .prop_map(|members| json!(members)),
        ]
    })
}

/// Where in a document, and what to put there, if anything.
type Mutation = (prop::sample::Index, Option<Value>);

fn mutations() -> impl Strategy<Value = Vec<Mutation>> {
    let replacement = prop_oneof![any_json(), "|partner|one.css".prop_map(Value::from)];
    let mutation = (any::<prop::sample::Index>(), prop::option::weighted(0.8, replacement));
    prop::collection::vec(mutation, 1..5)
}

/// Replaces parts of a document, but nothing that is the gateway's own.
fn mutate(document: &mut Value, mutations: &[Mutation]) {
    for (place, replacement) in mutations {
        let mut places = Vec::new();
        list_places(document, "", &mut places);
        let (parent, name) = &places[place.index(places.len())];
        let parent = document.pointer_mut(parent).and_then(Value::as_object_mut).expect("listed");
        parent.remove(name);
        parent.extend(replacement.iter().map(|value| (name.clone(), value.clone())));
    }
}

/// Every member of every object: the pointer to its object, and its name.
fn list_places(document: &Value, pointer: &str, places: &mut Vec<(String, String)>) {
    for (name, member) in document.as_object().into_iter().flatten() {
        if !OF_THE_GATEWAY.contains(&&**name) {
            places.push((pointer.to_owned(), name.clone()));
        }
        if !name.contains(['/', '~']) {
            list_places(member, &format!("{pointer}/{name}"), places);
        }
    }
}

/// The request that a handler is given for this event, if it is a proxy event.
fn as_sent(event: &Value) -> Result<Request, serde_json::Error> {
    serde_json::from_value(event.clone()).map(|request| boot::as_sent(request).into())
}

/// What was said, in all cases of a test.
#[derive(Default)]
struct Said(Mutex<BTreeSet<String>>);

impl Said {
    /// Hands the request to every handler.
    fn try_all(&self, request: &Request) {
        self.0.lock().expect("nobody panics here").extend(Counter::open().try_all(request));
    }

    /// What must have been said, or what was tried was too wild to be read.
    fn check_variety(self, must: &[&str]) {
        let said = self.0.into_inner().expect("nobody panics here");
        assert_eq!(must.iter().find(|must| !said.contains(**must)), None, "of {said:?}");
    }
}

fn runner(cases: u32) -> TestRunner {
    TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() })
}

#[test]
fn any_proxy_event_is_answered_as_the_contract_says() {
    let said = Said::default();
    let outcome = runner(1_500).run(&mutations(), |mutations| {
        let mut event = proxy_event();
        mutate(&mut event, &mutations);
        // What is no proxy event, the runtime answers by itself.
        if let Ok(request) = as_sent(&event) {
            said.try_all(&request);
        }
        Ok(())
    });
    outcome.unwrap();
    said.check_variety(&[
        "200",
        "201",
        "400 validation-failed",
        "403 access-denied",
        "404 event-not-found",
        "404 reservation-not-found",
        "404 route-not-found",
        "500 internal",
    ]);
}

#[test]
fn any_body_key_and_id_are_answered_as_the_contract_says() {
    let said = Said::default();
    let fields = (any_json(), any_json(), any_json(), any_json());
    let object = fields.prop_map(|(seats, partner, name, total)| {
        let object = json!({
            "seats": seats, "partnerId": partner, "name": name, "totalSeats": total,
        });
        object.to_string().into_bytes()
    });
    let bytes = prop::collection::vec(any::<u8>(), 0..200);
    let large = (16_300..16_500_usize).prop_map(|length| vec![b' '; length]);
    let json = any_json().prop_map(|json| json.to_string().into_bytes());
    let body = prop_oneof![4 => object, 2 => json, 3 => bytes, 1 => large];
    let header = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..300),
        "\"?[ -~]{0,260}\"?".prop_map(String::into_bytes),
    ];
    let sent = (body, header, any::<String>(), "[0-9a-fA-F-]{0,40}", any::<bool>());
    let outcome = runner(1_500).run(&sent, |(body, header, event_id, id, by_name)| {
        let mut event = proxy_event();
        let parameters = &mut event["pathParameters"];
        parameters["reservationId"] = id.into();
        if by_name {
            parameters["eventId"] = event_id.into();
        }
        let mut request = as_sent(&event).expect("an event");
        *request.body_mut() = Body::Binary(body);
        // What is no header, no gateway hands over.
        if let Ok(value) = header.as_slice().try_into() {
            request.headers_mut().insert("Idempotency-Key", value);
        }
        said.try_all(&request);
        Ok(())
    });
    outcome.unwrap();
    said.check_variety(&[
        "200",
        "400 validation-failed",
        "404 event-not-found",
        "413 body-too-large",
    ]);
}

#[test]
fn a_version_is_recognised_among_tags_of_any_form() {
    let counter = Counter::open();
    let cases: [(&[u8], u16); 5] = [
        (b"\"v1\", W/\"v\xd92\" ,\"v0\"", 304),
        (b"\"a,b\",W/\"v0\"", 304),
        (b" * ", 304),
        (b"\"a,*,b\"", 200),
        (b"v0", 200),
    ];
    for (seen, status) in cases {
        let caller = Caller { id: nouns::partner("abc-corp"), role: Role::Partner };
        let mut request = Parts::summary(&caller);
        let seen = seen.try_into().expect("a header");
        request.headers_mut().insert("If-None-Match", seen);
        assert_eq!(counter.ask(SUMMARY, &request).status, status, "{:?}", request.headers());
    }
}

#[test]
fn any_authorizer_request_is_denied_unless_it_bears_a_key() {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().expect("a runtime");
    let store = database::store();
    let bearer = prop_oneof![
        any::<String>(),
        "[Bb]earer +tb_[0-9a-zA-Z]{0,110}",
        "[Bb]earer[ \t]{0,3}[ -~]{0,40}",
    ];
    let outcome = runner(300).run(&(bearer, mutations()), |(bearer, mutations)| {
        let mut request = json!({
            "type": "REQUEST",
            "methodArn": "arn:aws:execute-api:eu-central-1:123456789012:api/v1/POST/events",
            "headers": { "Authorization": bearer },
            "pathParameters": {},
            "requestContext": { "requestId": "in-process", "identity": { "sourceIp": "::1" } },
        });
        mutate(&mut request, &mutations);
        let Ok(request) = serde_json::from_value(request) else { return Ok(()) };
        let decided = runtime.block_on(authorize_partner(&store, &request));
        let decided = serde_json::to_value(decided.expect("DynamoDB answers")).expect("JSON");
        let statements = &decided["policyDocument"]["Statement"];
        prop_assert_eq!(&statements[0]["Effect"], "Deny", "{:?}", request);
        prop_assert_eq!(statements.as_array().map(Vec::len), Some(1));
        Ok(())
    });
    outcome.unwrap();
}
