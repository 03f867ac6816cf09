//! `ticketboss audit --repair`: what a backup has half of is mended where the arithmetic proves
//! how, and everything else is left as it is.

use std::process::Output;

use shared::board::Board;
use shared::event::{Event, PoolIndex};
use shared::pool::{Change, Pool};
use shared::repair::{Repair, repair_event};
use shared::reservation::ReservationId;
use shared::store::{Commit, Store};

use crate::store_contract::changes;
use crate::support::desk::{desk, incoming, open};
use crate::support::own_table::OwnTable;
use crate::support::simulated::SimulatedStore;
use crate::support::stack::{binary, without_our_package};
use crate::support::{database, nouns};

/// An order of ten seats in this pool.
fn sale(pool: &Pool, number: u8) -> Vec<Change> {
    let id = ReservationId::in_pool(pool.index(), [number; 32]);
    changes(pool.reserve(&id, &nouns::order("abc-corp", 10), nouns::start_of_time()))
}

/// An order of `seats` in the second pool, all of which come from the first.
fn gather(pools: &[Pool], seats: u32) -> [Change; 2] {
    let id = ReservationId::in_pool(PoolIndex::new(1), [99; 32]);
    let order = nouns::order("abc-corp", seats.into());
    let now = nouns::start_of_time();
    let (sold, _) = pools[1].take(seats, &id, &order, now).expect("the seats have come");
    [sold, pools[0].give(seats, now)]
}

/// Two pools of 50, of which the first has sold this many tens and the second all of its seats, and
/// of a gather of 4 seats only one half.
async fn half_of_a_gather<S: Store>(store: &S, event: &Event, tens: u8, half: usize) {
    let commit = async |changes: &[Change]| {
        assert_eq!(store.commit(event, changes).await.unwrap(), Commit::Applied);
    };
    for (index, tens) in [(0, tens), (1, 5)] {
        for number in 0..tens {
            let pool = store.load_pool(event, PoolIndex::new(index)).await.unwrap();
            commit(&sale(&pool, number + 1)).await;
        }
    }
    let pools = store.load_pools(event).await.unwrap();
    commit(&gather(&pools, 4)[half..=half]).await;
}

#[tokio::test(start_paused = true)]
async fn half_a_gather_is_mended_whichever_half_it_is_and_a_second_repair_finds_nothing() {
    // The half that sold has doubled 4 seats, the half that gave has lost them.
    for (half, put_in) in [(0, -4), (1, 4)] {
        let (store, event) = (SimulatedStore::calm(), nouns::event("halved", 100));
        store.put_event(&event);
        half_of_a_gather(&store, &event, 3, half).await;
        let books = crate::support::books::RacedBooks::new(store, |_, _| Vec::new());
        let mended = repair_event(&books, &event, nouns::start_of_time()).await.unwrap();
        assert_eq!(mended, Repair::Mended(put_in));
        let pools = books.load_pools(&event).await.unwrap();
        assert_eq!(pools.iter().map(Pool::capacity).sum::<u32>(), 100);
        let again = repair_event(&books, &event, nouns::start_of_time()).await.unwrap();
        assert_eq!(again, Repair::Sound);
    }
}

#[tokio::test(start_paused = true)]
async fn seats_that_were_sold_twice_are_left_to_a_person() {
    let (store, event) = (SimulatedStore::calm(), nouns::event("halved", 100));
    store.put_event(&event);
    half_of_a_gather(&store, &event, 4, 0).await;
    // The first pool's other ten are sold as well, the four among them that it had given.
    let first = store.load_pool(&event, PoolIndex::new(0)).await.unwrap();
    assert_eq!(store.commit(&event, &sale(&first, 77)).await.unwrap(), Commit::Applied);
    let before = store.load_pools(&event).await.unwrap();
    let books = crate::support::books::RacedBooks::new(store, |_, _| Vec::new());
    let left = repair_event(&books, &event, nouns::start_of_time()).await.unwrap();
    assert!(matches!(left, Repair::Left(findings) if findings.violations.len() == 1));
    assert_eq!(books.load_pools(&event).await.unwrap(), before);
}

#[tokio::test]
async fn a_restored_table_is_mended_by_hand_and_sells_every_seat_once() {
    let table = OwnTable::create().await;
    for (id, half) in [("doubled", 0), ("lost", 1)] {
        let event = open(&table.store, id, 100).await;
        half_of_a_gather(&table.store, &event, 3, half).await;
        // A board that counts more sales than the backup has.
        table.set(&format!("event#{id}"), "board", "begun", database::number(1)).await;
        assert_ne!(table.store.load_board(&event).await.ok(), Some(Board::default()));
    }
    open(&table.store, "sound", 100).await;
    let audit = |words: &[&str]| -> Output {
        let at = ["--dynamodb-endpoint", database::endpoint(), "--table", &table.name];
        let mut command = std::process::Command::new(binary());
        command.arg("audit").args(words).args(at).env_remove("TABLE_NAME");
        without_our_package(&mut command).output().unwrap()
    };
    assert_eq!(audit(&[]).status.code(), Some(1));
    let mended = audit(&["--repair"]);
    let said = String::from_utf8(mended.stdout).unwrap();
    assert!(mended.status.success(), "{said}");
    let lines: Vec<_> = said.lines().filter(|line| line.contains("mended")).collect();
    let want = [
        format!("{:32} mended: doubled seats taken out: 4", "doubled"),
        format!("{:32} mended: lost seats put in: 4", "lost"),
    ];
    assert_eq!(lines, want);

    // What is left is sold, and not one more.
    let desk = desk(table.store);
    for (id, sold) in [("doubled", 84), ("lost", 80), ("sound", 0)] {
        let orders = format!("/events/{id}/reservations");
        let order = serde_json::json!({"seats": 1});
        for _ in sold..100 {
            let answer = incoming("POST", &orders).body(&order).at(&desk).await;
            assert_eq!(answer.said(), "201", "{id}");
        }
        let refused = incoming("POST", &orders).body(&order).at(&desk).await;
        assert_eq!(refused.said(), "409 not-enough-seats", "{id}");
    }
}
