//! `POST /reservations`: a partner takes seats, or learns why not.

use serde_json::{Value, json};

use crate::support::sale::Sale;

#[tokio::test]
async fn refuses_what_it_cannot_sell() {
    let sale = Sale::of(5).await;
    let (nobody, partner) = (&sale.callers.nobody, &sale.callers.partner);
    let stranger = &nobody.with_key("tb_00000000000000000000");
    let (here, nowhere) = (&*sale.reservations(), "/events/no-such-event/reservations");
    let used = partner.post(here, &json!({"seats": 1})).keyed("used").send().await;
    assert_eq!(used.said(), "201");

    let (long, large) = ("k".repeat(256), format!(r#"{{"seats":1,"x":"{}"}}"#, "x".repeat(20_000)));
    let (theirs, mine) = (r#"{"partnerId":"other","seats":6}"#, r#"{"seats":6}"#);
    let cases = [
        (nobody, "POST", "/nowhere", &*long, "", "404 route-not-found"),
        (partner, "PUT", here, &long, "", "404 route-not-found"),
        (nobody, "POST", nowhere, &long, "", "401 unauthenticated"),
        (stranger, "POST", nowhere, &long, "", "403 access-denied"),
        (partner, "POST", nowhere, &long, &*large, "400 validation-failed"),
        (partner, "POST", nowhere, "used", &large, "413 body-too-large"),
        (partner, "POST", nowhere, "used", "", "400 validation-failed"),
        (partner, "POST", nowhere, "used", theirs, "403 partner-mismatch"),
        (partner, "POST", nowhere, "used", mine, "404 event-not-found"),
        (partner, "POST", here, "used", mine, "422 idempotency-key-reused"),
        (partner, "POST", here, "new", r#"{"seats":5}"#, "409 not-enough-seats"),
        (partner, "POST", here, "new", r#"{"seats":4}"#, "201"),
        (partner, "POST", here, "newer", r#"{"seats":1}"#, "409 not-enough-seats"),
    ];
    for (caller, method, path, key, body, want) in cases {
        let answer = caller.call(method, path).keyed(key).body(body).send().await;
        assert_eq!(answer.said(), want, "{method} {path} {key} {body}");
    }
}

#[tokio::test]
async fn names_every_fault_of_an_order_and_changes_nothing() {
    let sale = Sale::of(50).await;
    let long = json!({"seats": 1, "partnerReference": "x".repeat(65)}).to_string();
    let cases: [(&[u8], &[&str]); 25] = [
        (b"", &["# required"]),
        (b" ", &["# malformed"]),
        (b"seats=3", &["# malformed"]),
        (b"{\"seats\":3", &["# malformed"]),
        (b"{\"seats\":3}}", &["# malformed"]),
        (b"[3]", &["# malformed"]),
        (b"null", &["# malformed"]),
        (b"{\"seats\":3,\"partnerReference\":\"\xff\"}", &["# malformed"]),
        (b"\xff\xfe", &["# malformed"]),
        (b"{}", &["#/seats required"]),
        (b"{\"seats\":null}", &["#/seats malformed"]),
        (b"{\"seats\":0}", &["#/seats malformed"]),
        (b"{\"seats\":11}", &["#/seats malformed"]),
        (b"{\"seats\":-1}", &["#/seats malformed"]),
        (b"{\"seats\":2.5}", &["#/seats malformed"]),
        (b"{\"seats\":1e9}", &["#/seats malformed"]),
        (b"{\"seats\":18446744073709551617}", &["#/seats malformed"]),
        (b"{\"seats\":\"3\"}", &["#/seats malformed"]),
        (b"{\"seats\":[3]}", &["#/seats malformed"]),
        (b"{\"seats\":true}", &["#/seats malformed"]),
        (b"{\"partnerId\":7,\"seats\":3}", &["#/partnerId malformed"]),
        (b"{\"partnerId\":\"a b\",\"seats\":3}", &["#/partnerId malformed"]),
        (b"{\"partnerReference\":\"\\u0000\",\"seats\":3}", &["#/partnerReference malformed"]),
        (long.as_bytes(), &["#/partnerReference malformed"]),
        (
            b"{\"partnerId\":\"\",\"partnerReference\":\"\",\"seats\":0}",
            &["#/partnerId malformed", "#/partnerReference malformed", "#/seats malformed"],
        ),
    ];
    for (body, want) in cases {
        let body_text = String::from_utf8_lossy(body);
        let answer =
            sale.callers.partner.call("POST", &sale.reservations()).body(body).send().await;
        assert_eq!(answer.said(), "400 validation-failed", "{body_text}");
        let faults = answer.json()["errors"].as_array().unwrap().clone();
        let text = |fault: &Value, member: &str| fault[member].as_str().unwrap().to_owned();
        let faults = faults.iter().map(|fault| (text(fault, "pointer"), text(fault, "code")));
        let faults: Vec<_> = faults.map(|(pointer, code)| format!("{pointer} {code}")).collect();
        assert_eq!(faults, want, "{body_text}");
    }
    assert_eq!(sale.summary().await["version"], 0, "nothing was changed");
}

#[tokio::test]
async fn refuses_keys_and_bodies_out_of_bounds() {
    let sale = Sale::of(50).await;
    let partner = &sale.callers.partner;
    for key in [&*"k".repeat(300), "", "\"\"", "caf\u{e9}", "a\tb"] {
        let answer = sale.order(1).keyed(key).send().await;
        assert_eq!(answer.said(), "400 validation-failed", "{key}");
        assert_eq!(answer.json()["errors"][0]["pointer"], "Idempotency-Key");
    }
    for (bytes, want) in [(1024 * 1024, "413 body-too-large"), (16 * 1024, "201")] {
        let body = json!({"seats": 1, "ignored": ""}).to_string();
        let padding = "x".repeat(bytes - body.len());
        let body = json!({"seats": 1, "ignored": padding}).to_string();
        let answer = partner.call("POST", &sale.reservations()).body(body).send().await;
        assert_eq!(answer.said(), want, "{bytes} bytes");
    }
    assert_eq!(sale.free_seats().await, 49);
}

#[tokio::test]
async fn answers_with_the_reservation_and_where_it_is() {
    let sale = Sale::of(50).await;
    let order = json!({
        "partnerId": "abc-corp",
        "seats": 3,
        "partnerReference": "Zoë's №7 🎟",
        "somethingElse": {"is": "ignored"},
    });
    let sold = sale.callers.partner.post(&sale.reservations(), &order).send().await;
    assert_eq!(sold.said(), "201");
    let body = sold.json();
    let id = sold.text_of("reservationId");
    assert_eq!(body["seats"], 3);
    assert_eq!(body["status"], "confirmed");
    assert_eq!(body["eventId"], sale.event);
    assert_eq!(body["partnerId"], "abc-corp");
    assert_eq!(body["partnerReference"], "Zoë's №7 🎟");
    assert_eq!(body["version"], 1);
    assert!(body["createdAt"].as_str().unwrap().ends_with('Z'));
    assert_eq!(body.as_object().unwrap().len(), 8, "and nothing else: {body}");

    let location = sale.callers.partner.resolve(&sale.reservations(), sold.header("location"));
    assert_eq!(location, sale.reservation(&id));
    assert_eq!(sold.header("etag"), "\"v1\"");
    assert_eq!(sold.header("content-type"), "application/json");
    assert_eq!(sold.header("cache-control"), "no-store");
    assert_eq!(sold.header("x-content-type-options"), "nosniff");
    assert_eq!(sold.header("idempotency-replayed"), "");
    let found = sale.callers.partner.get(&location).send().await;
    assert_eq!(found.json(), body);

    for same in [r#"{"seats":3.0}"#, r#"{"seats":3e0}"#, r#"{"seats":03}"#] {
        let answer =
            sale.callers.partner.call("POST", &sale.reservations()).body(same).send().await;
        let want = if same.contains("03") { "400 validation-failed" } else { "201" };
        assert_eq!(answer.said(), want, "{same}");
    }
}

#[tokio::test]
async fn an_organiser_orders_for_any_partner_and_a_partner_for_itself_only() {
    let sale = Sale::of(50).await;
    let callers = &sale.callers;
    let order = json!({"partnerId": "abc-corp", "seats": 2});
    let cases = [(&callers.organiser, "201"), (&callers.other, "403 partner-mismatch")];
    for (caller, want) in cases {
        let answer = caller.post(&sale.reservations(), &order).send().await;
        assert_eq!(answer.said(), want);
        if want == "201" {
            assert_eq!(answer.json()["partnerId"], "abc-corp");
            let path = sale.reservation(&answer.text_of("reservationId"));
            assert_eq!(callers.partner.get(&path).send().await.said(), "200");
            assert_eq!(callers.other.get(&path).send().await.said(), "404 reservation-not-found");
        }
    }
    let own = callers.organiser.post(&sale.reservations(), &json!({"seats": 1})).send().await;
    assert_eq!(own.said(), "201");
    assert_ne!(own.json()["partnerId"], "abc-corp");
}
