//! What a smoke test asks for, in order.

use std::time::Duration;

use axum::http::Method;
use serde_json::json;
use tokio::time::sleep;

use super::calls::{As, Call, Calls, call};

/// A summary is at most a second old.
const UNTIL_FRESH: Duration = Duration::from_millis(1_200);

/// What the gateway answers by itself: without a key, with a wrong one, where there is no route.
/// With a bearer token it takes an unknown route for a bad signature, which must be 404, too.
pub(super) async fn gateway(calls: &mut Calls) {
    let order = json!({"seats": 1});
    let keyless = call(Method::POST, "/reservations", As::Nobody).body(&order);
    let answer = calls.expect("no access key", keyless, 401, "unauthenticated").await;
    let challenge = answer.header("WWW-Authenticate").to_owned();
    let wrong = (!challenge.starts_with("Bearer")).then(|| format!("it is `{challenge}`"));
    calls.note("no access key: the challenge", wrong);
    for (what, token) in [
        ("an unknown access key", "tb_00000000000000000000"),
        ("a malformed access key", "nonsense"),
    ] {
        let strange = call(Method::GET, "/reservations", As::Stranger(token));
        calls.expect(what, strange, 403, "access-denied").await;
    }
    for (what, method, path, by) in [
        ("an unknown path, no key", Method::GET, "/nowhere", As::Nobody),
        ("an unknown path", Method::GET, "/nowhere", As::Partner),
        ("an unknown method", Method::PUT, "/reservations", As::Partner),
        ("a path with a slash at its end", Method::GET, "/reservations/", As::Partner),
    ] {
        calls.expect(what, call(method, path, by), 404, "route-not-found").await;
    }
}

/// Health and the documentation.
pub(super) async fn service(calls: &mut Calls) {
    for (what, path, content_type) in [
        ("health", "/healthcheck", "text/plain"),
        ("health, the table asked", "/healthcheck?deep=1", "text/plain"),
        ("the documentation", "/docs", "text/html"),
        ("its code", "/docs/swagger-ui-bundle.js", "text/javascript"),
        ("the contract", "/docs.json", "application/json"),
    ] {
        let answer = calls.expect(what, call(Method::GET, path, As::Nobody), 200, "").await;
        let got = answer.header("Content-Type").to_owned();
        let wrong = (!got.starts_with(content_type)).then(|| format!("it is `{got}`"));
        calls.note(format!("{what}: {content_type}"), wrong);
    }
}

/// The paths without an event, which mean the default one, whether there is one yet or not; nothing
/// is sold. And the heads of all that can be read.
pub(super) async fn default_event(calls: &mut Calls) {
    let read = |path: &str| call(Method::GET, path, As::Partner);
    let (status, code) = match calls.status_of(read("/reservations")).await {
        Some(404) => (404, "event-not-found"),
        _ => (200, ""),
    };
    let event = calls.expect("the default event", read("/reservations"), status, code).await;
    let missing = if status == 200 { "reservation-not-found" } else { "event-not-found" };
    let nothing = "/reservations/00000000-0000-8000-8000-000000000000";
    let order = call(Method::POST, "/reservations", As::Partner).body(&json!({"seats": 0}));
    for (what, call, status, code) in [
        ("an order there, of no seats", order, 400, "validation-failed"),
        ("a reservation there", read(nothing), 404, missing),
        ("its cancellation", call(Method::DELETE, nothing, As::Partner), 404, missing),
    ] {
        calls.expect(what, call, status, code).await;
    }
    let summary = event.0.status().as_u16();
    calls.expect("the events", read("/events?limit=1"), 200, "").await;
    let misspelt = read("/events?size=1");
    calls.expect("the events, misspelt", misspelt, 400, "validation-failed").await;
    for (path, by, status) in [
        ("/reservations", As::Partner, summary),
        ("/events?limit=1", As::Partner, 200),
        ("/events/no-such-event-here/reservations", As::Partner, 404),
        (nothing, As::Partner, 404),
        ("/events/no-such-event-here", As::Partner, 404),
        ("/healthcheck", As::Nobody, 200),
        ("/docs", As::Nobody, 200),
        ("/docs.json", As::Nobody, 200),
        ("/docs/start.js", As::Nobody, 200),
    ] {
        let head = call(Method::HEAD, path, by);
        calls.expect(&format!("the head of {path}"), head, status, "").await;
    }
}

