//! Promise 3 in process: a refusal is true, whatever its instance remembers from an earlier look.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use shared::config::DEFAULT_EVENT_ID;
use shared::desk::Desk;
use shared::event::Event;
use shared::reservation::ReservationId;

use crate::support::answer::Answer;
use crate::support::desk::{incoming, open};
use crate::support::nouns;
use crate::support::simulated::SimulatedStore;
use crate::support::simulated::weather::Dice;

/// Two instances that sell one event of 26 and 25 seats, and the time that both go by.
struct Instances {
    first: Desk<SimulatedStore>,
    second: Desk<SimulatedStore>,
    event: Event,
    now: Arc<Mutex<Timestamp>>,
}

impl Instances {
    async fn start() -> Self {
        let store = SimulatedStore::calm();
        let now = Arc::new(Mutex::new(nouns::start_of_time()));
        let desk = |seed| {
            let (now, dice) = (Arc::clone(&now), Dice::new(seed));
            let event = DEFAULT_EVENT_ID.parse().unwrap();
            Desk::new(store.clone(), event, move || *now.lock().unwrap(), move || dice.bytes())
        };
        let event = open(&store, DEFAULT_EVENT_ID, 51).await;
        Self { first: desk(1), second: desk(2), event, now }
    }

    async fn pass(&self, hours: u32) {
        *self.now.lock().unwrap() += SignedDuration::from_hours(hours.into());
        tokio::time::advance(Duration::from_secs(3_600) * hours).await;
    }

    /// An order at this instance whose home is this pool.
    async fn order(&self, desk: &Desk<SimulatedStore>, pool: u16, seats: u32) -> Answer {
        static TURN: Mutex<u32> = Mutex::new(0);
        let mut keys = std::iter::repeat_with(|| {
            let mut turn = TURN.lock().unwrap();
            *turn += 1;
            format!("key-{turn}")
        });
        let home_of = |key: &String| {
            let key = key.parse().unwrap();
            ReservationId::of_key(&self.event, &nouns::partner("abc-corp"), &key).pool().get()
        };
        let key = keys.find(|key| home_of(key) == pool).unwrap();
        let order = incoming("POST", "/reservations").body(&json!({ "seats": seats }));
        order.keyed(&key).at(desk).await
    }
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_looked_long_ago_refuses_only_what_is_not_there_now() {
    for hours in [0, 1, 23, 25, 1_000] {
        let instances = Instances::start().await;
        let Instances { first, second, .. } = &instances;
        let mut last = None;
        for (pool, seats) in [(0, 10), (0, 10), (0, 6), (1, 10), (1, 5), (1, 10)] {
            let sold = instances.order(first, pool, seats).await;
            assert_eq!(sold.said(), "201");
            last = Some(sold.text_of("reservationId"));
        }
        assert_eq!(instances.order(first, 0, 1).await.said(), "409 not-enough-seats");

        let path = format!("/reservations/{}", last.unwrap());
        assert_eq!(incoming("DELETE", path).at(second).await.said(), "204");
        instances.pass(hours).await;
        assert_eq!(instances.order(second, 1, 1).await.said(), "201");
        let order = instances.order(first, 0, 9).await;
        assert_eq!(order.said(), "201", "9 seats are free, {hours} hours after the last look");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_says_how_many_seats_are_left_now() {
    let instances = Instances::start().await;
    let Instances { first, second, .. } = &instances;
    let mut left = 51;
    for (pool, seats) in [(0, 10), (1, 10), (0, 10), (1, 10), (0, 4)] {
        assert_eq!(instances.order(first, pool, seats).await.said(), "201");
        left -= seats;
    }
    for (desk, seats) in [(first, 1), (second, 1), (second, 2), (first, 1)] {
        let refused = instances.order(first, 1, 10).await;
        assert_eq!(refused.said(), "409 not-enough-seats");
        assert_eq!(refused.json()["availableSeats"], left);
        assert_eq!(instances.order(desk, 0, seats).await.said(), "201");
        left -= seats;
    }
}

#[tokio::test(start_paused = true)]
async fn what_may_just_have_been_enough_is_looked_at_again() {
    let instances = Instances::start().await;
    let Instances { first, second, .. } = &instances;
    for (pool, seats) in [(0, 10), (1, 10), (0, 10), (1, 10), (0, 4), (1, 4)] {
        assert_eq!(instances.order(first, pool, seats).await.said(), "201");
    }
    assert_eq!(instances.order(first, 0, 10).await.said(), "409 not-enough-seats");
    assert_eq!(instances.order(second, 1, 1).await.said(), "201");

    // 3 were left when this instance looked, and 2 are: no proof that there were never 3.
    let before = first.store.table.counts().calls;
    assert_eq!(instances.order(first, 0, 3).await.said(), "409 not-enough-seats");
    let calls = first.store.table.counts().calls - before;
    assert_eq!(calls, 4, "the home pool, the board, and all pools twice");
}

#[tokio::test(start_paused = true)]
async fn an_order_without_a_key_goes_where_its_instance_saw_seats() {
    let instances = Instances::start().await;
    let Instances { first, second, event, .. } = &instances;
    let mut last = None;
    for seats in [10, 10, 6] {
        let sold = instances.order(first, 0, seats).await;
        assert_eq!(sold.said(), "201");
        last = Some(sold.text_of("reservationId"));
    }
    let pools_of_thirty_orders = |desk: &Desk<SimulatedStore>| -> BTreeSet<u16> {
        let seats = 5.try_into().unwrap();
        (0..30).map(|_| desk.draw_id(event, seats).pool().get()).collect()
    };
    assert_eq!(pools_of_thirty_orders(first), BTreeSet::from([1]), "it sold the other out");
    assert_eq!(pools_of_thirty_orders(second), BTreeSet::from([0, 1]), "it never looked");
    let path = format!("/reservations/{}", last.unwrap());
    assert_eq!(incoming("DELETE", path).at(first).await.said(), "204");
    assert_eq!(pools_of_thirty_orders(first), BTreeSet::from([0, 1]), "it took seats back");
}

#[tokio::test(start_paused = true)]
async fn a_crowd_at_a_sold_out_event_is_refused_without_reading_it_each_time() {
    let instances = Instances::start().await;
    let Instances { first, second, .. } = &instances;
    let mut last = None;
    for (pool, seats) in [(0, 10), (0, 10), (0, 6), (1, 10), (1, 10), (1, 5)] {
        let sold = instances.order(second, pool, seats).await;
        assert_eq!(sold.said(), "201");
        last = Some(sold.text_of("reservationId"));
    }
    let pools = f64::from(instances.event.pools.get());
    let read_units = || first.store.table.counts().read_units;
    let (before, crowd) = (read_units(), 200);
    for _ in 0..crowd {
        assert_eq!(instances.order(first, 0, 1).await.said(), "409 not-enough-seats");
    }
    // The event, the home pool of each order, the board and all pools for each proof; and the first
    // order looks for seats where nobody has looked yet.
    assert_eq!(read_units() - before, 1.0 + f64::from(crowd) + 8.0 * (1.0 + pools) + pools);

    let path = format!("/reservations/{}", last.unwrap());
    assert_eq!(incoming("DELETE", path).at(second).await.said(), "204");
    assert_eq!(
        instances.order(first, 0, 5).await.said(),
        "409 not-enough-seats",
        "of a moment ago"
    );
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(instances.order(first, 0, 5).await.said(), "201", "a second later");
}
