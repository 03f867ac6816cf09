//! Promise 2 over HTTP: a retried request is one reservation. A lost answer never costs a seat or
//! buys one twice.

use serde_json::json;

use crate::support::answer::Answer;
use crate::support::client::at_once;
use crate::support::sale::Sale;

fn is_replay(answer: &Answer) -> bool {
    answer.header("idempotency-replayed") == "true"
}

#[tokio::test]
async fn twenty_copies_of_one_order_at_once_are_one_reservation() {
    let sale = Sale::of(500).await;
    let answers = at_once((0..20).map(|_| sale.order(7).keyed("one and the same"))).await;
    for answer in &answers {
        assert_eq!(answer.said(), "201");
        assert_eq!(answer.text, answers[0].text, "twenty equal answers");
        assert_eq!(answer.header("location"), answers[0].header("location"));
    }
    assert_eq!(answers.iter().filter(|answer| is_replay(answer)).count(), 19);
    let summary = sale.summary().await;
    assert_eq!((&summary["reservationCount"], &summary["reservedSeats"]), (&1.into(), &7.into()));
    assert_eq!(summary["version"], 1, "one commit");
}

#[tokio::test]
async fn a_retry_is_answered_as_the_first_try_also_when_nothing_is_left() {
    let sale = Sale::of(8).await;
    let first = sale.order(7).keyed("first").send().await;
    assert_eq!(first.said(), "201");
    sale.sell(1).await;
    for key in ["first", "\"first\""] {
        let retry = sale.order(7).keyed(key).send().await;
        assert_eq!((retry.said().as_str(), &retry.text), ("201", &first.text));
        assert_eq!(retry.header("etag"), first.header("etag"));
        assert!(is_replay(&retry) && !is_replay(&first));
    }
    assert_eq!(sale.summary().await["reservationCount"], 2);
}

#[tokio::test]
async fn a_retry_after_a_cancellation_shows_it_and_takes_no_seat() {
    let sale = Sale::of(10).await;
    let first = sale.order(7).keyed("ended").send().await;
    let id = first.text_of("reservationId");
    assert_eq!(sale.cancel(&id).await.said(), "204");

    let retry = sale.order(7).keyed("ended").send().await;
    assert_eq!(retry.said(), "201");
    assert!(is_replay(&retry));
    assert_eq!(
        (retry.text_of("reservationId"), retry.text_of("status")),
        (id, "cancelled".to_owned())
    );
    assert_eq!(sale.free_seats().await, 10);
}

#[tokio::test]
async fn a_key_is_for_one_order_of_one_caller_and_one_event() {
    let (sale, elsewhere) = (Sale::of(100).await, Sale::of(100).await);
    let order = json!({"seats": 3, "partnerReference": "A-17"});
    let callers = &sale.callers;
    let first = callers.partner.post(&sale.reservations(), &order).keyed("mine").send().await;
    assert_eq!(first.said(), "201");

    let (here, there) = (sale.reservations(), elsewhere.reservations());
    let cases = [
        (
            &callers.partner,
            &here,
            json!({"seats": 4, "partnerReference": "A-17"}),
            "422 idempotency-key-reused",
        ),
        (&callers.partner, &here, json!({"seats": 3}), "422 idempotency-key-reused"),
        (
            &callers.partner,
            &here,
            json!({"seats": 3, "partnerReference": "A-18"}),
            "422 idempotency-key-reused",
        ),
        (
            &callers.partner,
            &here,
            json!({"seats": 3, "partnerReference": "A-17", "x": 1}),
            "201 again",
        ),
        (&callers.partner, &there, order.clone(), "201"),
        (&callers.other, &here, order.clone(), "201"),
        (&callers.organiser, &here, order.clone(), "201"),
        (
            &callers.organiser,
            &here,
            json!({"partnerId": "abc-corp", "seats": 3}),
            "422 idempotency-key-reused",
        ),
    ];
    for (caller, path, order, want) in cases {
        let answer = caller.post(path, &order).keyed("mine").send().await;
        let again = if is_replay(&answer) { " again" } else { "" };
        assert_eq!(format!("{}{again}", answer.said()), want, "{path} {order}");
    }
    assert_eq!(sale.summary().await["reservedSeats"], 9, "one for each of the three callers");
    assert_eq!(elsewhere.summary().await["reservedSeats"], 3);
}

#[tokio::test]
async fn a_refused_order_leaves_its_key_free() {
    let sale = Sale::of(5).await;
    let all = sale.sell(5).await;
    assert_eq!(sale.order(2).keyed("again").send().await.said(), "409 not-enough-seats");
    assert_eq!(sale.cancel(&all).await.said(), "204");
    let retry = sale.order(2).keyed("again").send().await;
    assert_eq!(retry.said(), "201");
    assert!(!is_replay(&retry), "it is judged afresh");
}

#[tokio::test]
async fn twenty_copies_of_one_cancellation_at_once_give_the_seats_back_once() {
    let sale = Sale::of(10).await;
    let id = sale.sell(4).await;
    sale.sell(1).await;
    let cancel = || sale.callers.partner.delete(&sale.reservation(&id)).keyed("cancel it");
    let answers = at_once((0..20).map(|_| cancel())).await;
    assert!(answers.iter().all(|answer| answer.said() == "204"));
    assert_eq!(answers.iter().filter(|answer| is_replay(answer)).count(), 19);
    assert_eq!(sale.free_seats().await, 9);
    assert_eq!(sale.summary().await["version"], 3, "two sales, one cancellation");

    let with_another_key = sale.callers.partner.delete(&sale.reservation(&id)).keyed("another");
    assert_eq!(with_another_key.send().await.said(), "404 reservation-not-found");
    assert_eq!(sale.cancel(&id).await.said(), "404 reservation-not-found");
}

#[tokio::test]
async fn without_a_key_every_order_is_a_new_one() {
    let sale = Sale::of(10).await;
    let answers = at_once((0..2).map(|_| sale.order(3))).await;
    assert!(answers.iter().all(|answer| answer.said() == "201" && !is_replay(answer)));
    assert_eq!(sale.free_seats().await, 4);
}
