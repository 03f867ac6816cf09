//! `DELETE /reservations/{reservationId}`: a partner gives its seats back, once.

use crate::support::client::at_once;
use crate::support::sale::Sale;

#[tokio::test]
async fn refuses_what_it_cannot_cancel() {
    let (sale, elsewhere) = (Sale::of(500).await, Sale::of(1).await);
    let (nobody, partner) = (&sale.callers.nobody, &sale.callers.partner);
    let (other, stranger) = (&sale.callers.other, &nobody.with_key("tb_00000000000000000000"));
    let id = sale.sell(3).await;
    let here = &*sale.reservation(&id);
    let no_event = &*format!("/events/no-such-event/reservations/{id}");
    let wrong_event = &*elsewhere.reservation(&id);
    let wrong_pool = &*elsewhere.reservation(&format!("ffff{}", &id[4..]));
    let no_reservation = &*sale.reservation(&format!("{}000000000000", &id[..24]));
    let no_id = &*sale.reservation("1");
    let shouted = &*sale.reservation(&id.to_uppercase());
    let bare = &*sale.reservation(&id.replace('-', ""));
    let of_another_version = &*sale.reservation("0000b1f3-5c8e-4d9a-ab3f-2d8c7e1a9000");
    let long = &*"k".repeat(256);
    let cases = [
        (nobody, "DELETE", "/reservations", long, "404 route-not-found"),
        (partner, "PUT", here, long, "404 route-not-found"),
        (nobody, "DELETE", no_event, long, "401 unauthenticated"),
        (stranger, "DELETE", no_event, long, "403 access-denied"),
        (partner, "DELETE", no_event, long, "400 validation-failed"),
        (partner, "DELETE", &*format!("{no_event}x"), "", "400 validation-failed"),
        (partner, "DELETE", no_id, "k", "404 reservation-not-found"),
        (partner, "DELETE", bare, "k", "404 reservation-not-found"),
        (partner, "DELETE", of_another_version, "k", "404 reservation-not-found"),
        (partner, "DELETE", no_event, "k", "404 event-not-found"),
        (partner, "DELETE", wrong_event, "k", "404 reservation-not-found"),
        (partner, "DELETE", wrong_pool, "k", "404 reservation-not-found"),
        (partner, "DELETE", no_reservation, "k", "404 reservation-not-found"),
        (other, "DELETE", here, "k", "404 reservation-not-found"),
        (partner, "DELETE", shouted, "k", "204"),
        (partner, "DELETE", here, "another", "404 reservation-not-found"),
    ];
    for (caller, method, path, key, want) in cases {
        let before = sale.summary().await["version"].as_u64();
        let answer = caller.call(method, path).keyed(key).send().await;
        assert_eq!(answer.said(), want, "{method} {path} {key}");
        let changes = u64::from(answer.status == 204);
        assert_eq!(sale.summary().await["version"].as_u64(), before.map(|before| before + changes));
    }
}

#[tokio::test]
async fn answers_with_nothing_and_the_seats_are_free() {
    let sale = Sale::of(5).await;
    let id = sale.sell(5).await;
    let answer = sale.cancel(&id).await;
    assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("idempotency-replayed"), "");
    let summary = sale.summary().await;
    assert_eq!((&summary["availableSeats"], &summary["reservationCount"]), (&5.into(), &0.into()));
    assert_eq!(summary["status"], "on_sale");
    sale.sell(5).await;
}

#[tokio::test]
async fn of_two_cancellations_at_once_one_gives_the_seats_back() {
    let sale = Sale::of(50).await;
    for seats in 1..=10 {
        let id = sale.sell(seats).await;
        let cancel = || sale.callers.partner.delete(&sale.reservation(&id));
        let answers = at_once([cancel(), cancel()]).await;
        let mut said: Vec<_> = answers.iter().map(|answer| answer.said()).collect();
        said.sort_unstable();
        assert_eq!(said, ["204", "404 reservation-not-found"]);
        assert_eq!(sale.free_seats().await, 50, "the seats come back once");
    }
}

#[tokio::test]
async fn a_second_cancellation_finds_nothing_and_its_retry_neither() {
    let sale = Sale::of(50).await;
    let id = sale.sell(2).await;
    assert_eq!(sale.cancel(&id).await.said(), "204");
    for _ in 0..2 {
        assert_eq!(sale.cancel(&id).await.said(), "404 reservation-not-found");
    }
    assert_eq!(sale.free_seats().await, 50);
}

#[tokio::test]
async fn an_organiser_cancels_for_any_partner() {
    let sale = Sale::of(50).await;
    let id = sale.sell(2).await;
    let cancelled = sale.callers.organiser.delete(&sale.reservation(&id)).send().await;
    assert_eq!(cancelled.said(), "204");
    assert_eq!(sale.free_seats().await, 50);
}
