//! An event of a test's own on the stack, and those who call for its seats.

use serde_json::{Value, json};
use shared::boot;

use super::answer::Answer;
use super::client::{Call, Client};
use super::stack::{self, Keys};

/// An event on sale. Tests run at the same time on one stack, so each has one of its own.
#[derive(Debug, Clone)]
pub(crate) struct Sale {
    pub(crate) event: String,
    pub(crate) callers: Callers,
}

/// Who may call a stack.
#[derive(Debug, Clone)]
pub(crate) struct Callers {
    /// Without a key.
    pub(crate) nobody: Client,
    /// `abc-corp`.
    pub(crate) partner: Client,
    /// The partner `other`.
    pub(crate) other: Client,
    pub(crate) organiser: Client,
}

impl Callers {
    /// Those of the stack that all tests share.
    pub(crate) fn of_shared_stack() -> Self {
        let (url, keys) = stack::shared();
        Self::of(url, keys)
    }

    /// Those with these keys for this stack.
    pub(crate) fn of(url: &str, keys: &Keys) -> Self {
        let nobody = Client::anonymous(url);
        Self {
            partner: nobody.with_key(&keys.partner),
            other: nobody.with_key(&keys.other),
            organiser: nobody.with_key(&keys.organiser),
            nobody,
        }
    }
}

impl Sale {
    /// Puts an event with so many seats on sale.
    pub(crate) async fn of(seats: u32) -> Self {
        Self::by(Callers::of_shared_stack(), seats).await
    }

    /// Puts an event with so many seats on sale at the stack of these callers.
    pub(crate) async fn by(callers: Callers, seats: u32) -> Self {
        let event = unique("test");
        let body = json!({"eventId": event, "name": "Any Meet-up", "totalSeats": seats});
        let created = callers.organiser.post("/events", &body).send().await;
        assert_eq!(created.said(), "201");
        Self { event, callers }
    }

    /// The path of the event.
    pub(crate) fn path(&self) -> String {
        format!("/events/{}", self.event)
    }

    /// The path of its reservations.
    pub(crate) fn reservations(&self) -> String {
        format!("/events/{}/reservations", self.event)
    }

    /// The path of this reservation.
    pub(crate) fn reservation(&self, id: &str) -> String {
        format!("/events/{}/reservations/{id}", self.event)
    }

    /// An order of the partner's for so many seats.
    pub(crate) fn order(&self, seats: u32) -> Call {
        self.callers.partner.post(&self.reservations(), &json!({ "seats": seats }))
    }

    /// Sells so many seats to the partner, and gives the reservation's id.
    pub(crate) async fn sell(&self, seats: u32) -> String {
        let sold = self.order(seats).send().await;
        assert_eq!(sold.said(), "201");
        sold.text_of("reservationId")
    }

    /// Holds so many seats for the partner, for a minute, and gives the reservation's id.
    pub(crate) async fn hold(&self, seats: u32) -> String {
        let body = json!({"seats": seats, "hold": {"expiresInSeconds": 60}});
        let held = self.callers.partner.post(&self.reservations(), &body).send().await;
        assert_eq!(held.said(), "201");
        assert_eq!(held.json()["status"], "held");
        held.text_of("reservationId")
    }

    /// The partner's cancellation of this reservation.
    pub(crate) async fn cancel(&self, id: &str) -> Answer {
        self.callers.partner.delete(&self.reservation(id)).send().await
    }

    /// The event's numbers, which must add up.
    pub(crate) async fn summary(&self) -> Value {
        let answer = self.callers.partner.get(&self.path()).send().await;
        assert_eq!(answer.said(), "200");
        let summary = answer.json();
        let number = |name: &str| summary[name].as_u64().expect("a number");
        let taken = number("reservedSeats") + number("heldSeats");
        assert_eq!(number("availableSeats") + taken, number("totalSeats"), "{summary}");
        summary
    }

    /// The free seats.
    pub(crate) async fn free_seats(&self) -> u64 {
        self.summary().await["availableSeats"].as_u64().expect("a number")
    }
}

/// A name that no other test, and no other run, has.
pub(crate) fn unique(word: &str) -> String {
    let [first, second, third, fourth, fifth, sixth, ..] = boot::random();
    let random = u64::from_be_bytes([0, 0, first, second, third, fourth, fifth, sixth]);
    format!("{word}-{random:012x}")
}
