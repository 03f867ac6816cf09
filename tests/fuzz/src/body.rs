//! Any bytes as the body of an order and of a new event: what the contract allows is done, once and
//! as it was asked; everything else is refused.

use std::collections::HashMap;

use lambda_http::{Request, RequestExt as _};
use serde_json::{Map, Value};
use shared::access::{Caller, Role};
use shared::config::DEFAULT_EVENT_ID;
use shared::summary::Summary;

use super::rules;
use crate::support::answer::Answer;
use crate::support::counter::{CREATE, Counter, ORDER, SUMMARY};
use crate::support::nouns;
use crate::support::requests::Parts;

/// The most that is read.
const BYTES_MAX: usize = 16 * 1024;

pub(crate) fn check(bytes: &[u8]) {
    let object = |names| {
        let object = rules::object(bytes, names);
        object.filter(|_| bytes.len() <= BYTES_MAX).unwrap_or_default()
    };
    let order = object(&["seats", "partnerId", "partnerReference", "eventId", "hold"]);
    check_order(Role::Partner, bytes, &order);
    check_order(Role::Organiser, bytes, &order);
    check_creation(
        bytes,
        &object(&[
            "eventId",
            "name",
            "totalSeats",
            "endsAt",
            "status",
            "salesOpenAt",
            "salesCloseAt",
            "maxSeatsPerOrder",
        ]),
    );
}

fn check_order(role: Role, bytes: &[u8], object: &Map<String, Value>) {
    let counter = Counter::open();
    let request = request(role, bytes);
    let answer = counter.ask(ORDER, &request);

    let seats = rules::whole(object, "seats", 10.0);
    let hold = object.get("hold").filter(|hold| !hold.is_null());
    let is_hold = hold.is_none() || rules::holds(bytes);
    let is_order = is_hold
        && rules::fits(object, "partnerId", rules::is_partner_id) != Some(false)
        && rules::fits(object, "partnerReference", rules::is_partner_reference) != Some(false)
        && rules::fits(object, "eventId", |id| id == DEFAULT_EVENT_ID) != Some(false);
    let Some(seats) = seats.filter(|_| is_order) else {
        let status = if bytes.len() > BYTES_MAX { 413 } else { 400 };
        assert_eq!(answer.status, status);
        return;
    };
    let partner = object.get("partnerId").and_then(Value::as_str).unwrap_or("abc-corp");
    if role == Role::Partner && partner != "abc-corp" {
        assert_eq!(answer.said(), "403 partner-mismatch");
        return;
    }

    assert_eq!(answer.status, 201, "{object:?}");
    let sold = answer.json();
    assert_eq!(sold["seats"], seats);
    assert_eq!(sold["partnerId"], partner);
    assert_eq!(sold["status"], if hold.is_some() { "held" } else { "confirmed" });
    let reference = object.get("partnerReference").filter(|reference| !reference.is_null());
    assert_eq!(sold.get("partnerReference"), reference);
    let summary = Summary::of(&counter.event, &counter.census(), counter.desk.now());
    let taken = [summary.reserved_seats, summary.held_seats].map(u64::from);
    assert_eq!(taken, if hold.is_some() { [0, seats] } else { [seats, 0] });
    check_retry(&counter, ORDER, &request, &answer);
}

fn check_creation(bytes: &[u8], object: &Map<String, Value>) {
    let counter = Counter::open();
    let request = request(Role::Organiser, bytes);
    let answer = counter.ask(CREATE, &request);

    let seats = rules::whole(object, "totalSeats", 100_000.0);
    let is_event = rules::fits(object, "name", rules::is_event_name) == Some(true)
        && rules::fits(object, "eventId", rules::is_event_id) != Some(false)
        && rules::are_terms(object);
    let Some(seats) = seats.filter(|_| is_event) else {
        let status = if bytes.len() > BYTES_MAX { 413 } else { 400 };
        assert_eq!(answer.status, status);
        return;
    };
    let given = object.get("eventId").and_then(Value::as_str);
    if given == Some(DEFAULT_EVENT_ID) {
        assert_eq!(answer.said(), "409 event-exists");
        return;
    }

    assert_eq!(answer.status, 201, "{object:?}");
    let created = answer.json();
    let id = created["eventId"].as_str().expect("an id");
    assert!(rules::is_event_id(id) && id == given.unwrap_or(id), "{id}");
    assert_eq!(created["name"], object["name"]);
    assert_eq!(created["totalSeats"], seats);
    let ends_at = object.get("endsAt").filter(|ends_at| !ends_at.is_null());
    assert_eq!(created.get("endsAt").is_some(), ends_at.is_some());
    assert_eq!(created["availableSeats"], seats);
    let path = HashMap::from([("eventId".to_owned(), vec![id.to_owned()])]);
    let summary = counter.ask(SUMMARY, &request.clone().with_path_parameters(path));
    assert_eq!(summary.text, answer.text, "what was created is what stands");
    check_retry(&counter, CREATE, &request, &answer);
}

/// The same request again is answered as the first time, and does nothing.
fn check_retry(counter: &Counter, route: (&str, &str), request: &Request, first: &Answer) {
    let before = counter.desk.store.table.peek_all();
    let second = counter.ask(route, request);
    assert_eq!((second.status, &second.text), (first.status, &first.text));
    assert_eq!(first.header("idempotency-replayed"), "");
    assert_eq!(second.header("idempotency-replayed"), "true");
    assert!(before == counter.desk.store.table.peek_all(), "a retry changed what is stored");
}

fn request(role: Role, body: &[u8]) -> Request {
    let caller = Caller { id: nouns::partner("abc-corp"), role };
    Parts::request(&caller, "POST", body.into(), &Some("any".to_owned()))
}
