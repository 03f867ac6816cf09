//! Promise 5: seats that are held are free the instant their time is over, and no job frees them.

use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use shared::config::DEFAULT_EVENT_ID;
use shared::desk::Desk;
use shared::dynamo::DynamoStore;
use ticketboss::local::aws;

use crate::support::answer::Answer;
use crate::support::desk::{incoming, open};
use crate::support::proxy::{Fate, Proxy};
use crate::support::sale::unique;
use crate::support::simulated::SimulatedStore;
use crate::support::simulated::weather::Dice;
use crate::support::{database, nouns};

/// An event of so many seats, and a clock that stands until it is moved.
struct Stand {
    desk: Desk<SimulatedStore>,
    now: Arc<Mutex<Timestamp>>,
}

impl Stand {
    async fn open(seats: u64) -> Self {
        let (store, now) = (SimulatedStore::calm(), Arc::new(Mutex::new(nouns::start_of_time())));
        open(&store, DEFAULT_EVENT_ID, seats).await;
        let (dice, clock) = (Dice::new(1), Arc::clone(&now));
        let event = DEFAULT_EVENT_ID.parse().unwrap();
        let desk = Desk::new(store, event, move || *clock.lock().unwrap(), move || dice.bytes());
        Self { desk, now }
    }

    fn pass(&self, milliseconds: i64) {
        *self.now.lock().unwrap() += SignedDuration::from_millis(milliseconds);
    }

    async fn order(&self, body: &Value, key: &str) -> Answer {
        incoming("POST", "/reservations").body(body).keyed(key).at(&self.desk).await
    }

    async fn hold(&self, seats: u32, seconds: u32, key: &str) -> Answer {
        self.order(&json!({"seats": seats, "hold": {"expiresInSeconds": seconds}}), key).await
    }

    async fn confirm(&self, id: &str) -> Answer {
        incoming("POST", format!("/reservations/{id}/confirm")).at(&self.desk).await
    }

    async fn extend(&self, id: &str, seconds: u32) -> Answer {
        let body = json!({ "expiresInSeconds": seconds });
        incoming("POST", format!("/reservations/{id}/extend")).body(&body).at(&self.desk).await
    }

    async fn show(&self, id: &str) -> Answer {
        incoming("GET", format!("/reservations/{id}")).at(&self.desk).await
    }

    async fn summary(&self) -> [u64; 4] {
        let body = incoming("GET", "/reservations").at(&self.desk).await.json();
        ["availableSeats", "heldSeats", "reservedSeats", "version"]
            .map(|name| body[name].as_u64().unwrap())
    }
}

