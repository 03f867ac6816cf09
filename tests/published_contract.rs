//! The published TicketBoss API, line by line: a client that was written for it must not notice.
//!
//! It has one event, which these tests share, so they take turns; and they leave it as it was, so
//! that they can run against any stack.

use serde_json::{Value, json};
use tokio::sync::{Mutex, MutexGuard};

use crate::support::sale::Callers;

/// The turn of the one test that may use the default event.
async fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::const_new(());
    TURN.lock().await
}

async fn summary(callers: &Callers) -> Value {
    let answer = callers.partner.get("/reservations").send().await;
    assert_eq!(answer.said(), "200");
    answer.json()
}

fn number(body: &Value, member: &str) -> u64 {
    body[member].as_u64().unwrap_or_else(|| panic!("`{member}` of {body}"))
}

#[tokio::test]
async fn reserving_and_cancelling_answer_as_published() {
    let (callers, _turn) = (Callers::of_shared_stack(), turn().await);
    let before = summary(&callers).await;

    let order = json!({"partnerId": "abc-corp", "seats": 3});
    let sold = callers.partner.post("/reservations", &order).send().await;
    assert_eq!(sold.status, 201);
    let body = sold.json();
    let id = body["reservationId"].as_str().unwrap();
    let groups: Vec<_> = id.split('-').map(str::len).collect();
    assert_eq!(groups, [8, 4, 4, 4, 12], "a UUID");
    assert_eq!((&body["seats"], &body["status"]), (&json!(3), &json!("confirmed")));

    let between = summary(&callers).await;
    assert_eq!(number(&between, "availableSeats"), number(&before, "availableSeats") - 3);
    assert_eq!(number(&between, "reservationCount"), number(&before, "reservationCount") + 1);
    assert_eq!(number(&between, "version"), number(&before, "version") + 1);

    let path = format!("/reservations/{id}");
    let cancelled = callers.partner.delete(&path).send().await;
    assert_eq!((cancelled.status, cancelled.text.as_str()), (204, ""));
    let again = callers.partner.delete(&path).send().await;
    assert_eq!(again.status, 404);
    assert_eq!(again.json()["error"], "Reservation not found or already cancelled");

    let after = summary(&callers).await;
    assert_eq!(after["availableSeats"], before["availableSeats"]);
    assert_eq!(after["reservationCount"], before["reservationCount"]);
    assert_eq!(number(&after, "version"), number(&before, "version") + 2);
}

#[tokio::test]
async fn the_summary_is_one_object_with_the_published_members() {
    let (callers, _turn) = (Callers::of_shared_stack(), turn().await);
    let body = summary(&callers).await;
    assert_eq!(body["eventId"], "node-meetup-2025");
    assert_eq!(body["name"], "Node.js Meet-up");
    assert_eq!(body["totalSeats"], 500);
    assert!(number(&body, "availableSeats") <= 500);
    assert!(number(&body, "reservationCount") <= number(&body, "version"));
}

#[tokio::test]
async fn bad_orders_answer_400() {
    let (callers, _turn) = (Callers::of_shared_stack(), turn().await);
    let before = summary(&callers).await;
    let cases = [
        json!({"partnerId": "", "seats": 3}),
        json!({"partnerId": 7, "seats": 3}),
        json!({"partnerId": "abc-corp"}),
        json!({"partnerId": "abc-corp", "seats": 0}),
        json!({"partnerId": "abc-corp", "seats": 11}),
        json!({"partnerId": "abc-corp", "seats": 2.5}),
        json!({"partnerId": "abc-corp", "seats": "3"}),
    ];
    for order in cases {
        let answer = callers.partner.post("/reservations", &order).send().await;
        assert_eq!(answer.said(), "400 validation-failed", "{order}");
    }
    assert_eq!(summary(&callers).await, before);
}

#[tokio::test]
async fn sold_out_answers_409_with_the_published_words() {
    let (callers, _turn) = (Callers::of_shared_stack(), turn().await);
    let mut ids = Vec::new();
    let refused = loop {
        let order = json!({"partnerId": "abc-corp", "seats": 10});
        let answer = callers.partner.post("/reservations", &order).send().await;
        match answer.status {
            201 => ids.push(answer.text_of("reservationId")),
            _ => break answer,
        }
    };
    assert_eq!(refused.status, 409);
    assert_eq!(refused.json()["error"], "Not enough seats left");
    assert!(number(&summary(&callers).await, "availableSeats") < 10);
    for id in ids {
        let cancelled = callers.partner.delete(&format!("/reservations/{id}")).send().await;
        assert_eq!(cancelled.status, 204);
    }
}

#[tokio::test]
async fn the_other_routes_answer_as_published() {
    let callers = Callers::of_shared_stack();
    let health = callers.nobody.get("/healthcheck").send().await;
    assert_eq!((health.status, health.text.as_str()), (200, "OK"));
    let docs = callers.nobody.get("/docs").send().await;
    assert!(docs.status == 200 && docs.header("content-type").starts_with("text/html"));
    let contract = callers.nobody.get("/docs.json").send().await.json();
    assert!(contract["openapi"].as_str().unwrap().starts_with("3.0."));
    for path in ["/reservations", "/reservations/{reservationId}", "/healthcheck"] {
        assert!(contract["paths"][path].is_object(), "{path} is documented");
    }
    for path in ["/", "/reservation", "/reservations/1/2", "/healthcheck/1"] {
        assert_eq!(callers.partner.get(path).send().await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn an_event_of_ones_own_works_like_the_published_one() {
    let callers = Callers::of_shared_stack();
    let _turn = turn().await;
    let order = json!({"partnerId": "abc-corp", "seats": 1});
    let paths = ["/reservations", "/events/node-meetup-2025/reservations"];
    for (made_at, found_at) in [(paths[0], paths[1]), (paths[1], paths[0])] {
        let sold = callers.partner.post(made_at, &order).send().await;
        let path = format!("{found_at}/{}", sold.text_of("reservationId"));
        let shown = callers.partner.get(&path).send().await;
        assert_eq!(shown.json(), sold.json(), "the two paths are one event");
        assert_eq!(callers.partner.delete(&path).send().await.status, 204);
    }
    let twin = callers.partner.get("/events/node-meetup-2025").send().await;
    assert_eq!(twin.json(), summary(&callers).await);
}
