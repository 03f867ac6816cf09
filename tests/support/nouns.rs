//! The nouns of TicketBoss, made of plain words: what a test would else parse itself.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use jiff::Timestamp;
use shared::event::{Event, TotalSeats};
use shared::mark::RequestMark;
use shared::order::Order;
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
    let (id, mark) = (id.parse().expect("an event id"), RequestMark::new(hasher.finish()));
    let name = "Any Meet-up".parse().expect("a name");
    Event::new(id, name, total_seats, start_of_time(), mark)
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
