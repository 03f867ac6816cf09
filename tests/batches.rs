//! Requests that meet at one pool in one process commit together: each with its own answer, and
//! none at another's cost.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use shared::commit::{Home, decide_and_commit};
use shared::desk::Desk;
use shared::event::{Event, PoolIndex};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::support::answer::Answer;
use crate::support::desk::{Incoming, incoming};
use crate::support::nouns;
use crate::support::simulated::SimulatedStore;
use crate::support::simulated::weather::{Dice, Latency, Weather};

/// A process that serves many requests at once, and an event of one pool. A reading takes 3 ms, a
/// write 5.
struct Process {
    desk: Arc<Desk<SimulatedStore>>,
    event: Event,
}

impl Process {
    fn start(weather: Weather) -> Self {
        Self::with_dice(weather, Dice::new(1))
    }

    fn with_dice(weather: Weather, dice: Dice) -> Self {
        let after = |median_ms| Latency { median_ms, spread: 0.0 };
        let weather = Weather { get: after(3.0), update: after(5.0), ..weather };
        let event = nouns::event("on-sale", 50);
        let store = SimulatedStore::under(weather, dice.clone());
        store.put_event(&event);
        let random = move || dice.bytes();
        let desk = Desk::new(store, event.id.clone(), nouns::start_of_time, random);
        Self { desk: Arc::new(desk), event }
    }

    /// Answers all of them at once, in their order.
    async fn at_once(&self, requests: impl IntoIterator<Item = Incoming>) -> Vec<Answer> {
        let mut asking = JoinSet::new();
        for (number, request) in requests.into_iter().enumerate() {
            let desk = Arc::clone(&self.desk);
            asking.spawn(async move { (number, request.at(&desk).await) });
        }
        let mut answers = asking.join_all().await;
        answers.sort_by_key(|(number, _)| *number);
        answers.into_iter().map(|(_, answer)| answer).collect()
    }

    fn writes(&self) -> u64 {
        self.desk.store.table.counts().writes
    }

    async fn free_seats(&self) -> u64 {
        incoming("GET", "/reservations").at(&self.desk).await.json()["availableSeats"]
            .as_u64()
            .expect("a number")
    }
}

fn order(seats: u32) -> Incoming {
    incoming("POST", "/reservations").body(&json!({ "seats": seats }))
}

#[tokio::test(start_paused = true)]
async fn who_meets_at_a_pool_commits_together() {
    let process = Process::start(Weather::calm());
    assert_eq!(process.free_seats().await, 50);
    let before = process.desk.store.table.counts().calls;
    let answers = process.at_once((0..20).map(|_| order(1))).await;
    assert!(answers.iter().all(|answer| answer.status == 201));
    assert_eq!(process.writes(), 2, "the first is at the pool alone, and the others wait for it");
    let calls = process.desk.store.table.counts().calls - before;
    assert_eq!(calls, 3, "what the first wrote, nobody has to read");
    let pool = &process.desk.store.peek_pools(&process.event)[0];
    assert_eq!((pool.version(), pool.available(), pool.reservations().count()), (2, 30, 20));

    let ids: Vec<_> = answers.iter().map(|answer| answer.text_of("reservationId")).collect();
    let cancels = ids.iter().map(|id| incoming("DELETE", format!("/reservations/{id}")));
    let mixed = cancels.chain((0..5).map(|_| order(2)));
    let answers = process.at_once(mixed).await;
    assert!(answers[..20].iter().all(|answer| answer.said() == "204"));
    assert!(answers[20..].iter().all(|answer| answer.said() == "201"));
    assert_eq!((process.writes(), process.free_seats().await), (4, 40));
}

