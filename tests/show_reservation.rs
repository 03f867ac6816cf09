//! `GET /reservations/{reservationId}`: what a reservation is now.

use crate::support::sale::Sale;

#[tokio::test]
async fn refuses_what_is_not_there_for_the_caller() {
    let (sale, elsewhere) = (Sale::of(500).await, Sale::of(1).await);
    let (nobody, partner) = (&sale.callers.nobody, &sale.callers.partner);
    let stranger = &nobody.with_authorization("Basic YTpi");
    let id = sale.sell(3).await;
    let here = &*sale.reservation(&id);
    let cases = [
        (nobody, "HEAD", here, "401"),
        (partner, "HEAD", here, "200"),
        (nobody, "GET", "/events/no-such-event/reservations/1/2", "404 route-not-found"),
        (nobody, "GET", "/events/no-such-event/reservations/1", "401 unauthenticated"),
        (stranger, "GET", "/events/no-such-event/reservations/1", "403 access-denied"),
        (partner, "GET", "/events/no-such-event/reservations/1", "404 reservation-not-found"),
        (
            partner,
            "GET",
            &*format!("/events/Not%20An%20Id/reservations/{id}"),
            "404 event-not-found",
        ),
        (
            partner,
            "GET",
            &*format!("/events/no-such-event/reservations/{id}"),
            "404 event-not-found",
        ),
        (partner, "GET", &*elsewhere.reservation(&id), "404 reservation-not-found"),
        (partner, "GET", &*sale.reservation("%FF%00"), "404 reservation-not-found"),
        (&sale.callers.other, "GET", here, "404 reservation-not-found"),
        (&sale.callers.organiser, "GET", here, "200"),
        (partner, "GET", here, "200"),
    ];
    for (caller, method, path, want) in cases {
        let answer = caller.call(method, path).send().await;
        let said = if method == "HEAD" { answer.status.to_string() } else { answer.said() };
        assert_eq!(said, want, "{method} {path}");
    }
}

#[tokio::test]
async fn shows_it_as_it_was_sold_and_as_it_ended() {
    let sale = Sale::of(50).await;
    let sold = sale.order(3).send().await;
    let id = sold.text_of("reservationId");
    let show = async || sale.callers.partner.get(&sale.reservation(&id)).send().await;

    let shown = show().await;
    assert_eq!(shown.said(), "200");
    assert_eq!(shown.json(), sold.json());
    assert_eq!(shown.header("etag"), sold.header("etag"));
    assert_eq!(shown.header("content-type"), "application/json");
    assert_eq!(shown.header("cache-control"), "no-store");
    assert_eq!(shown.header("x-content-type-options"), "nosniff");

    assert_eq!(sale.cancel(&id).await.said(), "204");
    let ended = show().await;
    let mut body = ended.json();
    assert_eq!(body["status"], "cancelled");
    assert!(body["cancelledAt"].as_str().unwrap() >= body["createdAt"].as_str().unwrap());
    assert_eq!((&body["version"], ended.header("etag")), (&2.into(), "\"v2\""));
    body.as_object_mut().unwrap().remove("cancelledAt");
    body["status"] = "confirmed".into();
    body["version"] = 1.into();
    assert_eq!(body, sold.json(), "nothing else has changed");
}
