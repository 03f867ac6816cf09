//! `POST /events/{eventId}/cancellations`: an organiser cancels all reservations of an event.

use serde_json::{Value, json};
use shared::event::{Event, PoolIndex};
use shared::mark::RequestMark;
use shared::pool::Pool;
use shared::store::{Commit, Store as _};
use shared::terms::{Sale as SaleTerm, Terms};
use tokio::task::JoinSet;

use crate::amend_event::{order, patch, summary};
use crate::support::client::Call;
use crate::support::desk::{Incoming, desk, incoming, open};
use crate::support::nouns;
use crate::support::own_table::OwnTable;
use crate::support::sale::Sale;
use crate::support::simulated::SimulatedStore;

/// The organiser's cancellation of all, over HTTP.
pub(crate) fn cancel_all(sale: &Sale, key: &str) -> Call {
    sale.callers.organiser.call("POST", &format!("{}/cancellations", sale.path())).keyed(key)
}

#[tokio::test]
async fn refuses_whoever_may_not_and_what_is_not_there() {
    let sale = Sale::of(60).await;
    let id = sale.sell(3).await;
    let path = &*format!("{}/cancellations", sale.path());
    let cases = [
        (&sale.callers.nobody, path, "401 unauthenticated"),
        (&sale.callers.partner, path, "403 access-denied"),
        (&sale.callers.organiser, "/events/no-such-event/cancellations", "404 event-not-found"),
    ];
    for (caller, path, want) in cases {
        assert_eq!(caller.call("POST", path).send().await.said(), want);
    }
    let long = cancel_all(&sale, &"k".repeat(256)).send().await;
    assert_eq!(long.said(), "400 validation-failed");
    let shown = sale.callers.partner.get(&sale.reservation(&id)).send().await;
    assert_eq!(shown.json()["status"], "confirmed", "nothing was cancelled");
}

#[tokio::test]
async fn every_reservation_is_cancelled_once_and_the_sale_is_closed() {
    let sale = Sale::of(120).await;
    let (bought, held, gone) = (sale.sell(3).await, sale.hold(2).await, sale.sell(4).await);
    assert_eq!(sale.cancel(&gone).await.said(), "204");
    let others = sale.callers.other.post(&sale.reservations(), &json!({"seats": 5})).send().await;
    let before = sale.callers.partner.get(&sale.reservation(&gone)).send().await;

    let done = cancel_all(&sale, "all").send().await;
    assert_eq!((done.said(), done.header("idempotency-replayed")), ("202".to_owned(), ""));
    let id = done.text_of("cancellationId");
    let want = json!({"cancellationId": id, "eventId": sale.event, "status": "done",
        "cancelledReservations": 3, "cancelledSeats": 10, "remainingReservations": 0});
    assert_eq!(done.json(), want);
    let shown = sale
        .callers
        .organiser
        .resolve(&format!("{}/cancellations", sale.path()), done.header("location"));
    assert_eq!(sale.callers.organiser.get(&shown).send().await.json(), want);

    let again = cancel_all(&sale, "all").send().await;
    assert_eq!((again.json(), again.header("idempotency-replayed")), (want, "true"));
    for id in [&bought, &held, &others.text_of("reservationId")] {
        let shown = sale.callers.organiser.get(&sale.reservation(id)).send().await;
        assert_eq!(shown.json()["status"], "cancelled");
    }
    let after = sale.callers.partner.get(&sale.reservation(&gone)).send().await;
    assert_eq!(after.json(), before.json(), "what had ended stays as it ended");
    assert_eq!(sale.cancel(&bought).await.said(), "404 reservation-not-found");
    assert_eq!(sale.order(1).send().await.said(), "409 sales-closed");
    let summary = sale.summary().await;
    assert_eq!((&summary["availableSeats"], &summary["status"]), (&json!(120), &json!("closed")));
}

#[tokio::test]
async fn a_late_retry_cancels_nothing_that_was_sold_since() {
    let store = SimulatedStore::calm();
    open(&store, "any", 60).await;
    let desk = desk(store);
    assert_eq!(order(1).keyed("first").at(&desk).await.said(), "201");
    let all = || all_of_any().keyed("all");
    assert_eq!(all().at(&desk).await.json()["cancelledReservations"], 1);
    assert_eq!(patch(&desk, &json!({"status": "on_sale"})).await.said(), "200");
    assert_eq!(order(2).keyed("second").at(&desk).await.said(), "201");
    let late = all().at(&desk).await;
    assert_eq!((late.said(), &late.json()["remainingReservations"]), ("202".to_owned(), &json!(1)));
    assert_eq!(summary(&desk).await["reservedSeats"], 2);
    let other = all_of_any().keyed("another").at(&desk).await;
    assert_eq!(other.json()["cancelledSeats"], 2, "another request cancels them");
}

