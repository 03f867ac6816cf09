//! `POST /events`: an organiser puts an event on sale.

use serde_json::{Value, json};

use crate::support::client::at_once;
use crate::support::desk::{desk, incoming};
use crate::support::sale::{Callers, Sale, unique};
use crate::support::simulated::SimulatedStore;

#[tokio::test]
async fn refuses_what_it_cannot_put_on_sale() {
    let sale = Sale::of(5).await;
    let (nobody, organiser) = (&sale.callers.nobody, &sale.callers.organiser);
    let stranger = &nobody.with_key("tb_00000000000000000000");
    let large = &*json!({"name": "x".repeat(20_000), "totalSeats": 0}).to_string();
    let taken = &*json!({"eventId": sale.event, "name": "Another", "totalSeats": 5}).to_string();
    let fresh = &*json!({"eventId": unique("test"), "name": "A", "totalSeats": 1}).to_string();
    let long = &*"k".repeat(256);
    let cases = [
        (nobody, "DELETE", "/events", long, "", "404 route-not-found"),
        (nobody, "POST", "/events", long, "", "401 unauthenticated"),
        (stranger, "POST", "/events", long, "", "403 access-denied"),
        (&sale.callers.partner, "POST", "/events", long, "", "403 access-denied"),
        (organiser, "POST", "/events", long, large, "400 validation-failed"),
        (organiser, "POST", "/events", "k", large, "413 body-too-large"),
        (organiser, "POST", "/events", "k", "", "400 validation-failed"),
        (organiser, "POST", "/events", "k", taken, "409 event-exists"),
        (organiser, "POST", "/events", "k", fresh, "201"),
    ];
    for (caller, method, path, key, body, want) in cases {
        let answer = caller.call(method, path).keyed(key).body(body).send().await;
        assert_eq!(answer.said(), want, "{method} {path} {body}");
    }
    let summary = sale.summary().await;
    assert_eq!((&summary["name"], &summary["version"]), (&json!("Any Meet-up"), &json!(0)));
}

#[tokio::test]
async fn names_every_fault_of_an_event() {
    let organiser = Callers::of_shared_stack().organiser;
    let (id, name, seats) = ("#/eventId malformed", "#/name malformed", "#/totalSeats malformed");
    let ends = "#/endsAt malformed";
    let cases: [(Value, &[&str]); 20] = [
        (json!({}), &["#/name required", "#/totalSeats required"]),
        (
            json!({"name": null, "totalSeats": null}),
            &["#/name malformed", "#/totalSeats malformed"],
        ),
        (json!({"name": "A", "totalSeats": 0}), &[seats]),
        (json!({"name": "A", "totalSeats": 100_001}), &[seats]),
        (json!({"name": "A", "totalSeats": -1}), &[seats]),
        (json!({"name": "A", "totalSeats": 1.5}), &[seats]),
        (json!({"name": "A", "totalSeats": "5"}), &[seats]),
        (json!({"name": "", "totalSeats": 5}), &[name]),
        (json!({"name": "A", "totalSeats": 5, "endsAt": "tomorrow"}), &[ends]),
        (json!({"name": "A", "totalSeats": 5, "endsAt": "2026-12-01T22:00:00"}), &[ends]),
        (json!({"name": "A", "totalSeats": 5, "endsAt": "1969-12-31T23:59:59Z"}), &[ends]),
        (json!({"name": "A", "totalSeats": 5, "endsAt": 1764626400}), &[ends]),
        (json!({"name": "A", "totalSeats": 5, "endsAt": "2026-12-01T22Z"}), &[ends]),
        (json!({"name": "A", "totalSeats": 5, "endsAt": "2026-12-01T22:00:00Z[UTC]"}), &[ends]),
        (json!({"name": "é".repeat(201), "totalSeats": 5}), &[name]),
        (json!({"name": "a\nb", "totalSeats": 5}), &[name]),
        (json!({"name": ["A"], "totalSeats": 5}), &[name]),
        (json!({"eventId": "", "name": "A", "totalSeats": 5}), &[id]),
        (json!({"eventId": "Node_Meetup", "name": "A", "totalSeats": 5}), &[id]),
        (json!({"eventId": "e".repeat(65), "name": "", "totalSeats": 0}), &[id, name, seats]),
    ];
    for (body, want) in cases {
        let answer = organiser.post("/events", &body).send().await;
        assert_eq!(answer.said(), "400 validation-failed", "{body}");
        let text = |fault: &Value, member: &str| fault[member].as_str().unwrap().to_owned();
        let faults = answer.json()["errors"].as_array().unwrap().clone();
        let faults = faults.iter().map(|fault| (text(fault, "pointer"), text(fault, "code")));
        let faults: Vec<_> = faults.map(|(pointer, code)| format!("{pointer} {code}")).collect();
        assert_eq!(faults, want, "{body}");
    }
}

