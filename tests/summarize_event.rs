//! `GET /reservations` and `GET /events/{eventId}`: how many seats of an event are left.

use serde_json::json;

use crate::support::sale::Sale;

#[tokio::test]
async fn refuses_what_is_not_on_sale() {
    let sale = Sale::of(5).await;
    let (nobody, partner) = (&sale.callers.nobody, &sale.callers.partner);
    let stranger = &nobody.with_key("tb_00000000000000000000");
    let here = &*sale.path();
    let cases = [
        (partner, "PUT", here, "404 route-not-found"),
        (partner, "GET", &*format!("{here}/"), "404 route-not-found"),
        (nobody, "GET", "/events/no-such-event", "401 unauthenticated"),
        (stranger, "GET", "/events/no-such-event", "403 access-denied"),
        (partner, "GET", "/events/no-such-event", "404 event-not-found"),
        (partner, "GET", "/events/No%2FEvent", "404 event-not-found"),
        (partner, "GET", &*format!("/events/{}", "e".repeat(65)), "404 event-not-found"),
        (partner, "GET", here, "200"),
        (&sale.callers.other, "GET", here, "200"),
        (&sale.callers.organiser, "GET", here, "200"),
    ];
    for (caller, method, path, want) in cases {
        assert_eq!(caller.call(method, path).send().await.said(), want, "{method} {path}");
    }
}

#[tokio::test]
async fn tells_how_an_event_stands_from_the_first_seat_to_the_last() {
    let sale = Sale::of(3).await;
    let summary = |free: u32, count: u32, version: u32, status: &str| {
        json!({
            "eventId": sale.event,
            "name": "Any Meet-up",
            "totalSeats": 3,
            "availableSeats": free,
            "reservationCount": count,
            "version": version,
            "reservedSeats": 3 - free,
            "heldSeats": 0,
            "status": status,
        })
    };
    assert_eq!(sale.summary().await, summary(3, 0, 0, "on_sale"));
    let id = sale.sell(1).await;
    assert_eq!(sale.summary().await, summary(2, 1, 1, "on_sale"));
    sale.sell(2).await;
    assert_eq!(sale.summary().await, summary(0, 2, 2, "sold_out"));
    assert_eq!(sale.cancel(&id).await.said(), "204");
    assert_eq!(sale.summary().await, summary(1, 1, 3, "on_sale"));
}

#[tokio::test]
async fn answers_304_until_something_changes() {
    let sale = Sale::of(500).await;
    sale.sell(1).await;
    let ask = async |seen: &str| {
        let call = sale.callers.partner.get(&sale.path()).header("If-None-Match", seen);
        call.send().await
    };
    let first = sale.callers.partner.get(&sale.path()).send().await;
    let tag = first.header("etag").to_owned();
    assert_eq!(tag, "\"v1\"");
    assert_eq!(first.header("content-type"), "application/json");
    assert_eq!(first.header("cache-control"), "no-store");
    assert_eq!(first.header("x-content-type-options"), "nosniff");

    for seen in [&*tag, "*", &format!("W/{tag}"), &format!("\"v7\", {tag}")] {
        let unchanged = ask(seen).await;
        assert_eq!((unchanged.status, unchanged.text.as_str()), (304, ""), "{seen}");
        assert_eq!(unchanged.header("etag"), tag);
    }
    for seen in ["\"v0\"", "v1", "", "\"v11\""] {
        assert_eq!(ask(seen).await.status, 200, "{seen}");
    }
    sale.sell(1).await;
    let changed = ask(&tag).await;
    assert_eq!((changed.status, changed.header("etag")), (200, "\"v2\""));
}

#[tokio::test]
async fn every_commit_moves_the_version_and_a_refusal_does_not() {
    let sale = Sale::of(120).await;
    let mut version = 0;
    let mut ids = Vec::new();
    loop {
        let answer = sale.order(7).send().await;
        let next = sale.summary().await["version"].as_u64().unwrap();
        if answer.status == 409 {
            assert_eq!(next, version);
            break;
        }
        assert!(next > version, "a sale, with or without a gather, is seen");
        ids.push(answer.text_of("reservationId"));
        version = next;
    }
    for id in ids {
        assert_eq!(sale.cancel(&id).await.said(), "204");
        let next = sale.summary().await["version"].as_u64().unwrap();
        assert_eq!(next, version + 1, "a cancellation is one commit");
        version = next;
    }
}
