//! `PATCH /reservations/{reservationId}`: a partner changes the seats of a reservation, or its own
//! name for it.

use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::client::at_once;
use crate::support::sale::Sale;

async fn amend(sale: &Sale, id: &str, body: &Value, seen: &str) -> Answer {
    let call = sale.callers.partner.call("PATCH", &sale.reservation(id)).body(body.to_string());
    call.header("If-Match", seen).send().await
}

#[tokio::test]
async fn refuses_what_it_cannot_change() {
    let sale = Sale::of(12).await;
    let (nobody, partner, other) =
        (&sale.callers.nobody, &sale.callers.partner, &sale.callers.other);
    let (id, cancelled) = (sale.sell(3).await, sale.sell(1).await);
    assert_eq!(sale.cancel(&cancelled).await.said(), "204");
    let (here, two) = (&*sale.reservation(&id), json!({"seats": 2}));
    let no_event = &*format!("/events/no-such-event/reservations/{id}");
    let gone = &*sale.reservation(&cancelled);
    let cases = [
        (nobody, here, two.clone(), "\"v1\"", "401 unauthenticated"),
        (partner, here, json!({}), "\"v1\"", "400 validation-failed"),
        (partner, here, json!({"seats": null}), "\"v1\"", "400 validation-failed"),
        (partner, here, json!({"seats": 0}), "\"v1\"", "400 validation-failed"),
        (partner, here, json!({"seats": 11}), "\"v1\"", "400 validation-failed"),
        (partner, here, json!({"seats": "2"}), "\"v1\"", "400 validation-failed"),
        (partner, here, json!({"Seats": 2}), "\"v1\"", "400 validation-failed"),
        (partner, here, json!({"partnerReference": ""}), "\"v1\"", "400 validation-failed"),
        (partner, here, two.clone(), "", "428 precondition-required"),
        (partner, here, two.clone(), "\"v0\"", "412 precondition-failed"),
        (partner, here, two.clone(), "W/\"v1\"", "412 precondition-failed"),
        (partner, no_event, two.clone(), "\"v1\"", "404 event-not-found"),
        (partner, &*sale.reservation("1"), two.clone(), "\"v1\"", "404 reservation-not-found"),
        (partner, gone, two.clone(), "\"v3\"", "404 reservation-not-found"),
        (other, here, two.clone(), "\"v1\"", "404 reservation-not-found"),
        (partner, here, two.clone(), "\"v1\"", "200"),
    ];
    for (caller, path, body, seen, want) in cases {
        let before = sale.summary().await["version"].as_u64();
        let call = caller.call("PATCH", path).body(body.to_string());
        let call = if seen.is_empty() { call } else { call.header("If-Match", seen) };
        let answer = call.send().await;
        assert_eq!(answer.said(), want, "{path} {body} {seen}");
        let changes = u64::from(answer.status == 200);
        assert_eq!(sale.summary().await["version"].as_u64(), before.map(|before| before + changes));
    }
}

#[tokio::test]
async fn takes_more_seats_only_if_there_are_as_many_and_gives_back_the_rest() {
    let sale = Sale::of(10).await;
    let id = sale.sell(3).await;
    sale.sell(4).await;
    let more = amend(&sale, &id, &json!({"seats": 7}), "\"v1\"").await;
    assert_eq!(more.said(), "409 not-enough-seats");
    assert_eq!(
        (&more.json()["requestedSeats"], &more.json()["availableSeats"]),
        (&json!(4), &json!(3))
    );
    let shown = sale.callers.partner.get(&sale.reservation(&id)).send().await;
    assert_eq!((shown.json()["seats"].as_u64(), shown.header("etag")), (Some(3), "\"v1\""));

    let more = amend(&sale, &id, &json!({"seats": 6}), "\"v1\"").await;
    assert_eq!((more.said().as_str(), more.json()["seats"].as_u64()), ("200", Some(6)));
    assert_eq!(sale.free_seats().await, 0);
    let seen = more.header("etag").to_owned();
    let fewer = amend(&sale, &id, &json!({"seats": 1, "partnerReference": "B"}), &seen).await;
    assert_eq!(
        (&fewer.json()["seats"], &fewer.json()["partnerReference"]),
        (&json!(1), &json!("B"))
    );
    assert_eq!(sale.free_seats().await, 5);
    assert_eq!(sale.cancel(&id).await.said(), "204");
    assert_eq!(sale.free_seats().await, 6, "what is cancelled is what it had at last");
}

#[tokio::test]
async fn gathers_from_other_pools_what_its_own_lacks() {
    let sale = Sale::of(60).await;
    let id = sale.sell(1).await;
    // One pool is left with too few, wherever they lie.
    for _ in 0..5 {
        sale.sell(10).await;
    }
    assert_eq!(sale.free_seats().await, 9);
    let more = amend(&sale, &id, &json!({"seats": 10}), "*").await;
    assert_eq!((more.said().as_str(), more.json()["seats"].as_u64()), ("200", Some(10)));
    assert_eq!(sale.free_seats().await, 0);
}

#[tokio::test]
async fn what_it_was_ordered_as_is_known_by_its_key_whatever_it_was_changed_to() {
    let sale = Sale::of(50).await;
    let order = || sale.order(3).keyed("k");
    let id = order().send().await.text_of("reservationId");
    let changed = amend(&sale, &id, &json!({"seats": 2, "partnerReference": "A"}), "*").await;
    assert_eq!(changed.said(), "200");
    let replayed = order().send().await;
    assert_eq!((replayed.said().as_str(), replayed.json()), ("201", changed.json()));
    let other = sale.order(2).keyed("k").send().await;
    assert_eq!(other.said(), "422 idempotency-key-reused");
    // It is as asked: a retry is no second change, whatever version it names.
    let again = amend(&sale, &id, &json!({"seats": 2}), "\"v1\"").await;
    assert_eq!((again.said().as_str(), again.json()), ("200", changed.json()));
}

#[tokio::test]
async fn of_two_changes_at_once_from_one_version_one_is_made() {
    let sale = Sale::of(50).await;
    for _ in 0..5 {
        let id = sale.sell(5).await;
        let shown = sale.callers.partner.get(&sale.reservation(&id)).send().await;
        let to = |seats: u32| {
            let call = sale.callers.partner.call("PATCH", &sale.reservation(&id));
            call.body(json!({ "seats": seats }).to_string())
                .header("If-Match", shown.header("etag"))
        };
        let answers = at_once([to(1), to(9)]).await;
        let mut said: Vec<_> = answers.iter().map(|answer| answer.said()).collect();
        said.sort_unstable();
        assert_eq!(said, ["200", "412 precondition-failed"]);
        assert_eq!(sale.cancel(&id).await.said(), "204");
        assert_eq!(sale.free_seats().await, 50);
    }
}
