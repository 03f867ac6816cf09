//! `PATCH /events/{eventId}`: an organiser changes an event, pauses its sale or closes it.

use serde_json::{Value, json};
use shared::audit::audit_event;
use shared::desk::Desk;
use shared::event::{Event, PoolIndex};
use shared::findings::Violation;
use shared::store::{Commit, Store};
use shared::terms::{Sale as SaleTerm, Terms};

use crate::support::answer::Answer;
use crate::support::books::RacedBooks;
use crate::support::client::Call;
use crate::support::desk::{Incoming, desk, incoming, open};
use crate::support::sale::Sale;
use crate::support::simulated::SimulatedStore;

/// The organiser's change of the sale's event, whatever its revision is.
fn change(sale: &Sale, body: &Value) -> Call {
    let call = sale.callers.organiser.call("PATCH", &sale.path()).header("If-Match", "*");
    call.body(body.to_string())
}

#[tokio::test]
async fn refuses_what_is_no_change_of_an_organisers() {
    let sale = Sale::of(60).await;
    let (nobody, organiser) = (&sale.callers.nobody, &sale.callers.organiser);
    let paused = &*json!({"status": "paused"}).to_string();
    let times = |opens: &str, closes: &str| {
        json!({"salesOpenAt": opens, "salesCloseAt": closes}).to_string()
    };
    let (early, late) = ("2026-12-01T10:00:00Z", "2026-12-01T12:00:00+01:00");
    let wrong = "400 validation-failed";
    let cases = [
        (nobody, "*", paused, "401 unauthenticated"),
        (&sale.callers.partner, "*", paused, "403 access-denied"),
        (organiser, "", paused, "428 precondition-required"),
        (organiser, "\"v0r7\"", paused, "412 precondition-failed"),
        (organiser, "W/\"v0\"", paused, "412 precondition-failed"),
        (organiser, "*", "", wrong),
        (organiser, "*", "{}", wrong),
        (organiser, "*", r#"{"Status":"paused"}"#, wrong),
        (organiser, "*", r#"{"status":"sold_out"}"#, wrong),
        (organiser, "*", r#"{"status":null}"#, wrong),
        (organiser, "*", r#"{"name":""}"#, wrong),
        (organiser, "*", r#"{"name":null}"#, wrong),
        (organiser, "*", r#"{"salesOpenAt":"tomorrow"}"#, wrong),
        (organiser, "*", r#"{"salesOpenAt":7}"#, wrong),
        (organiser, "*", r#"{"maxSeatsPerOrder":0}"#, wrong),
        (organiser, "*", r#"{"maxSeatsPerOrder":11}"#, wrong),
        (organiser, "*", &*times(late, early), wrong),
        (organiser, "*", &*times(early, early), wrong),
        (organiser, "*", r#"{"totalSeats":70}"#, wrong),
        (organiser, "*", r#"{"status":"paused","totalSeats":70}"#, wrong),
        (
            organiser,
            "*",
            &*format!("{{\"status\":\"{}\"}}", "x".repeat(20_000)),
            "413 body-too-large",
        ),
    ];
    for (caller, seen, body, want) in cases {
        let call = caller.call("PATCH", &sale.path()).body(body);
        let call = if seen.is_empty() { call } else { call.header("If-Match", seen) };
        assert_eq!(call.send().await.said(), want, "{seen} {body}");
    }
    let unknown = organiser.call("PATCH", "/events/no-such-event").header("If-Match", "*");
    assert_eq!(unknown.body(paused).send().await.said(), "404 event-not-found");
    let summary = sale.summary().await;
    assert_eq!((&summary["status"], &summary["revision"]), (&json!("on_sale"), &Value::Null));
}

#[tokio::test]
async fn a_paused_sale_takes_no_order_and_leaves_what_was_sold_to_its_partners() {
    let sale = Sale::of(60).await;
    let partner = &sale.callers.partner;
    let keyed = || sale.order(3).keyed("before");
    let bought = keyed().send().await;
    let bought = sale.reservation(&bought.text_of("reservationId"));
    let held = sale.reservation(&sale.hold(2).await);
    let paused = change(&sale, &json!({"status": "paused"})).send().await;
    assert_eq!((paused.said(), &paused.json()["status"]), ("200".to_owned(), &json!("paused")));
    assert_eq!((&paused.json()["revision"], &paused.json()["changing"]), (&json!(1), &Value::Null));

    let amended = |seats: u32| {
        let call = partner.call("PATCH", &bought).header("If-Match", "*");
        call.body(json!({ "seats": seats }).to_string())
    };
    let hold = json!({"seats": 1, "hold": {"expiresInSeconds": 60}});
    let longer = json!({"expiresInSeconds": 120});
    let cases = [
        ("an order", sale.order(1), "409 sales-closed"),
        ("an order of too many", sale.order(10), "409 sales-closed"),
        ("a hold", partner.post(&sale.reservations(), &hold), "409 sales-closed"),
        ("its replay", keyed(), "201"),
        ("its key with another order", sale.order(4).keyed("before"), "422 idempotency-key-reused"),
        ("more seats", amended(4), "409 sales-closed"),
        ("fewer seats", amended(2), "200"),
        ("a longer hold", partner.post(&format!("{held}/extend"), &longer), "200"),
        ("its confirmation", partner.call("POST", &format!("{held}/confirm")), "200"),
        ("a cancellation", partner.delete(&bought), "204"),
    ];
    for (what, call, want) in cases {
        assert_eq!(call.send().await.said(), want, "{what}");
    }
    assert_eq!(sale.summary().await["status"], "paused");
    let resumed = change(&sale, &json!({"status": "on_sale"})).send().await;
    assert_eq!((resumed.said(), &resumed.json()["revision"]), ("200".to_owned(), &json!(2)));
    assert_eq!(sale.order(1).send().await.said(), "201");
}

#[tokio::test]
async fn a_change_is_known_by_its_revision_whatever_is_sold_meanwhile() {
    let sale = Sale::of(60).await;
    let call = |tag: &str, body: Value| {
        let call = sale.callers.organiser.call("PATCH", &sale.path()).header("If-Match", tag);
        call.keyed("change").body(body.to_string())
    };
    let seen = sale.callers.partner.get(&sale.path()).send().await.header("etag").to_owned();
    sale.sell(3).await;
    let closed = call(&seen, json!({"status": "closed", "name": "Sold"})).send().await;
    assert_eq!((closed.said(), closed.header("idempotency-replayed")), ("200".to_owned(), ""));
    assert_eq!(closed.header("etag"), "\"v1r1c\"");
    let again = call(&seen, json!({"status": "closed", "name": "Sold"})).send().await;
    assert_eq!((again.said(), again.header("idempotency-replayed")), ("200".to_owned(), "true"));
    assert_eq!(again.json(), closed.json());
    assert_eq!(call(&seen, json!({"name": "B"})).send().await.said(), "412 precondition-failed");
    assert_eq!(call("\"v99r1\"", json!({"name": "B"})).send().await.said(), "200");
    let shown =
        sale.callers.partner.get(&sale.path()).header("If-None-Match", closed.header("etag"));
    assert_eq!(shown.send().await.said(), "200", "it has changed");
    assert_eq!(sale.summary().await["name"], "B");
}

#[tokio::test]
async fn a_change_that_broke_off_is_shown_and_finished_by_its_retry_or_by_the_next() {
    for finishes in [json!({"status": "paused"}), json!({"name": "B"})] {
        let store = SimulatedStore::calm();
        let event = open(&store, "any", 200).await;
        // Somebody had written the event and one of its pools, and died.
        let terms = Terms { sale: SaleTerm::Paused, ..Terms::default() };
        let begun = Event { terms, revision: 1, is_changing: true, ..event };
        assert_eq!(store.amend(&begun, 0).await.unwrap(), Commit::Applied);
        assert_eq!(store.impose(&begun, PoolIndex::new(2)).await.unwrap(), Commit::Applied);

        let desk = desk(store.clone());
        let shown = summary(&desk).await;
        assert_eq!((&shown["changing"], &shown["status"]), (&json!(true), &json!("paused")));
        let finished = patch(&desk, &finishes).await;
        assert_eq!(
            (finished.said(), &finished.json()["changing"]),
            ("200".to_owned(), &Value::Null)
        );
        let standing = store.load_event(&begun.id).await.unwrap().unwrap();
        assert!(!standing.is_changing);
        let pools = store.peek_pools(&standing);
        assert!(pools.iter().all(|pool| pool.revision() == standing.revision), "{finishes}");
        assert!(pools.iter().all(|pool| *pool.terms() == terms), "{finishes}");
        assert_eq!(order(1).at(&desk).await.said(), "409 sales-closed");
    }
}

#[tokio::test]
async fn the_audit_names_a_pool_that_missed_a_change() {
    let store = SimulatedStore::calm();
    let event = open(&store, "any", 150).await;
    let changed = Event { revision: 1, is_changing: true, ..event };
    let audit = async || {
        let books = RacedBooks::new(store.clone(), |_, _| Vec::new());
        audit_event(&books, "any").await.unwrap().violations
    };
    assert_eq!(store.amend(&changed, 0).await.unwrap(), Commit::Applied);
    for index in [0, 2] {
        let imposed = store.impose(&changed, PoolIndex::new(index)).await;
        assert_eq!(imposed.unwrap(), Commit::Applied);
    }
    assert_eq!(audit().await, [], "it is still on its way");
    let changed = Event { is_changing: false, ..changed };
    assert_eq!(store.amend(&changed, 1).await.unwrap(), Commit::Applied);
    let missed = Violation::ChangeMissed { pool: PoolIndex::new(1), revision: 0, want: 1 };
    assert_eq!(audit().await, [missed]);
}

#[tokio::test]
async fn the_retry_of_a_creation_is_no_other_when_the_event_was_changed_since() {
    let desk = desk(SimulatedStore::calm());
    let new = json!({"eventId": "any", "name": "First", "totalSeats": 60});
    let create = || incoming("POST", "/events").from("chief", "organiser").keyed("new").body(&new);
    let created = create().at(&desk).await;
    assert_eq!(created.said(), "201");
    assert_eq!(patch(&desk, &json!({"name": "Second", "status": "paused"})).await.said(), "200");
    let again = create().at(&desk).await;
    assert_eq!((again.said(), again.header("idempotency-replayed")), ("201".to_owned(), "true"));
    assert_eq!(summary(&desk).await["name"], "Second", "it is as its organiser has left it");
}

#[tokio::test]
async fn whoever_remembers_an_event_learns_that_it_was_changed() {
    let store = SimulatedStore::calm();
    open(&store, "any", 60).await;
    let (elsewhere, here) = (desk(store.clone()), desk(store));
    assert_eq!(summary(&here).await["name"], "Any Meet-up");
    let renamed = json!({"name": "Renamed", "endsAt": "2027-01-01T00:00:00Z"});
    assert_eq!(patch(&elsewhere, &renamed).await.said(), "200");
    assert_eq!(summary(&here).await["name"], "Renamed");
    assert_eq!(summary(&here).await["endsAt"], "2027-01-01T00:00:00.000Z");
}

/// An order for so many seats of `any`.
pub(crate) fn order(seats: u32) -> Incoming {
    incoming("POST", "/events/any/reservations").body(&json!({ "seats": seats }))
}

pub(crate) async fn patch<S: Store>(desk: &Desk<S>, body: &Value) -> Answer {
    let call = incoming("PATCH", "/events/any").from("chief", "organiser").header("If-Match", "*");
    call.body(body).at(desk).await
}

pub(crate) async fn summary<S: Store>(desk: &Desk<S>) -> Value {
    incoming("GET", "/events/any").at(desk).await.json()
}
