//! What every store promises of an event's board, and what a board promises of its age.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use shared::board::{Board, Census};
use shared::event::Event;
use shared::pool::Pool;
use shared::store::{Commit, Store};
use tokio::task::JoinSet;

use crate::support::desk::open;
use crate::support::sale::unique;
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
        let census = Census::of(&Pool::open_all(&event));
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
