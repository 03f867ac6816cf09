//! The nouns of TicketBoss, made of plain words: what a test would else parse itself.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use jiff::Timestamp;
use shared::event::{Event, PoolCount, TotalSeats};
use shared::mark::RequestMark;
use shared::order::Order;
use shared::terms::Terms;
use shared::text::PartnerId;

/// A time to start from: any will do, as long as it is the same in every run.
pub(crate) fn start_of_time() -> Timestamp {
    "2026-11-23T10:15:30.123Z".parse().expect("a time")
}

/// An event as an organiser creates it, by a request of its own.
pub(crate) fn event(id: &str, seats: u64) -> Event {
    let total_seats = TotalSeats::try_from(seats).expect("1 to 100,000 seats");
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    Event {
        id: id.parse().expect("an event id"),
        name: "Any Meet-up".parse().expect("a name"),
        total_seats,
        pools: PoolCount::of(total_seats),
        ends_at: None,
        terms: Terms::default(),
        revision: 0,
        is_changing: false,
        cancelled_by: None,
        created_at: start_of_time(),
        created_by: RequestMark::new(hasher.finish()),
    }
}

/// A partner's id.
pub(crate) fn partner(id: &str) -> PartnerId {
    id.parse().expect("a partner id")
}

/// An order of this partner's.
pub(crate) fn order(partner_id: &str, seats: u64) -> Order {
    let seats = seats.try_into().expect("1 to 10 seats");
    Order { partner: partner(partner_id), seats, reference: None, hold: None }
}
