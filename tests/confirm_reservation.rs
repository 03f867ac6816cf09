//! `POST /reservations/{reservationId}/confirm`: a partner buys the seats that it holds.

use serde_json::json;

use crate::support::sale::Sale;

#[tokio::test]
async fn refuses_what_it_cannot_confirm() {
    let (sale, elsewhere) = (Sale::of(500).await, Sale::of(1).await);
    let (nobody, partner) = (&sale.callers.nobody, &sale.callers.partner);
    let (other, organiser) = (&sale.callers.other, &sale.callers.organiser);
    let id = sale.hold(3).await;
    let cancelled = sale.hold(1).await;
    assert_eq!(sale.cancel(&cancelled).await.said(), "204");
    let confirm = |sale: &Sale, id: &str| format!("{}/confirm", sale.reservation(id));
    let here = confirm(&sale, &id);
    let no_event = format!("/events/no-such-event/reservations/{id}/confirm");
    let no_reservation = confirm(&sale, &format!("{}000000000000", &id[..24]));
    let long = "k".repeat(256);
    let cases = [
        (nobody, &here, "k", "401 unauthenticated"),
        (partner, &here, &*long, "400 validation-failed"),
        (partner, &here, "", "400 validation-failed"),
        (partner, &no_event, "k", "404 event-not-found"),
        (partner, &confirm(&sale, "1"), "k", "404 reservation-not-found"),
        (partner, &confirm(&elsewhere, &id), "k", "404 reservation-not-found"),
        (partner, &no_reservation, "k", "404 reservation-not-found"),
        (partner, &confirm(&sale, &cancelled), "k", "404 reservation-not-found"),
        (other, &here, "k", "404 reservation-not-found"),
        (organiser, &here, "k", "200"),
    ];
    for (caller, path, key, want) in cases {
        let before = sale.summary().await["version"].as_u64();
        let answer = caller.call("POST", path).keyed(key).send().await;
        assert_eq!(answer.said(), want, "{path} {key}");
        let changes = u64::from(answer.status == 200);
        assert_eq!(sale.summary().await["version"].as_u64(), before.map(|before| before + changes));
    }
}

#[tokio::test]
async fn what_is_confirmed_is_bought_and_stays_so() {
    let sale = Sale::of(50).await;
    let id = sale.hold(3).await;
    let summary = sale.summary().await;
    assert_eq!((&summary["heldSeats"], &summary["reservedSeats"]), (&json!(3), &json!(0)));

    let path = format!("{}/confirm", sale.reservation(&id));
    let mut answers = Vec::new();
    for key in ["k", "k", "another"] {
        let answer = sale.callers.partner.call("POST", &path).keyed(key).send().await;
        assert_eq!(answer.said(), "200");
        answers.push((answer.json(), answer.header("etag").to_owned()));
    }
    assert_eq!(answers[0].0["status"], "confirmed");
    assert_eq!(answers[0].0.get("expiresAt"), None);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    let shown = sale.callers.partner.get(&sale.reservation(&id)).send().await;
    assert_eq!((shown.json(), shown.header("etag").to_owned()), answers[0]);

    let summary = sale.summary().await;
    assert_eq!((&summary["heldSeats"], &summary["reservedSeats"]), (&json!(0), &json!(3)));
    assert_eq!(sale.cancel(&id).await.said(), "204", "it is cancelled like any other");
    assert_eq!(sale.free_seats().await, 50);
}

#[tokio::test]
async fn what_was_bought_at_once_is_confirmed_already() {
    let sale = Sale::of(50).await;
    let id = sale.sell(2).await;
    let path = format!("{}/confirm", sale.reservation(&id));
    let answer = sale.callers.partner.call("POST", &path).send().await;
    assert_eq!((answer.said(), answer.json()["version"].as_u64()), ("200".to_owned(), Some(1)));
}