#[tokio::test(start_paused = true)]
async fn nobody_takes_others_along_who_cannot_be_served() {
    let process = Process::start(Weather::calm());
    assert_eq!(order(10).keyed("stands").at(&process.desk).await.said(), "201");
    let nothing = incoming("DELETE", "/reservations/00000000-0000-8000-8000-000000000000");
    // 40 are left: four of these fit, and what was in their way is none of a refusal's business.
    let asked = [
        (order(10), "201"),
        (order(9).keyed("stands"), "422 idempotency-key-reused"),
        (order(10), "201"),
        (nothing, "404 reservation-not-found"),
        (order(10).keyed("twin"), "201"),
        (order(10).keyed("twin"), "201"),
        (order(10).keyed("stands"), "201"),
        (order(9), "201"),
        (order(10), "409 not-enough-seats"),
        (order(0), "400 validation-failed"),
        (order(1), "201"),
    ];
    let answers = process.at_once(asked.iter().map(|(request, _)| request.clone())).await;
    for (number, (answer, (_, want))) in answers.iter().zip(&asked).enumerate() {
        assert_eq!(answer.said(), *want, "request {number}");
    }
    let id = |number: usize| answers[number].text_of("reservationId");
    assert_eq!(id(4), id(5), "one key is one reservation");
    assert_eq!(process.free_seats().await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_panics_takes_nobody_along() {
    let process = Process::start(Weather::calm());
    let (desk, event) = (Arc::clone(&process.desk), process.event.clone());
    let panicking = tokio::spawn(async move {
        // By then all orders have read the event, the first is at the pool, and the others wait.
        sleep(Duration::from_millis(8)).await;
        let home = Home::Fixed(PoolIndex::new(0));
        decide_and_commit(&desk, &event, home, |_, _| panic!("a rule is wrong")).await.is_ok()
    });
    let answers = process.at_once((0..10).map(|_| order(2))).await;
    assert!(answers.iter().all(|answer| answer.status == 201));
    assert!(panicking.await.expect_err("it panicked").is_panic());
    assert_eq!(process.writes(), 2);
    assert_eq!(process.free_seats().await, 30);
}

#[tokio::test(start_paused = true)]
async fn whoever_commits_for_others_may_die_at_any_moment() {
    for millisecond in 0..20 {
        let process = Process::start(Weather::calm());
        let orders = (0..10).map(|number| order(1).keyed(&format!("order-{number}")));
        let mut asking: Vec<_> = orders
            .map(|order| {
                let desk = Arc::clone(&process.desk);
                tokio::spawn(async move { order.at(&desk).await.said() })
            })
            .collect();
        sleep(Duration::from_millis(millisecond)).await;
        let (first, second) = (asking.remove(0), asking.remove(0));
        first.abort();
        second.abort();
        for asked in asking {
            assert_eq!(asked.await.unwrap(), "201", "after {millisecond} ms");
        }
        sleep(Duration::from_millis(20)).await;
        let sold = process.desk.store.peek_pools(&process.event)[0].reservations().count();
        assert!((8..=10).contains(&sold), "{sold} after {millisecond} ms");
        for number in 0..10 {
            let again = order(1).keyed(&format!("order-{number}")).at(&process.desk).await;
            assert_eq!(again.said(), "201");
        }
        assert_eq!(process.free_seats().await, 40, "after {millisecond} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn no_error_is_certain_for_an_order_whose_leader_died_committing_it() {
    let mut unknown = 0;
    for seed in 0..300 {
        let weather = Weather { denied: 0.4, ..Weather::calm() };
        let process = Process::with_dice(weather, Dice::new(seed));
        let mut asking: Vec<_> = (0..3)
            .map(|_| {
                let desk = Arc::clone(&process.desk);
                tokio::spawn(async move { order(1).at(&desk).await.said() })
            })
            .collect();
        // The first has committed alone by now, and the second is committing for both others.
        sleep(Duration::from_millis(12)).await;
        asking.remove(1).abort();
        // A seat for the one that died, and for each that was not told for certain: none.
        let mut sold_at_most = 1;
        for asked in asking {
            let said = asked.await.unwrap();
            unknown += usize::from(said == "503 unavailable");
            sold_at_most += usize::from(said != "500 internal");
        }
        sleep(Duration::from_secs(1)).await;
        let sold = process.desk.store.peek_pools(&process.event)[0].reservations().count();
        assert!(sold <= sold_at_most, "{sold} of at most {sold_at_most}, seed {seed}");
    }
    assert!(unknown > 0, "no error met an order in doubt");
}

#[tokio::test(start_paused = true)]
async fn where_the_answer_of_a_commit_is_lost_each_looks_for_its_own_work() {
    for seed in 0..20 {
        let process = Process::start(Weather { lost_after: 0.3, ..Weather::calm() });
        let keys: Vec<_> = (0..30).map(|number| format!("{seed}-{number}")).collect();
        let answers = process.at_once(keys.iter().map(|key| order(1).keyed(key))).await;
        for (key, answer) in keys.iter().zip(answers) {
            let mut said = answer.said();
            while said.starts_with("503") || said == "409 version-conflict" {
                said = order(1).keyed(key).at(&process.desk).await.said();
            }
            assert_eq!(said, "201", "{key}");
        }
        let pool = &process.desk.store.peek_pools(&process.event)[0];
        assert_eq!((pool.available(), pool.reservations().count()), (20, 30));
    }
}