/// An event, and everything that happens to its two seats.
pub(super) async fn sale(calls: &mut Calls, event: &str) {
    let (at, orders) = (format!("/events/{event}"), format!("/events/{event}/reservations"));
    let new = json!({"eventId": event, "name": "Smoke test", "totalSeats": 2});
    let create = |by| call(Method::POST, "/events", by).body(&new);
    calls.expect("a partner creates an event", create(As::Partner), 403, "access-denied").await;
    calls.expect("an organiser creates an event", create(As::Organiser), 201, "").await;
    calls.expect("the same again", create(As::Organiser), 409, "event-exists").await;

    let order = |seats: u32| {
        let order = call(Method::POST, orders.as_str(), As::Partner);
        order.body(&json!({ "seats": seats }))
    };
    let sold = calls.expect("an order", order(1).header("Idempotency-Key", "smoke"), 201, "").await;
    let again = order(1).header("Idempotency-Key", "smoke");
    let again = calls.expect("its retry", again, 201, "").await;
    let is_replay = again.header("Idempotency-Replayed") == "true"
        && again.member("reservationId") == sold.member("reservationId");
    let wrong = (!is_replay).then(|| "it is a second reservation".to_owned());
    calls.note("its retry is a replay", wrong);
    for (what, order, status, code) in [
        (
            "its key with another order",
            order(2).header("Idempotency-Key", "smoke"),
            422,
            "idempotency-key-reused",
        ),
        ("more than is left", order(2), 409, "not-enough-seats"),
        ("no seats", order(0), 400, "validation-failed"),
        (
            "a large order",
            order(1).body(&json!({"seats": 1, "x": "x".repeat(20_000)})),
            413,
            "body-too-large",
        ),
        (
            "a compressed order",
            order(1).header("Content-Encoding", "gzip"),
            415,
            "encoding-unsupported",
        ),
    ] {
        calls.expect(what, order, status, code).await;
    }
    reservation(calls, &orders, sold.header("Location"), &sold.member("reservationId")).await;
    hold(calls, &orders).await;

    let page = call(Method::GET, format!("{orders}?limit=1"), As::Partner);
    let page = calls.expect("the list of reservations", page, 200, "").await;
    let next = page.header("Link").trim_start_matches('<').split('>').next().unwrap_or_default();
    let page = call(Method::GET, format!("{orders}{next}"), As::Partner);
    calls.expect("its next page", page, 200, "").await;
    let altered = call(Method::GET, format!("{orders}?cursor=AAAA"), As::Partner);
    calls.expect("a page of no list", altered, 400, "validation-failed").await;

    pause(calls, &at, order).await;

    let nothing = call(Method::GET, "/events/no-such-event-here", As::Partner);
    calls.expect("an unknown event", nothing, 404, "event-not-found").await;
    cancel_all(calls, &at, order).await;
    sleep(UNTIL_FRESH).await;
    let summary = calls.expect("the event", call(Method::GET, at, As::Partner), 200, "").await;
    let left = summary.member("availableSeats");
    let wrong = (left != 2).then(|| format!("{left} are left"));
    calls.note("the event: both seats are back", wrong);
}

/// The sale rests: no order is taken. Then it goes on.
async fn pause(calls: &mut Calls, event: &str, order: impl Fn(u32) -> Call) {
    let change = |by, status: &str| {
        let change = call(Method::PATCH, event, by).header("If-Match", "*");
        change.body(&json!({ "status": status }))
    };
    let refused = change(As::Partner, "paused");
    calls.expect("a partner pauses the sale", refused, 403, "access-denied").await;
    let unnamed = call(Method::PATCH, event, As::Organiser).body(&json!({"status": "paused"}));
    calls.expect("a change of no revision", unnamed, 428, "precondition-required").await;
    calls.expect("an organiser pauses it", change(As::Organiser, "paused"), 200, "").await;
    calls.expect("an order meanwhile", order(1), 409, "sales-closed").await;
    calls.expect("it goes on", change(As::Organiser, "on_sale"), 200, "").await;
}

