//! Promises 1 and 3 over HTTP: every seat is sold exactly once, and a refusal is true, however
//! many call at once and wherever the free seats are.

use std::time::{Duration, Instant};

use shared::boot;

use crate::support::answer::Answer;
use crate::support::client::{Call, at_once, rush};
use crate::support::sale::{Sale, unique};

/// Sizes of orders that no pattern fits.
fn sizes(count: usize, max: u8) -> Vec<u32> {
    let random = std::iter::repeat_with(boot::random).flatten();
    random.take(count).map(|byte| u32::from(byte % max) + 1).collect()
}

/// The seats that were sold; any other answer must be a refusal for want of seats.
fn seats_sold(answers: &[Answer]) -> u64 {
    let sold = answers.iter().filter_map(|answer| match answer.said().as_str() {
        "201" => answer.json()["seats"].as_u64(),
        "409 not-enough-seats" => None,
        other => panic!("{other}: {answer:?}"),
    });
    sold.sum()
}

/// An order for so many seats, and its cancellation, each with a key of its own.
fn order(sale: &Sale, seats: u32) -> Call {
    sale.order(seats).keyed(&unique("order"))
}

fn cancellation(sale: &Sale, id: &str) -> Call {
    sale.callers.partner.delete(&sale.reservation(id)).keyed(&unique("cancel"))
}

#[tokio::test]
async fn two_hundred_orders_at_once_are_all_sold_while_seats_last() {
    let sale = Sale::of(500).await;
    let sizes: Vec<u32> = (0..200).map(|order| order % 4 + 1).collect();
    let _alone = rush().await;
    let answers = at_once(sizes.iter().map(|seats| sale.order(*seats))).await;
    for (answer, seats) in answers.iter().zip(&sizes) {
        assert_eq!(answer.said(), "201");
        assert_eq!(answer.json()["seats"], *seats);
    }
    let mut ids: Vec<_> = answers.iter().map(|answer| answer.text_of("reservationId")).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 200, "every order has a reservation of its own");

    let summary = sale.summary().await;
    assert_eq!(summary["reservationCount"], 200);
    assert_eq!(summary["reservedSeats"], 500);
    assert_eq!(summary["status"], "sold_out");
}

#[tokio::test]
async fn when_more_is_wanted_at_once_than_there_is_every_seat_is_sold_and_none_twice() {
    let sale = Sale::of(500).await;
    let _alone = rush().await;
    let answers = at_once((0..280).map(|_| order(&sale, 2))).await;
    assert_eq!(seats_sold(&answers), 500);
    assert_eq!(sale.summary().await["reservedSeats"], 500);
}

#[tokio::test]
async fn whoever_is_refused_in_a_rush_asked_for_more_than_was_left() {
    let sale = Sale::of(120).await;
    let sizes = sizes(60, 10);
    let _alone = rush().await;
    let answers = at_once(sizes.iter().map(|seats| order(&sale, *seats))).await;
    let left = 120 - seats_sold(&answers);
    for (answer, seats) in answers.iter().zip(&sizes) {
        if answer.status == 409 {
            let (body, seats) = (answer.json(), u64::from(*seats));
            assert_eq!(body["requestedSeats"], seats);
            assert!(seats > left, "{seats} were refused, and {left} are left after all");
            assert!(body["availableSeats"].as_u64().unwrap() >= left, "{body}");
        }
    }
    assert_eq!(sale.free_seats().await, left);

    let rest = at_once((0..left).map(|_| order(&sale, 1))).await;
    assert_eq!(seats_sold(&rest), left, "what is left is sold to the last seat");
    assert_eq!(sale.order(1).send().await.said(), "409 not-enough-seats");
    assert_eq!(sale.summary().await["status"], "sold_out");
}