#[tokio::test]
async fn what_broke_off_is_gone_on_with() {
    let store = SimulatedStore::calm();
    let event = open(&store, "any", 150).await;
    let desk = desk(store.clone());
    for number in 0..30 {
        assert_eq!(order(1).keyed(&format!("{number}")).at(&desk).await.said(), "201");
    }
    // One pool was cancelled, by the same request; then it died.
    let by =
        RequestMark::of_cancel_all(&event.id, &nouns::partner("chief"), &"all".parse().unwrap());
    let pool = store.load_pool(&event, PoolIndex::new(1)).await.unwrap();
    let change = pool.cancel_all(by, nouns::start_of_time()).expect("some stand there");
    assert_eq!(store.commit(&event, &[change]).await.unwrap(), Commit::Applied);
    let done = all_of_any().keyed("all").at(&desk).await.json();
    assert_eq!((&done["cancelledReservations"], &done["status"]), (&json!(30), &json!("done")));
    assert!(store.peek_pools(&event).iter().all(|pool| pool.available() == pool.capacity()));
}

#[tokio::test]
async fn what_was_sold_since_the_sale_was_opened_again_is_left_alone() {
    let store = SimulatedStore::calm();
    let event = open(&store, "any", 150).await;
    let desk = desk(store.clone());
    for number in 0..30 {
        assert_eq!(order(1).keyed(&format!("{number}")).at(&desk).await.said(), "201");
    }
    // All are to be cancelled, and of one pool the sale is open again by now.
    let by =
        RequestMark::of_cancel_all(&event.id, &nouns::partner("chief"), &"all".parse().unwrap());
    let terms = Terms { sale: SaleTerm::Closed, ..Terms::default() };
    let closed = Event { terms, revision: 1, cancelled_by: Some(by), ..event };
    assert_eq!(store.amend(&closed, 0).await.unwrap(), Commit::Applied);
    let opened = Event { terms: Terms::default(), revision: 2, ..closed.clone() };
    for index in closed.pools.indices() {
        let on = if index == PoolIndex::new(1) { &opened } else { &closed };
        assert_eq!(store.impose(on, index).await.unwrap(), Commit::Applied);
    }
    let live_in = |pool: &Pool| pool.reservations().filter(|one| one.is_live()).count();
    let before: Vec<_> = store.peek_pools(&closed).iter().map(live_in).collect();
    let done = all_of_any().keyed("all").at(&desk).await.json();
    let after: Vec<_> = store.peek_pools(&closed).iter().map(live_in).collect();
    assert_eq!(after, [0, before[1], 0]);
    assert!(before[1] > 0 && done["remainingReservations"] == before[1], "{done}");
}

/// Partners order and cancel all the while; whatever they were told, all seats are back in the end.
#[tokio::test]
async fn all_seats_are_back_whatever_partners_do_meanwhile() {
    let table = OwnTable::create().await;
    open(&table.store, "any", 1_000).await;
    let mut partners = JoinSet::new();
    for number in 0..12 {
        let desk = desk(table.store.clone());
        partners.spawn(async move {
            for tried in 0..200 {
                let sold = order(1).keyed(&format!("{number}-{tried}")).at(&desk).await;
                match &*sold.said() {
                    "201" if tried % 3 == 0 => {
                        let id = sold.text_of("reservationId");
                        let path = format!("/events/any/reservations/{id}");
                        let gone = incoming("DELETE", path).at(&desk).await.said();
                        assert!(["204", "404 reservation-not-found"].contains(&&*gone), "{gone}");
                    }
                    "201" | "409 version-conflict" => {}
                    other => {
                        assert_eq!(other, "409 sales-closed");
                        break;
                    }
                }
            }
        });
    }
    let organiser = desk(table.store.clone());
    while summary(&organiser).await["reservedSeats"].as_u64() < Some(60) {}
    let done = all_of_any().keyed("all").at(&organiser).await.json();
    assert_eq!((&done["status"], &done["remainingReservations"]), (&json!("done"), &json!(0)));
    partners.join_all().await;
    let summary = summary(&organiser).await;
    assert_eq!(
        (&summary["availableSeats"], &summary["reservationCount"]),
        (&json!(1_000), &json!(0))
    );
}

/// The organiser's cancellation of all reservations of `any`.
pub(crate) fn all_of_any() -> Incoming {
    incoming("POST", "/events/any/cancellations").from("chief", "organiser").body(&Value::Null)
}