/// The sale is called off: a seat that was sold is free again.
async fn cancel_all(calls: &mut Calls, event: &str, order: impl Fn(u32) -> Call) {
    calls.expect("a last order", order(1), 201, "").await;
    let path = format!("{event}/cancellations");
    let all = |by| call(Method::POST, path.as_str(), by);
    calls.expect("a partner cancels all", all(As::Partner), 403, "access-denied").await;
    let done = calls.expect("an organiser cancels all", all(As::Organiser), 202, "").await;
    let id = done.member("cancellationId");
    let path = format!("{path}/{}", id.as_str().unwrap_or("none"));
    let shown = call(Method::GET, path.as_str(), As::Organiser);
    let shown = calls.expect("how far that came", shown, 200, "").await;
    let left = shown.member("remainingReservations");
    let wrong = (left != 0).then(|| format!("{left} are left"));
    calls.note("all are cancelled", wrong);
    let head = call(Method::HEAD, path, As::Organiser);
    calls.expect("the same without a body", head, 200, "").await;
    calls.expect("an order after that", order(1), 409, "sales-closed").await;
}

/// A seat is held, for longer, bought, renamed, and given back.
async fn hold(calls: &mut Calls, orders: &str) {
    let body = json!({"seats": 1, "hold": {"expiresInSeconds": 60}});
    let order = call(Method::POST, orders, As::Partner).body(&body);
    let held = calls.expect("a seat is held", order, 201, "").await;
    let id = held.member("reservationId");
    let path = format!("{orders}/{}", id.as_str().unwrap_or("none"));
    let ask = |what: &str| call(Method::POST, format!("{path}/{what}"), As::Partner);
    let longer = ask("extend").body(&json!({"expiresInSeconds": 120}));
    calls.expect("it is held for longer", longer, 200, "").await;
    let bought = calls.expect("it is bought", ask("confirm"), 200, "").await;
    let status = bought.member("status");
    let wrong = (status != "confirmed").then(|| format!("it is {status}"));
    calls.note("it is confirmed", wrong);
    let renamed = call(Method::PATCH, path.as_str(), As::Partner);
    let renamed = renamed.header("If-Match", bought.header("ETag").to_owned());
    let renamed = renamed.body(&json!({"partnerReference": "smoke"}));
    calls.expect("it is renamed", renamed, 200, "").await;
    let cancel = call(Method::DELETE, path.as_str(), As::Partner);
    calls.expect("it is given back", cancel, 204, "").await;
}

/// The reservation is shown, found where its `Location` points, and given back once.
async fn reservation(calls: &mut Calls, orders: &str, location: &str, id: &serde_json::Value) {
    let path = format!("{orders}/{}", id.as_str().unwrap_or("none"));
    // Relative to the order's own path, as RFC 9110 has it: so the stage stays in it.
    let resolved = orders.rsplit_once('/').map_or("", |(folder, _)| folder);
    let resolved = format!("{resolved}/{location}");
    let wrong = (resolved != path).then(|| format!("`{location}` leads to {resolved}"));
    calls.note("its Location leads there", wrong);
    let show = || call(Method::GET, path.as_str(), As::Partner);
    let shown = calls.expect("the reservation", show(), 200, "").await;
    let seen = shown.header("ETag").to_owned();
    let unchanged = show().header("If-None-Match", seen);
    calls.expect("the reservation, unchanged", unchanged, 304, "").await;
    let head = call(Method::HEAD, path.as_str(), As::Partner);
    calls.expect("the reservation's head", head, 200, "").await;

    let cancel = || call(Method::DELETE, path.as_str(), As::Partner);
    let stale = cancel().header("If-Match", "\"v0\"");
    calls.expect("it is cancelled as it was", stale, 412, "precondition-failed").await;
    calls.expect("it is cancelled", cancel(), 204, "").await;
    calls.expect("it is cancelled again", cancel(), 404, "reservation-not-found").await;
}
