//! The summary of an event: how many seats it has, how many are left, and on which terms.

use jiff::Timestamp;
use serde::Serialize;

use crate::board::Census;
use crate::event::Event;
use crate::terms::{Moment, Phase};

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
    /// From when on its seats are sold, if its organiser has said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sales_open_at: Option<String>,
    /// Until when, if its organiser has said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sales_close_at: Option<String>,
    /// How many seats one order may have, if its organiser allows fewer than others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_seats_per_order: Option<u32>,
    /// All seats, free or taken.
    pub total_seats: u32,
    /// The free seats.
    pub available_seats: u32,
    /// The live reservations.
    pub reservation_count: u64,
    /// Grows with every commit: the sum of the pools' versions.
    pub version: u64,
    /// How often its organiser has changed it. Left out if never.
    #[serde(skip_serializing_if = "is_zero")]
    pub revision: u64,
    /// Whether the last change is still on its way. Left out if not.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub changing: bool,
    /// The seats of confirmed reservations.
    pub reserved_seats: u32,
    /// The seats of held reservations.
    pub held_seats: u32,
    /// `on_sale`, or `sold_out` when no seat is free; `scheduled`, `paused` or `closed` when none
    /// can be ordered, free or not.
    pub status: &'static str,
}

impl Summary {
    /// The summary of an event whose pools were counted like this.
    ///
    /// They are not read at one moment, and free seats move meanwhile: counted where they were
    /// and where they are, they would be more than there are. Reservations never move, so they are
    /// what is counted.
    pub fn of(event: &Event, census: &Census, now: Timestamp) -> Self {
        let total_seats = event.total_seats.get();
        let taken = u32::try_from(census.taken()).unwrap_or(u32::MAX).min(total_seats);
        let held_seats = u32::try_from(census.held).unwrap_or(u32::MAX).min(taken);
        let available_seats = total_seats.saturating_sub(taken);
        let text = |moment: Option<Moment>| moment.map(|moment| moment.to_string());
        Self {
            event_id: event.id.to_string(),
            name: event.name.to_string(),
            ends_at: text(event.ends_at),
            sales_open_at: text(event.terms.opens_at),
            sales_close_at: text(event.terms.closes_at),
            max_seats_per_order: event.terms.order_max.map(|max| max.get()),
            total_seats,
            available_seats,
            reservation_count: census.reservations,
            version: census.version,
            revision: event.revision,
            changing: event.is_changing,
            reserved_seats: taken.saturating_sub(held_seats),
            held_seats,
            status: match event.terms.phase(now) {
                Phase::Closed => "closed",
                Phase::Paused => "paused",
                Phase::Scheduled => "scheduled",
                Phase::Open if available_seats > 0 => "on_sale",
                Phase::Open => "sold_out",
            },
        }
    }

    /// What `version` does not tell of it: what its organiser and time have changed.
    pub(crate) fn tag(&self) -> String {
        let number = |letter: &str, number: u64| {
            if number > 0 { format!("{letter}{number}") } else { String::new() }
        };
        let phase = match self.status {
            "scheduled" => "s",
            "closed" => "c",
            _ => "",
        };
        let (revision, held) = (number("r", self.revision), number("h", self.held_seats.into()));
        let changing = if self.changing { "u" } else { "" };
        format!("\"v{}{revision}{changing}{held}{phase}\"", self.version)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks like this")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}
