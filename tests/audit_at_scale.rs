//! The audit of a stack that has had many events: within its time, and for what can still change.

use std::time::Duration;

use audit_seats::audit_seats;
use jiff::{SignedDuration, Timestamp};
use shared::store::Listed;
use shared::terms::Moment;
use tokio::time::Instant;

use crate::support::books::RacedBooks;
use crate::support::desk::open;
use crate::support::simulated::SimulatedStore;
use crate::support::{contract, nouns};

const EVERY: SignedDuration = SignedDuration::from_mins(5);

/// Books of so many events, which end at this time; each reading takes 20 ms.
async fn books(count: usize, ends_at: Option<Timestamp>) -> RacedBooks {
    let store = SimulatedStore::calm();
    let ends_at = ends_at.map(|time| Moment::try_from(time).unwrap());
    let mut listed = Vec::new();
    for number in 0..count {
        let id = format!("event-{number}");
        open(&store, &id, 10).await;
        listed.push(Listed { id, ends_at });
    }
    RacedBooks::slow(store, listed, Duration::from_millis(20))
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_events_take_a_fraction_of_the_time_that_the_audit_has() {
    let books = books(10_000, None).await;
    let started = Instant::now();
    let audited = audit_seats(&books, nouns::start_of_time()).await.unwrap();
    assert_eq!((audited.events, audited.violations), (10_000, 0));
    let function = &contract::yaml("template.yaml")["Resources"]["AuditSeatsFunction"];
    let timeout = function["Properties"]["Timeout"].as_u64().unwrap();
    let taken = started.elapsed().as_secs();
    // One after the other they would take 400 seconds.
    assert!(taken * 4 < timeout, "{taken} s of {timeout} s");
}

#[tokio::test(start_paused = true)]
async fn an_event_that_ended_has_its_turn_about_twice_a_day() {
    let start = nouns::start_of_time();
    let books = books(100, Some(start)).await;
    // For a day after its end it is as any other.
    let next_day = start + SignedDuration::from_hours(24);
    for now in [start - EVERY, start, next_day] {
        assert_eq!(audit_seats(&books, now).await.unwrap().events, 100);
    }
    let mut seen = 0;
    for turn in 1..=288 {
        let audited = audit_seats(&books, next_day + EVERY * turn).await.unwrap();
        assert!(audited.events < 10, "they have their turns at different times");
        seen += audited.events;
    }
    assert_eq!(seen, 200);
}
