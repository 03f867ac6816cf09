//! What every store promises of an event's board, and what a board promises of its age.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;
use shared::board::{Board, Census};
use shared::desk::Desk;
use shared::event::Event;
use shared::pool::Pool;
use shared::store::{Commit, Store};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::support::answer::Answer;
use crate::support::desk::{desk, incoming, open};
use crate::support::nouns;
use crate::support::own_table::OwnTable;
use crate::support::sale::unique;
use crate::support::simulated::SimulatedStore;
use crate::support::simulated::weather::{Dice, Weather};
use crate::support::stores::on_every_store;

on_every_store! {
    a_board_comes_back_as_it_was_posted,
    a_late_board_changes_nothing,
    of_many_who_begin_a_round_one_succeeds,
}

async fn a_board_comes_back_as_it_was_posted(store: impl Store) {
    for seats in [1, 500, 100_000] {
        let event = open(&store, &unique("board"), seats).await;
        let new = store.load_board(&event).await.unwrap();
        assert_eq!(new, Board::default(), "nobody has read the pools");
        let begun = begin(&store, &event).await;
        assert!(begun.is_busy());
        let census = Census::of(&Pool::open_all(&event), nouns::start_of_time());
        assert_eq!(census.free.len(), usize::from(event.pools.get()));
        let ended = begun.clone().with_census(census);
        assert_eq!(store.post(&event, &begun, &ended).await.unwrap(), Commit::Applied);
        assert_eq!(store.load_board(&event).await.unwrap(), ended);
        assert!(!ended.is_busy());
    }
}

async fn a_late_board_changes_nothing(store: impl Store) {
    let event = open(&store, &unique("late-board"), 51).await;
    let first = begin(&store, &event).await;
    let second = begin(&store, &event).await;
    let ended =
        |begun: &Board, version| begun.clone().with_census(Census { version, ..Census::default() });
    let late = store.post(&event, &first, &ended(&first, 1)).await.unwrap();
    assert_eq!(late, Commit::Conflict(None), "another round was begun");
    assert_eq!(store.load_board(&event).await.unwrap(), second);

    let done = ended(&second, 2);
    assert_eq!(store.post(&event, &second, &done).await.unwrap(), Commit::Applied);
    let again = store.post(&event, &second, &ended(&second, 3)).await.unwrap();
    assert_eq!(again, Commit::Conflict(None), "a round has one census");
    let stale = store.post(&event, &Board::default(), &first).await.unwrap();
    assert_eq!(stale, Commit::Conflict(None), "a board stands");
    assert_eq!(store.load_board(&event).await.unwrap(), done);
}

async fn of_many_who_begin_a_round_one_succeeds(store: impl Store + Clone + 'static) {
    let event = open(&store, &unique("rounds"), 51).await;
    for begun in 1..=3 {
        let board = store.load_board(&event).await.unwrap();
        let mut beginning = JoinSet::new();
        for _ in 0..20 {
            let (store, event, board) = (store.clone(), event.clone(), board.clone());
            beginning
                .spawn(async move { store.post(&event, &board, &board.with_next_round()).await });
        }
        let done = beginning.join_all().await;
        let applied = done.iter().filter(|done| matches!(done, Ok(Commit::Applied)));
        assert_eq!(applied.count(), 1, "{done:?}");
        assert_eq!(store.load_board(&event).await.unwrap().begun, begun);
    }
}

async fn begin(store: &impl Store, event: &Event) -> Board {
    let board = store.load_board(event).await.unwrap();
    let begun = board.with_next_round();
    assert_eq!(store.post(event, &board, &begun).await.unwrap(), Commit::Applied);
    begun
}

/// What one of several instances does next with the board, which each knows from its last look.
#[derive(Debug, Clone, Copy)]
enum Step {
    Look,
    Begin,
    Read,
    End,
}

/// An instance as far as rounds go: the board it saw, and the round that it has begun, with the
/// moment at which it read the pools.
#[derive(Debug, Clone, Default)]
struct Reader {
    seen: Board,
    begun: Option<Board>,
    read_at: Option<u64>,
}