#[tokio::test]
async fn answers_with_the_event_and_where_it_is() {
    let organiser = Callers::of_shared_stack().organiser;
    let name = "é".repeat(200);
    for (id, seats) in [(unique("smallest"), 1), ("e".repeat(51) + &unique(""), 100_000)] {
        let event = json!({"eventId": id, "name": name, "totalSeats": seats, "x": "ignored"});
        let created = organiser.post("/events", &event).send().await;
        assert_eq!(created.said(), "201");
        let want = json!({
            "eventId": id,
            "name": name,
            "totalSeats": seats,
            "availableSeats": seats,
            "reservationCount": 0,
            "version": 0,
            "reservedSeats": 0,
            "heldSeats": 0,
            "status": "on_sale",
        });
        assert_eq!(created.json(), want);
        let location = organiser.resolve("/events", created.header("location"));
        assert_eq!(location, format!("/events/{id}"));
        assert_eq!(created.header("etag"), "\"v0\"");
        assert_eq!(created.header("cache-control"), "no-store");
        assert_eq!(created.header("x-content-type-options"), "nosniff");
        let found = organiser.get(&location).send().await;
        assert_eq!(found.json(), want);
    }
}

#[tokio::test]
async fn an_event_may_say_when_it_ends_and_shows_it_in_utc() {
    let organiser = Callers::of_shared_stack().organiser;
    let event = |ends_at: &str| json!({"name": "A", "totalSeats": 5, "endsAt": ends_at});
    let create = |ends_at| organiser.post("/events", &event(ends_at)).keyed("ends-at");
    let created = create("2026-12-01T23:00:00.1239+01:00").send().await;
    assert_eq!(created.said(), "201");
    assert_eq!(created.json()["endsAt"], "2026-12-01T22:00:00.123Z");
    let location = organiser.resolve("/events", created.header("location"));
    assert_eq!(organiser.get(&location).send().await.json(), created.json());
    // The same moment is the same request; another is not.
    assert_eq!(create("2026-12-01T22:00:00.123Z").send().await.said(), "201");
    let later = create("2026-12-01T22:00:01Z").send().await;
    assert_eq!(later.said(), "422 idempotency-key-reused");
}

#[tokio::test]
async fn makes_an_id_where_none_is_given() {
    let organiser = Callers::of_shared_stack().organiser;
    let event = json!({"name": "Any Meet-up", "totalSeats": 5});
    let answers = at_once((0..2).map(|_| organiser.post("/events", &event))).await;
    let ids: Vec<_> = answers.iter().map(|answer| answer.text_of("eventId")).collect();
    assert_ne!(ids[0], ids[1]);
    for id in ids {
        assert_eq!(organiser.get(&format!("/events/{id}")).send().await.said(), "200");
    }
}

#[tokio::test]
async fn of_many_creations_at_once_one_succeeds_and_only_its_own_retry_may_repeat_it() {
    let organiser = Callers::of_shared_stack().organiser;
    let id = unique("raced");
    let event = |seats| json!({"eventId": id, "name": "Any Meet-up", "totalSeats": seats});
    let create = |turn: u32| {
        let key = format!("{id}-{turn}");
        organiser.post("/events", &event(turn)).keyed(&key)
    };
    let answers = at_once((1..=10).map(create)).await;
    let said = |want| answers.iter().filter(|answer| answer.said() == want).count();
    assert_eq!((said("201"), said("409 event-exists")), (1, 9));

    let winner = answers.iter().find(|answer| answer.status == 201).unwrap();
    let turn = u32::try_from(winner.json()["totalSeats"].as_u64().unwrap()).unwrap();
    let retry = create(turn).send().await;
    assert_eq!((retry.said().as_str(), &retry.text), ("201", &winner.text));
    assert_eq!(retry.header("idempotency-replayed"), "true");
    let reused = organiser.post("/events", &event(99)).keyed(&format!("{id}-{turn}")).send().await;
    assert_eq!(reused.said(), "422 idempotency-key-reused");
    let unkeyed = organiser.post("/events", &event(turn)).send().await;
    assert_eq!(unkeyed.said(), "409 event-exists");
}

#[tokio::test]
async fn twenty_copies_of_one_creation_at_once_are_one_event() {
    let organiser = Callers::of_shared_stack().organiser;
    let event = json!({"name": "Any Meet-up", "totalSeats": 5});
    let key = unique("key");
    let answers = at_once((0..20).map(|_| organiser.post("/events", &event).keyed(&key))).await;
    for answer in &answers {
        assert_eq!((answer.said().as_str(), &answer.text), ("201", &answers[0].text));
    }
    let replays = answers.iter().filter(|answer| answer.header("idempotency-replayed") == "true");
    assert_eq!(replays.count(), 19);
}

#[tokio::test]
async fn the_function_itself_refuses_a_partner_whatever_the_gateway_let_pass() {
    let desk = desk(SimulatedStore::calm());
    let event = json!({"eventId": "mine", "name": "Mine", "totalSeats": 5});
    let create = || incoming("POST", "/events").body(&event);
    assert_eq!(create().at(&desk).await.said(), "403 access-denied");
    assert_eq!(create().from("chief", "organiser").at(&desk).await.said(), "201");
}
