//! The summary of an event: how many seats it has, and how many are left.

use serde::Serialize;

use crate::board::Census;
use crate::event::Event;

/// An event's numbers, added up over its pools, as the contract shows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Names the event.
    pub event_id: String,
    /// What it is called.
    pub name: String,
    /// When it is over, as text, if its organiser has said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<String>,
    /// All seats, free or taken.
    pub total_seats: u32,
    /// The free seats.
    pub available_seats: u32,
    /// The live reservations.
    pub reservation_count: u64,
    /// Grows with every commit: the sum of the pools' versions.
    pub version: u64,
    /// The seats of confirmed reservations.
    pub reserved_seats: u32,
    /// The seats of held reservations.
    pub held_seats: u32,
    /// `on_sale`, or `sold_out` when no seat is free.
    pub status: &'static str,
}

impl Summary {
    /// The summary of an event whose pools were counted like this.
    ///
    /// They are not read at one moment, and free seats move meanwhile: counted where they were
    /// and where they are, they would be more than there are. Reservations never move, so they are
    /// what is counted.
    pub fn of(event: &Event, census: &Census) -> Self {
        let total_seats = event.total_seats.get();
        let taken = u32::try_from(census.taken()).unwrap_or(u32::MAX).min(total_seats);
        let held_seats = u32::try_from(census.held).unwrap_or(u32::MAX).min(taken);
        let available_seats = total_seats.saturating_sub(taken);
        Self {
            event_id: event.id.to_string(),
            name: event.name.to_string(),
            ends_at: event.ends_at.map(|ends_at| ends_at.to_string()),
            total_seats,
            available_seats,
            reservation_count: census.reservations,
            version: census.version,
            reserved_seats: taken.saturating_sub(held_seats),
            held_seats,
            status: if available_seats > 0 { "on_sale" } else { "sold_out" },
        }
    }
}