#[test]
fn a_census_is_younger_than_every_look_that_saw_fewer_rounds_begun() {
    let steps = prop_oneof![Just(Step::Look), Just(Step::Begin), Just(Step::Read), Just(Step::End)];
    let steps = prop::collection::vec((0..4_usize, steps), 1..200);
    let config = Config { failure_persistence: None, cases: 500, ..Config::default() };
    let seen = std::cell::Cell::new(0);
    let outcome = TestRunner::new(config).run(&steps, |steps| {
        // The moment stands where the census counts versions. A post is as the store promises.
        let (mut board, mut looks) = (Board::default(), Vec::new());
        let mut readers = vec![Reader::default(); 4];
        for (moment, (who, step)) in (1_u64..).zip(steps) {
            let reader = &mut readers[who];
            let stands = |expected: &Board, board: &Board| {
                (expected.begun, expected.round) == (board.begun, board.round)
            };
            match step {
                Step::Look => {
                    reader.seen = board.clone();
                    looks.push((moment, board.begun));
                }
                Step::Begin if stands(&reader.seen, &board) => {
                    board = reader.seen.with_next_round();
                    (reader.begun, reader.read_at) = (Some(board.clone()), None);
                }
                Step::Read if reader.begun.is_some() => reader.read_at = Some(moment),
                Step::End => {
                    if let (Some(begun), Some(version)) = (reader.begun.take(), reader.read_at)
                        && stands(&begun, &board)
                    {
                        board = begun.with_census(Census { version, ..Census::default() });
                    }
                }
                Step::Begin | Step::Read => {}
            }
            for (at, _) in looks.iter().filter(|(_, begun)| *begun < board.round) {
                prop_assert!(board.census.version > *at, "{board:?} is older than {at}");
                seen.set(seen.get() + 1);
            }
        }
        Ok(())
    });
    outcome.unwrap();
    assert!(seen.get() > 1_000, "{} looks were compared", seen.get());
}

async fn order(desk: &Desk<impl Store>, event: &Event, seats: u32) -> Answer {
    let path = format!("/events/{}/reservations", event.id);
    incoming("POST", path).body(&json!({ "seats": seats })).at(desk).await
}

async fn free_seats(desk: &Desk<impl Store>, event: &Event) -> u64 {
    let summary = incoming("GET", format!("/events/{}", event.id)).at(desk).await;
    summary.json()["availableSeats"].as_u64().expect("a number")
}

/// An instance that draws ids of its own.
fn instance(store: &SimulatedStore, seed: u64) -> Desk<SimulatedStore> {
    let (event, dice) = ("on-sale".parse().expect("an id"), Dice::new(seed));
    Desk::new(store.clone(), event, nouns::start_of_time, move || dice.bytes())
}

/// An event of 18 pools, too many to be read without telling others; and all its seats are taken.
async fn sold_out(store: &SimulatedStore) -> Event {
    let event = open(store, "on-sale", 900).await;
    let desk = instance(store, 4_711);
    for _ in 0..90 {
        assert_eq!(order(&desk, &event, 10).await.said(), "201");
    }
    event
}

#[tokio::test(start_paused = true)]
async fn whoever_reads_many_pools_tells_all_who_wait() {
    let calm = SimulatedStore::calm();
    let event = Arc::new(sold_out(&calm).await);
    let aws = SimulatedStore { table: calm.table.under(Weather::aws()) };
    let (before, mut asking) = (calm.table.counts(), JoinSet::new());
    for seed in 0..100 {
        let (event, desk) = (Arc::clone(&event), instance(&aws, seed));
        asking.spawn(async move { order(&desk, &event, 1).await.said() });
    }
    for said in asking.join_all().await {
        assert_eq!(said, "409 not-enough-seats");
    }
    let read = calm.table.counts().read_units - before.read_units;
    // Each for itself would read the event, its pool, one or two others, the board and 18 pools.
    assert!(read < 100.0 * 13.0, "{read} units for a hundred instances that know nothing");
}

#[tokio::test(start_paused = true)]
async fn whoever_dies_while_reading_is_not_waited_for_without_end() {
    let store = SimulatedStore::calm();
    let event = sold_out(&store).await;
    let dead = begin(&store, &event).await;
    let (desk, started) = (instance(&store, 1), Instant::now());
    assert_eq!(order(&desk, &event, 1).await.said(), "409 not-enough-seats");
    let waited = started.elapsed();
    assert!(waited > Duration::from_millis(100), "{waited:?}: it may yet live");
    assert!(waited < Duration::from_millis(300), "{waited:?}: it does not");
    let board = store.load_board(&event).await.unwrap();
    assert_eq!((board.begun, board.round), (dead.begun + 1, dead.begun + 1));
    assert_eq!(board.census.sold, 900);
}

#[tokio::test]
async fn a_board_that_cannot_be_read_is_done_without() {
    let table = OwnTable::create().await;
    let event = open(&table.store, "on-sale", 900).await;
    begin(&table.store, &event).await;
    let pk = format!("event#{}", event.id);
    table.set(&pk, "board", "begun", AttributeValue::S("many".to_owned())).await;
    table.store.load_board(&event).await.expect_err("it is corrupt");

    let desk = desk(table.store.clone());
    for left in (0..90).rev() {
        assert_eq!(order(&desk, &event, 10).await.said(), "201");
        if left % 30 == 0 {
            assert_eq!(free_seats(&desk, &event).await, left * 10);
        }
    }
    assert_eq!(order(&desk, &event, 1).await.said(), "409 not-enough-seats");
    table.delete(&pk, "board").await;
    assert_eq!(order(&desk, &event, 1).await.said(), "409 not-enough-seats");
    let board = table.store.load_board(&event).await.unwrap();
    assert_eq!(board.census.sold, 900, "it was made anew");
}