#[tokio::test]
async fn orders_of_ten_fit_fifty_times_into_five_hundred_seats_however_they_are_scattered() {
    let sale = Sale::of(500).await;
    let _alone = rush().await;
    let scattered = at_once(sizes(80, 7).into_iter().map(|seats| order(&sale, seats))).await;
    let ids = scattered.iter().map(|answer| answer.text_of("reservationId"));
    let cancels = ids.map(|id| cancellation(&sale, &id));
    for answer in at_once(cancels).await {
        assert_eq!(answer.said(), "204");
    }

    let mut answers = at_once((0..25).map(|_| order(&sale, 10))).await;
    while answers.last().is_some_and(|answer| answer.status == 201) {
        answers.push(sale.order(10).send().await);
    }
    assert_eq!(seats_sold(&answers), 500);
    let refusal = answers.last().unwrap();
    assert_eq!(refusal.said(), "409 not-enough-seats");
    assert_eq!(
        (&refusal.json()["availableSeats"], &refusal.json()["requestedSeats"]),
        (&0.into(), &10.into())
    );
}

#[tokio::test]
async fn no_order_is_refused_while_so_many_seats_are_free() {
    let sale = Sale::of(230).await;
    let mut free = Free::of(230);
    let _alone = rush().await;
    let mut standing = Vec::new();
    for (turn, seats) in sizes(150, 10).into_iter().enumerate() {
        let answer = sale.order(seats).send().await;
        if answer.status == 201 {
            free.change(free.now() - seats);
            standing.push((answer.text_of("reservationId"), seats));
        } else {
            // So many refusals, one after another, are a crowd's: what was just given back may be
            // refused for a second.
            assert_eq!(answer.said(), "409 not-enough-seats", "{seats} of {free:?}");
            assert!(free.fewest_of_a_second() < seats, "{seats} of {free:?}");
            assert!(answer.json()["availableSeats"].as_u64().unwrap() < seats.into());
        }
        if turn % 5 == 4 && !standing.is_empty() {
            let (id, seats) = standing.swap_remove(turn % standing.len());
            assert_eq!(sale.cancel(&id).await.said(), "204");
            free.change(free.now() + seats);
        }
    }
    assert_eq!(sale.free_seats().await, u64::from(free.now()));
}

/// Free seats, each time they changed.
#[derive(Debug)]
struct Free(Vec<(Instant, u32)>);

impl Free {
    fn of(seats: u32) -> Self {
        Self(vec![(Instant::now(), seats)])
    }

    fn change(&mut self, seats: u32) {
        self.0.push((Instant::now(), seats));
    }

    fn now(&self) -> u32 {
        self.0.last().expect("there is always one").1
    }

    /// The fewest at any moment of the last second, and of the half that an answer may have taken.
    fn fewest_of_a_second(&self) -> u32 {
        let old = |at: &Instant| at.elapsed() > Duration::from_millis(1_500);
        let since = self.0.partition_point(|(at, _)| old(at));
        let recent = &self.0[since.saturating_sub(1)..];
        recent.iter().map(|(_, free)| *free).min().expect("there is always one")
    }
}

#[tokio::test]
async fn selling_and_cancelling_at_once_loses_no_seat() {
    let sale = Sale::of(150).await;
    let mut standing = Vec::new();
    let _alone = rush().await;
    for _ in 0..4 {
        let orders = sizes(30, 10).into_iter().map(|seats| order(&sale, seats));
        let cancels = standing.iter().map(|id: &String| cancellation(&sale, id));
        let answers = at_once(orders.chain(cancels)).await;
        let (orders, cancels) = answers.split_at(30);
        assert!(cancels.iter().all(|answer| answer.said() == "204"));
        // On a machine that is busy with more than this, every race may be lost.
        let answers = ["201", "409 not-enough-seats", "409 version-conflict"];
        assert!(orders.iter().all(|answer| answers.contains(&answer.said().as_str())));
        let sold = orders.iter().filter(|answer| answer.status == 201);
        standing = sold.map(|answer| answer.text_of("reservationId")).collect();
        assert_eq!(sale.summary().await["reservationCount"], standing.len());
    }
    for answer in at_once(standing.iter().map(|id| cancellation(&sale, id))).await {
        assert_eq!(answer.said(), "204");
    }
    assert_eq!(sale.free_seats().await, 150);
}