#[tokio::test(start_paused = true)]
async fn a_hold_that_is_over_is_sold_again_at_that_instant_and_cannot_be_confirmed() {
    let stand = Stand::open(10).await;
    let held = stand.hold(10, 60, "k").await;
    assert_eq!((held.said().as_str(), held.header("etag")), ("201", "\"v1\""));
    assert_eq!(held.json()["expiresAt"], "2026-11-23T10:16:30.123Z");
    let id = held.text_of("reservationId");
    let one = json!({"seats": 1});

    stand.pass(59_999);
    assert_eq!(stand.summary().await, [0, 10, 0, 1]);
    assert_eq!(stand.order(&one, "early").await.said(), "409 not-enough-seats");
    stand.pass(1);
    assert_eq!(stand.summary().await, [10, 0, 0, 1], "nobody has written anything");
    let shown = stand.show(&id).await;
    assert_eq!(
        (shown.json()["status"].as_str(), shown.header("etag")),
        (Some("expired"), "\"v1x\"")
    );
    assert_eq!(stand.confirm(&id).await.said(), "410 hold-expired");
    assert_eq!(stand.extend(&id, 60).await.said(), "410 hold-expired");
    let cancelled = incoming("DELETE", format!("/reservations/{id}")).at(&stand.desk).await;
    assert_eq!(cancelled.said(), "404 reservation-not-found");
    assert_eq!(stand.order(&one, "in-time").await.said(), "201");
    assert_eq!(stand.summary().await, [9, 0, 1, 2]);

    let replayed = stand.hold(10, 60, "k").await;
    assert_eq!((replayed.said().as_str(), replayed.text_of("status").as_str()), ("201", "expired"));
    assert_eq!(stand.confirm(&id).await.said(), "410 hold-expired");
    stand.pass(24 * 3_600_000 + 1);
    assert_eq!(stand.order(&one, "next-day").await.said(), "201");
    assert_eq!(stand.show(&id).await.said(), "404 reservation-not-found");
    assert_eq!(stand.summary().await, [8, 0, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn what_is_confirmed_in_the_last_moment_is_bought() {
    let stand = Stand::open(10).await;
    let id = stand.hold(4, 60, "k").await.text_of("reservationId");
    stand.pass(59_999);
    assert_eq!(stand.confirm(&id).await.said(), "200");
    stand.pass(1);
    assert_eq!(stand.confirm(&id).await.said(), "200", "also when it is asked again");
    assert_eq!(stand.extend(&id, 60).await.said(), "409 not-held");
    assert_eq!(stand.summary().await, [6, 0, 4, 2]);
}

/// A confirmation's commit is lost on its way, and may yet arrive when the time of the hold is
/// over. It is not refused: nobody knows what became of it.
#[tokio::test]
async fn a_confirmation_that_may_yet_arrive_is_not_refused_by_time() {
    let proxy = Proxy::before(database::endpoint());
    let store = DynamoStore::with_client(aws::dynamodb_at(&proxy.endpoint()), aws::TABLE);
    let event = open(&store, &unique("late"), 10).await.id;
    let (now, dice) = (Arc::new(Mutex::new(nouns::start_of_time())), Dice::new(1));
    let clock = Arc::clone(&now);
    let desk =
        Desk::new(store, event.clone(), move || *clock.lock().unwrap(), move || dice.bytes());
    let hold = json!({"seats": 4, "hold": {"expiresInSeconds": 60}});
    let held = incoming("POST", "/reservations").body(&hold).at(&desk).await;

    *now.lock().unwrap() += SignedDuration::from_millis(59_999);
    proxy.hook(move |action, _| {
        if action != "UpdateItem" {
            return Fate::Answered;
        }
        *now.lock().unwrap() = nouns::start_of_time() + SignedDuration::from_mins(2);
        Fate::LostBefore
    });
    let path = format!("/reservations/{}/confirm", held.text_of("reservationId"));
    assert_eq!(incoming("POST", path.as_str()).at(&desk).await.said(), "503 unavailable");
    proxy.hook(|_, _| Fate::Answered);
    assert_eq!(incoming("POST", path).at(&desk).await.said(), "410 hold-expired");
}

#[tokio::test(start_paused = true)]
async fn a_hold_is_extended_up_to_thirty_minutes_in_all() {
    let stand = Stand::open(10).await;
    let id = stand.hold(4, 900, "k").await.text_of("reservationId");
    stand.pass(890_000);
    assert_eq!(stand.extend(&id, 900).await.json()["expiresAt"], "2026-11-23T10:45:20.123Z");
    stand.pass(10_001);
    let refused = stand.extend(&id, 900).await;
    assert_eq!(refused.said(), "409 hold-limit-reached");
    let detail = "Seats can be held for 30 minutes in all, until 2026-11-23T10:45:30.123Z.";
    assert_eq!(refused.json()["detail"], detail);
    assert_eq!(stand.extend(&id, 899).await.json()["expiresAt"], "2026-11-23T10:45:29.124Z");
    assert_eq!(stand.extend(&id, 60).await.json()["expiresAt"], "2026-11-23T10:45:29.124Z");
    assert_eq!(stand.summary().await, [6, 4, 0, 3]);
}

#[tokio::test(start_paused = true)]
async fn a_key_is_reused_if_the_hold_is_another() {
    let stand = Stand::open(50).await;
    let first = stand.hold(2, 60, "k").await;
    assert_eq!(stand.hold(2, 60, "k").await.json(), first.json());
    for other in [json!({"seats": 2}), json!({"seats": 2, "hold": {"expiresInSeconds": 61}})] {
        assert_eq!(stand.order(&other, "k").await.said(), "422 idempotency-key-reused");
    }
    assert_eq!(stand.confirm(&first.text_of("reservationId")).await.said(), "200");
    assert_eq!(stand.hold(2, 60, "k").await.json()["status"], "confirmed");
}

#[tokio::test(start_paused = true)]
async fn a_partner_holds_no_more_than_half_of_a_pool() {
    let stand = Stand::open(50).await;
    let hold = async |seats, key| stand.hold(seats, 60, key).await.said();
    let first = stand.hold(10, 60, "1").await.text_of("reservationId");
    assert_eq!(hold(10, "2").await, "201");
    assert_eq!(hold(6, "3").await, "409 too-many-held");
    assert_eq!(hold(5, "4").await, "201");
    assert_eq!(hold(1, "5").await, "409 too-many-held");
    let of_other = incoming("POST", "/reservations").from("other", "partner");
    let of_other = of_other.body(&json!({"seats": 9, "hold": {"expiresInSeconds": 60}}));
    assert_eq!(of_other.at(&stand.desk).await.said(), "201", "others are not concerned");
    assert_eq!(stand.order(&json!({"seats": 1}), "6").await.said(), "201", "nor is what is bought");
    assert_eq!(stand.confirm(&first).await.said(), "200");
    assert_eq!(hold(10, "7").await, "201", "what is confirmed does not count");
    stand.pass(60_000);
    assert_eq!(hold(10, "8").await, "201", "nor does what is over");
}

#[tokio::test]
async fn a_hold_that_is_not_as_described_is_refused_with_the_place() {
    let stand = Stand::open(50).await;
    let cases = [
        (json!(60), "#/hold"),
        (json!([]), "#/hold"),
        (json!({}), "#/hold/expiresInSeconds"),
        (json!({"expiresInSeconds": 59}), "#/hold/expiresInSeconds"),
        (json!({"expiresInSeconds": 901}), "#/hold/expiresInSeconds"),
        (json!({"expiresInSeconds": "60"}), "#/hold/expiresInSeconds"),
    ];
    for (hold, place) in cases {
        let answer = stand.order(&json!({"seats": 1, "hold": hold}), "k").await;
        assert_eq!(answer.said(), "400 validation-failed");
        assert_eq!(answer.json()["errors"][0]["pointer"], place, "{hold}");
    }
    for again in ["expiresInSeconds", "expiresinseconds"] {
        let twice =
            format!(r#"{{"seats": 1, "hold": {{"expiresInSeconds": 60, "{again}": 900}}}}"#);
        let answer = incoming("POST", "/reservations").text(&twice).at(&stand.desk).await;
        assert_eq!(answer.said(), "400 validation-failed");
        assert_eq!(answer.json()["errors"][0]["pointer"], format!("#/hold/{again}"));
    }
    let sold = stand.order(&json!({"seats": 1, "hold": null}), "k").await;
    assert_eq!(sold.json()["status"], "confirmed", "null is left out");
}
