//! `GET /events`: the events there are, a page at a time.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use shared::board::{Board, Census};
use shared::desk::Desk;
use shared::dynamo::DynamoStore;
use shared::event::Event;
use shared::store::{Commit, Store};

use crate::support::database::{number, text};
use crate::support::desk::{desk, incoming, open};
use crate::support::own_table::OwnTable;
use crate::support::sale::{Callers, Sale};

#[tokio::test]
async fn refuses_what_is_no_page() {
    let Callers { nobody, partner, organiser, .. } = Callers::of_shared_stack();
    let stranger = nobody.with_key("tb_00000000000000000000");
    let cases = [
        (&nobody, "", "401 unauthenticated"),
        (&stranger, "", "403 access-denied"),
        (&partner, "/", "404 route-not-found"),
        (&partner, "?limit=0", "400 validation-failed"),
        (&partner, "?limit=many", "400 validation-failed"),
        (&partner, "?status=on_sale", "400 validation-failed"),
        (&partner, "?cursor=AAAA", "400 validation-failed"),
        (&partner, "?limit=1&limit=1", "400 validation-failed"),
        (&partner, "?limit=1", "200"),
        (&organiser, "?limit=1", "200"),
    ];
    for (caller, query, want) in cases {
        assert_eq!(caller.get(&format!("/events{query}")).send().await.said(), want, "{query}");
    }
}

#[tokio::test]
async fn every_event_is_on_one_page_in_the_order_of_ids() {
    let sale = Sale::of(60).await;
    sale.sell(7).await;
    let (partner, mut path, mut ids) =
        (&sale.callers.partner, "/events?limit=3".to_owned(), vec![]);
    loop {
        let page = partner.get(&path).send().await;
        for event in page.json()["events"].as_array().unwrap() {
            if event["eventId"] == sale.event {
                assert_eq!(*event, sale.summary().await, "it is shown as itself");
            }
            ids.push(event["eventId"].as_str().unwrap().to_owned());
        }
        let Some(next) = page.header("link").strip_suffix(">; rel=\"next\"") else { break };
        path = partner.resolve(&path, next.trim_start_matches('<'));
    }
    assert!(ids.contains(&sale.event));
    assert!(ids.is_sorted() && ids.iter().collect::<BTreeSet<_>>().len() == ids.len(), "{ids:?}");
}

#[tokio::test]
async fn a_cursor_is_of_the_directory_and_as_it_was_given() {
    let desk = desk(OwnTable::create().await.store);
    for id in ["a", "b", "c"] {
        open(&desk.store, id, 1).await;
    }
    let page = page(&desk, "?limit=1").await;
    let cursor = page["nextCursor"].as_str().unwrap();
    assert_eq!(ids(&self::page(&desk, &format!("?cursor={cursor}")).await), ["b", "c"]);
    open(&desk.store, "aa", 1).await;
    let again = self::page(&desk, &format!("?cursor={cursor}")).await;
    assert_eq!(ids(&again), ["b", "c"], "it stays where it is");
    for position in 0..cursor.len() {
        let mut altered = cursor.to_owned().into_bytes();
        altered[position] = if altered[position] == b'A' { b'B' } else { b'A' };
        let path = format!("/events?cursor={}", String::from_utf8(altered).unwrap());
        assert_eq!(incoming("GET", path).at(&desk).await.said(), "400 validation-failed");
    }
}

#[tokio::test]
async fn a_large_event_is_shown_as_its_board_has_it_and_a_small_one_as_it_is() {
    let desk = desk(OwnTable::create().await.store);
    let (large, small) =
        (open(&desk.store, "large", 900).await, open(&desk.store, "small", 800).await);
    for event in [&large, &small] {
        count(&desk, event).await;
        sell(&desk, event).await;
    }
    let page = page(&desk, "").await;
    let free = |position: usize| page["events"][position]["availableSeats"].clone();
    assert_eq!((ids(&page), free(0), free(1)), (vec!["large", "small"], json!(900), json!(795)));
    let alone = incoming("GET", "/events/large").at(&desk).await.json();
    assert_eq!(alone["availableSeats"], 895, "the event itself is counted");
}

#[tokio::test]
async fn what_was_never_counted_is_and_ends_the_page_when_it_is_much() {
    let desk = desk(OwnTable::create().await.store);
    for (id, seats) in [("a", 19_900), ("b", 100), ("c", 20_000), ("d", 50)] {
        sell(&desk, &open(&desk.store, id, seats).await).await;
    }
    // 398 pools and 2 are the most that a page counts.
    let first = page(&desk, "").await;
    assert_eq!(
        (ids(&first), &first["events"][0]["availableSeats"]),
        (vec!["a", "b"], &json!(19_895))
    );
    let next = format!("?cursor={}", first["nextCursor"].as_str().unwrap());
    let second = page(&desk, &next).await;
    assert_eq!((ids(&second), second["nextCursor"].is_string()), (vec!["c"], true));
    // Now a board has the numbers of all large ones.
    let again = page(&desk, "").await;
    assert_eq!((ids(&again), &again["nextCursor"]), (vec!["a", "b", "c", "d"], &Value::Null));
}

#[tokio::test]
async fn an_event_that_is_corrupt_hides_no_other() {
    let table = OwnTable::create().await;
    let desk = desk(table.store.clone());
    for (id, seats) in [("a", 120), ("b", 120), ("c", 120), ("d", 900), ("e", 120)] {
        open(&desk.store, id, seats).await;
    }
    table.set("event#a", "event", "total_seats", number("0")).await;
    table.set("event#c#1", "pool", "version", text("x")).await;
    table.set("event#d", "board", "begun", text("x")).await;
    table.delete("event#e#0", "pool").await;
    assert_eq!(ids(&page(&desk, "").await), ["b", "d"]);
    let first = page(&desk, "?limit=1").await;
    assert_eq!(ids(&first), ["b"], "a page is filled with what can be read");
}

async fn page(desk: &Desk<DynamoStore>, query: &str) -> Value {
    let page = incoming("GET", format!("/events{query}")).at(desk).await;
    assert_eq!(page.said(), "200");
    page.json()
}

fn ids(page: &Value) -> Vec<&str> {
    let events = page["events"].as_array().unwrap();
    events.iter().map(|event| event["eventId"].as_str().unwrap()).collect()
}

/// Five seats of the event are sold.
async fn sell(desk: &Desk<DynamoStore>, event: &Event) {
    let order = incoming("POST", format!("/events/{}/reservations", event.id));
    assert_eq!(order.body(&json!({"seats": 5})).at(desk).await.said(), "201");
}

/// Somebody counts the event for its board.
async fn count(desk: &Desk<DynamoStore>, event: &Event) {
    let begun = Board::default().with_next_round();
    let pools = desk.store.load_pools(event).await.unwrap();
    let counted = begun.clone().with_census(Census::of(&pools, desk.now()));
    for (before, after) in [(&Board::default(), &begun), (&begun, &counted)] {
        assert_eq!(desk.store.post(event, before, after).await.unwrap(), Commit::Applied);
    }
}
