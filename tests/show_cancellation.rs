//! `GET /events/{eventId}/cancellations/{cancellationId}`: how far the cancellation of all
//! reservations has come.

use serde_json::json;
use shared::event::{Event, PoolIndex};
use shared::mark::RequestMark;
use shared::store::{Commit, Store as _};

use crate::amend_event::order;
use crate::cancel_all_reservations::cancel_all;
use crate::support::desk::{desk, incoming, open};
use crate::support::nouns;
use crate::support::sale::Sale;
use crate::support::simulated::SimulatedStore;

#[tokio::test]
async fn refuses_whoever_may_not_and_what_is_not_there() {
    let (sale, elsewhere) = (Sale::of(60).await, Sale::of(60).await);
    let id = cancel_all(&sale, "all").send().await.text_of("cancellationId");
    let at = |sale: &Sale, id: &str| format!("{}/cancellations/{id}", sale.path());
    let here = &*at(&sale, &id);
    let organiser = &sale.callers.organiser;
    let gone = "404 cancellation-not-found";
    let cases = [
        (&sale.callers.nobody, here, "401 unauthenticated"),
        (&sale.callers.partner, here, "403 access-denied"),
        (organiser, &*at(&elsewhere, &id), gone),
        (organiser, &*at(&sale, "0000000000000000"), gone),
        (organiser, &*at(&sale, &id.to_uppercase().replace(char::is_numeric, "A")), gone),
        (organiser, &*at(&sale, "1"), gone),
        (organiser, "/events/no-such-event/cancellations/0000000000000000", "404 event-not-found"),
        (organiser, here, "200"),
    ];
    for (caller, path, want) in cases {
        assert_eq!(caller.get(path).send().await.said(), want, "{path}");
    }
    assert_eq!(cancel_all(&sale, "once more").send().await.said(), "202");
    assert_eq!(organiser.get(here).send().await.said(), gone, "another has followed it");
}

#[tokio::test]
async fn shows_what_is_done_and_what_is_left() {
    let store = SimulatedStore::calm();
    let event = open(&store, "any", 150).await;
    let desk = desk(store.clone());
    for number in 0..30 {
        assert_eq!(order(2).keyed(&format!("{number}")).at(&desk).await.said(), "201");
    }
    let by = RequestMark::new(7);
    let begun = Event { cancelled_by: Some(by), revision: 1, ..event };
    assert_eq!(store.amend(&begun, 0).await.unwrap(), Commit::Applied);
    let (mut done, mut seen) = (0, Vec::new());
    for index in 0..3 {
        let pool = store.load_pool(&begun, PoolIndex::new(index)).await.unwrap();
        done += pool.reservations().count();
        let change = pool.cancel_all(by, nouns::start_of_time()).expect("some stand there");
        assert_eq!(store.commit(&begun, &[change]).await.unwrap(), Commit::Applied);
        let path = format!("/events/any/cancellations/{by}");
        let shown = incoming("GET", path).from("chief", "organiser").at(&desk).await.json();
        assert_eq!(shown["cancelledReservations"], done);
        assert_eq!(shown["cancelledSeats"], 2 * done);
        assert_eq!(shown["remainingReservations"], 30 - done);
        seen.push(shown["status"].clone());
    }
    assert_eq!(seen, [json!("running"), json!("running"), json!("done")]);
}
