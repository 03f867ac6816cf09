//! The contract's edges: members and headers that come twice, in another case, encoded, null, or
//! under another name; and what callers have seen. What is refused changes nothing.

use serde_json::{Value, json};
use shared::desk::Desk;

use crate::support::desk::{Incoming, desk, incoming, open};
use crate::support::simulated::SimulatedStore;

/// A desk with an event of 50 seats.
async fn on_sale() -> Desk<SimulatedStore> {
    let store = SimulatedStore::calm();
    open(&store, "any", 50).await;
    desk(store)
}

fn order(body: &str) -> Incoming {
    incoming("POST", "/events/any/reservations").text(body)
}

async fn version(desk: &Desk<SimulatedStore>) -> Value {
    incoming("GET", "/events/any").at(desk).await.json()["version"].clone()
}

#[tokio::test]
async fn a_member_is_taken_once_as_it_is_spelt_and_where_it_belongs() {
    let desk = on_sale().await;
    let fault = |pointer: &str, detail: &str| Some(format!("{pointer}: {detail}"));
    let other_event = "must be `any`, as the path says, or be left out";
    let cases = [
        (r#"{"seats":1,"seats":1}"#, fault("#/seats", "is there more than once")),
        (r#"{"seats":1,"se\u0061ts":2}"#, fault("#/seats", "is there more than once")),
        (r#"{"seats":1,"x":1,"x":2}"#, fault("#/x", "is there more than once")),
        (r#"{"seats":1,"Seats":1}"#, fault("#/Seats", "is spelt `seats`")),
        (r#"{"seats":1,"partnerID":"abc-corp"}"#, fault("#/partnerID", "is spelt `partnerId`")),
        (
            r#"{"seats":1,"PARTNERREFERENCE":"a"}"#,
            fault("#/PARTNERREFERENCE", "is spelt `partnerReference`"),
        ),
        (r#"{"seats":1,"eventid":"any"}"#, fault("#/eventid", "is spelt `eventId`")),
        (r#"{"SEATS":1}"#, fault("#/seats", "is required; #/SEATS: is spelt `seats`")),
        (r#"{"seats":1,"eventId":"another"}"#, fault("#/eventId", other_event)),
        (r#"{"seats":1,"eventId":""}"#, fault("#/eventId", other_event)),
        (r#"{"seats":1,"eventId":7}"#, fault("#/eventId", "must be a text")),
        (r#"{"seats":null}"#, fault("#/seats", "must be an integer from 1 to 10")),
        (
            r#"{"seats":1,"partnerReference":"a\tb"}"#,
            fault("#/partnerReference", "must not have U+0009 as its character 2, which is a tab"),
        ),
        (
            r#"{"seats":1,"partnerReference":"a\u202eb"}"#,
            fault(
                "#/partnerReference",
                "must not have U+202E as its character 2, which is a control of the writing \
                 direction",
            ),
        ),
        (
            r#"{"seats":1,"partnerReference":"\u200b"}"#,
            fault(
                "#/partnerReference",
                "must not have U+200B as its character 1, which is of no width",
            ),
        ),
        (r#"{"seats":1,"eventId":"any"}"#, None),
        (r#"{"seats":1,"eventId":null,"partnerId":null,"partnerReference":null}"#, None),
        ("\u{feff}{\"seats\":1}", None),
        (r#"{"seats":1,"seat":2,"x":{"seats":1,"seats":2}}"#, None),
        (r#"{"seats":1,"partnerReference":"👩\u200d👧"}"#, None),
    ];
    for (body, want) in cases {
        let before = version(&desk).await;
        let answer = order(body).at(&desk).await;
        match want {
            Some(detail) => {
                assert_eq!(answer.said(), "400 validation-failed", "{body}");
                assert_eq!(answer.json()["detail"], detail, "{body}");
                assert_eq!(version(&desk).await, before, "{body}");
            }
            None => assert_eq!(answer.said(), "201", "{body}"),
        }
    }
    let short = incoming("POST", "/reservations").text(r#"{"seats":1,"eventId":"any"}"#);
    assert_eq!(short.at(&desk).await.said(), "400 validation-failed", "not the default event's id");

    let create = |body: &str| incoming("POST", "/events").from("chief", "organiser").text(body);
    for body in [
        r#"{"name":"A\tB","totalSeats":1}"#,
        r#"{"name":"A","totalSeats":1,"TotalSeats":2}"#,
        r#"{"name":"A","name":"B","totalSeats":1}"#,
    ] {
        assert_eq!(create(body).at(&desk).await.said(), "400 validation-failed", "{body}");
    }
    let unnamed = create(r#"{"eventId":null,"name":"A","totalSeats":1}"#).at(&desk).await;
    assert_eq!(unnamed.said(), "201");
}

#[tokio::test]
async fn a_header_that_decides_is_taken_if_all_its_lines_agree() {
    let desk = on_sale().await;
    let plain = || order(r#"{"seats":1}"#);
    let cases = [
        (plain().keyed("a").keyed("b"), "400 validation-failed"),
        (plain().keyed(""), "400 validation-failed"),
        (plain().keyed("\"\""), "400 validation-failed"),
        (
            plain().header("Authorization", "Bearer a").header("Authorization", "Bearer b"),
            "400 validation-failed",
        ),
        (plain().header("Content-Encoding", "gzip"), "415 encoding-unsupported"),
        (
            plain().header("Content-Encoding", "identity").header("Content-Encoding", "br"),
            "415 encoding-unsupported",
        ),
        (plain().header("Content-Encoding", "identity, deflate"), "415 encoding-unsupported"),
        (plain().header("Content-Encoding", "Identity"), "201"),
        (plain().keyed("a").keyed("a"), "201"),
        (plain().header("Authorization", "Bearer a").header("Authorization", "Bearer a"), "201"),
    ];
    for (request, want) in cases {
        let before = version(&desk).await;
        assert_eq!(request.clone().at(&desk).await.said(), want, "{request:?}");
        assert!(want == "201" || version(&desk).await == before, "{request:?}");
    }
    let bare = plain().keyed("the same").at(&desk).await;
    let quoted = plain().keyed("\"the same\"").at(&desk).await;
    assert_eq!(bare.json(), quoted.json(), "with quotes and without, it is one key");
}

#[tokio::test]
async fn a_cancellation_of_what_was_not_seen_so_changes_nothing() {
    let desk = on_sale().await;
    let sold = order(r#"{"seats":5}"#).at(&desk).await;
    let path = format!("/events/any/reservations/{}", sold.text_of("reservationId"));
    let delete = || incoming("DELETE", &path);
    for stale in ["\"v0\"", "\"v2\"", "W/\"v1\"", "v1", "", "\"v0\", \"v7\""] {
        let answer = delete().header("If-Match", stale).at(&desk).await;
        assert_eq!(answer.said(), "412 precondition-failed", "{stale}");
    }
    let shown = incoming("GET", &path).at(&desk).await;
    assert_eq!(
        (shown.json()["status"].as_str(), shown.header("etag")),
        (Some("confirmed"), "\"v1\"")
    );
    let seen = || delete().header("If-Match", "\"v0\"").header("If-Match", "\"v1\"").keyed("k");
    assert_eq!(seen().at(&desk).await.said(), "204", "every line counts");
    assert_eq!(seen().at(&desk).await.said(), "204", "its retry is answered as the first time");
    let another = delete().header("If-Match", "*").at(&desk).await;
    assert_eq!(another.said(), "404 reservation-not-found");
}

#[tokio::test]
async fn what_was_seen_is_not_sent_again_and_a_head_has_no_body() {
    let desk = on_sale().await;
    let sold = order(r#"{"seats":5}"#).at(&desk).await;
    let reservation = format!("/events/any/reservations/{}", sold.text_of("reservationId"));
    for path in [reservation.as_str(), "/events/any"] {
        let get = || incoming("GET", path);
        let first = get().at(&desk).await;
        let tag = first.header("etag").to_owned();
        assert_eq!(get().header("If-None-Match", "\"other\"").at(&desk).await.status, 200);
        for seen in [&tag, &format!("W/{tag}"), "*", &format!("\"a,b\", {tag}")] {
            let answer = get().header("If-None-Match", "\"x\"").header("If-None-Match", seen);
            let answer = answer.at(&desk).await;
            assert_eq!((answer.status, answer.text.as_str()), (304, ""), "{path} {seen}");
            assert_eq!(answer.header("etag"), tag);
        }
        let head = incoming("HEAD", path).at(&desk).await;
        assert_eq!((head.status, head.text.as_str()), (200, ""));
        for header in ["etag", "content-type", "cache-control"] {
            assert_eq!(head.header(header), first.header(header), "{path}");
        }
    }
    for path in ["/healthcheck", "/docs", "/docs.json", "/docs/start.js", "/events/none"] {
        let (head, get) = (incoming("HEAD", path), incoming("GET", path));
        let (head, get) = (head.at(&desk).await, get.at(&desk).await);
        assert_eq!((head.status, head.text.as_str()), (get.status, ""), "{path}");
    }
}

#[tokio::test]
async fn times_sort_as_text_and_links_lead_on_wherever_the_stack_is() {
    let store = SimulatedStore::calm();
    open(&store, "any", 50).await;
    let times = ["2026-11-23T10:15:30Z", "2026-11-23T10:15:30.1Z", "2026-11-23T10:15:30.12Z"];
    let mut told = Vec::new();
    for time in times {
        let clock = move || time.parse().expect("a time");
        let desk = Desk::new(store.clone(), "any".parse().expect("an id"), clock, || [7; 32]);
        let sold = order(r#"{"seats":1}"#).keyed(time).at(&desk).await;
        told.push(sold.text_of("createdAt"));
        let reference = sold.header("location").to_owned();
        let id = sold.text_of("reservationId");
        for base in [
            "https://a.execute-api.eu-central-1.amazonaws.com/v1",
            "https://tickets.example",
            "https://tickets.example/base/path",
            "http://127.0.0.1:3000",
        ] {
            let called = format!("{base}/events/any/reservations");
            let named = reqwest::Url::parse(&called).unwrap().join(&reference).unwrap();
            assert_eq!(named.as_str(), format!("{called}/{id}"));
        }
    }
    assert_eq!(
        told,
        ["2026-11-23T10:15:30.000Z", "2026-11-23T10:15:30.100Z", "2026-11-23T10:15:30.120Z"]
    );
}

#[tokio::test]
async fn one_key_creates_one_event() {
    let desk = desk(SimulatedStore::calm());
    let create =
        |body: Value| incoming("POST", "/events").from("chief", "organiser").body(&body).keyed("k");
    let first = json!({"eventId": "first", "name": "A", "totalSeats": 60});
    assert_eq!(create(first.clone()).at(&desk).await.said(), "201");
    for other in [
        json!({"eventId": "second", "name": "A", "totalSeats": 60}),
        json!({"eventId": "second", "name": "A", "totalSeats": 100_000}),
        json!({"name": "A", "totalSeats": 60}),
        json!({"eventId": "first", "name": "B", "totalSeats": 60}),
        json!({"eventId": "first", "name": "A", "totalSeats": 61}),
    ] {
        let answer = create(other.clone()).at(&desk).await;
        assert_eq!(answer.said(), "422 idempotency-key-reused", "{other}");
    }
    assert_eq!(incoming("GET", "/events/second").at(&desk).await.said(), "404 event-not-found");
    let again = create(first).at(&desk).await;
    assert_eq!((again.said(), again.header("idempotency-replayed")), ("201".to_owned(), "true"));
}

#[tokio::test]
async fn a_path_with_a_slash_at_its_end_is_no_route() {
    let desk = on_sale().await;
    for (method, path) in [
        ("POST", "/reservations/"),
        ("GET", "/events/any/"),
        ("POST", "/events/"),
        ("POST", "/events/any/reservations/"),
    ] {
        let request = incoming(method, path).from("chief", "organiser").text(r#"{"seats":1}"#);
        assert_eq!(request.at(&desk).await.said(), "404 route-not-found", "{method} {path}");
    }
}
