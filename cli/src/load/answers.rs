//! What an answer says, and whether it may say so: each is held against the contract, and against
//! what was asked.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use shared::text::EventId;

use super::operations::{Request, Standing, What};
use super::stack::Reply;

/// What a request has come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// An order is sold.
    Sold(Standing),
    /// A cancellation has given the seats back.
    Cancelled,
    /// Something was read.
    Read,
    /// The event's numbers were read.
    Summarized(Summary),
    /// An order was refused, and this is how many seats were left, it is said.
    SoldOut { available: u32 },
    /// It was not carried out.
    Refused,
    /// Only the stack can tell.
    Unknown,
}

/// A judgement: the outcome, the answer in a word or two, and what is wrong with it, if anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Judgement {
    pub(crate) outcome: Outcome,
    pub(crate) label: String,
    pub(crate) wrong: Option<String>,
}

/// An event's numbers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Summary {
    event_id: String,
    pub(crate) total_seats: u32,
    pub(crate) available_seats: u32,
    reserved_seats: u32,
    held_seats: u32,
}

impl Summary {
    /// The seats that are not free.
    pub(crate) fn gone(&self) -> u32 {
        self.total_seats.saturating_sub(self.available_seats)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reservation {
    reservation_id: String,
    event_id: String,
    seats: u32,
    status: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Problem {
    code: String,
    requested_seats: Option<u32>,
    available_seats: Option<u32>,
}

/// Judges the first reply to a request about this event.
pub(crate) fn judge(event: &EventId, request: &Request, reply: &Reply) -> Judgement {
    let (status, body) = match reply {
        Reply::Answered { status, body } => (*status, body),
        Reply::TimedOut => return unknown("timed out"),
        Reply::BrokenOff => return unknown("broken off"),
    };
    if status >= 400 {
        return refusal(request, status, body);
    }
    let (outcome, wrong) = match success(event, request, status, body) {
        Ok(outcome) => (outcome, None),
        // It may be carried out all the same.
        Err(wrong) => (Outcome::Unknown, Some(wrong)),
    };
    Judgement { outcome, label: status.to_string(), wrong }
}

fn unknown(label: &str) -> Judgement {
    Judgement { outcome: Outcome::Unknown, label: label.to_owned(), wrong: None }
}

fn success(
    event: &EventId,
    request: &Request,
    status: u16,
    body: &[u8],
) -> Result<Outcome, String> {
    match (&request.what, status) {
        (What::Reserve { seats }, 201) => {
            let found: Reservation = read(body)?;
            let is_right = found.event_id == event.as_str()
                && found.seats == *seats
                && found.status == "confirmed"
                && !found.reservation_id.is_empty();
            let Reservation { reservation_id: id, seats, .. } = found;
            let standing = Standing { id, seats, key: request.key };
            claim(is_right, "the reservation is not the order's").map(|()| Outcome::Sold(standing))
        }
        (What::Cancel(_), 204) => {
            claim(body.is_empty(), "a 204 has a body").map(|()| Outcome::Cancelled)
        }
        (What::Show(standing), 200) => {
            let found: Reservation = read(body)?;
            let is_right = found.reservation_id == standing.id
                && found.event_id == event.as_str()
                && found.seats == standing.seats
                && ["confirmed", "cancelled"].contains(&found.status.as_str());
            claim(is_right, "the reservation is not as it was made").map(|()| Outcome::Read)
        }
        (What::Summarize, 200) => {
            let found: Summary = read(body)?;
            let taken = found.reserved_seats.checked_add(found.held_seats);
            let adds_up = taken.and_then(|taken| taken.checked_add(found.available_seats))
                == Some(found.total_seats);
            claim(found.event_id == event.as_str() && adds_up, "the summary does not add up")
                .map(|()| Outcome::Summarized(found))
        }
        _ => Err("no such status was to be expected".to_owned()),
    }
}

fn refusal(request: &Request, status: u16, body: &[u8]) -> Judgement {
    let Ok(problem) = read::<Problem>(body) else {
        // The gateway of `sam local` words these answers in its own way.
        let wrong = (status < 500).then(|| "it is no problem of the contract's".to_owned());
        return Judgement { outcome: Outcome::Unknown, label: status.to_string(), wrong };
    };
    let label = format!("{status} {}", problem.code);
    let (outcome, wrong) = match (&request.what, status, problem.code.as_str()) {
        (What::Reserve { seats }, 409, "not-enough-seats") => {
            let available = problem.available_seats.filter(|available| available < seats);
            match available.filter(|_| problem.requested_seats == Some(*seats)) {
                Some(available) => (Outcome::SoldOut { available }, None),
                None => (Outcome::Refused, Some("so many seats were asked for and left")),
            }
        }
        (What::Reserve { .. } | What::Cancel(_), 409, "version-conflict")
        | (_, 429, "rate-limited") => (Outcome::Refused, None),
        (_, 500, "internal") => (Outcome::Unknown, Some("something is wrong on their side")),
        (_, 502..=504, "unavailable") => (Outcome::Unknown, None),
        (_, 400..500, _) => (Outcome::Refused, Some("there was no reason to refuse")),
        _ => (Outcome::Unknown, Some("no such status was to be expected")),
    };
    Judgement { outcome, label, wrong: wrong.map(str::to_owned) }
}

fn read<Body: DeserializeOwned>(body: &[u8]) -> Result<Body, String> {
    serde_json::from_slice(body).map_err(|error| format!("its body cannot be read: {error}"))
}

fn claim(is_right: bool, wrong: &str) -> Result<(), String> {
    if is_right { Ok(()) } else { Err(wrong.to_owned()) }
}

/// Wrong answers, counted by what is wrong with them.
#[derive(Debug, Default)]
pub(crate) struct Wrongs(BTreeMap<String, u64>);

impl Wrongs {
    /// A load that goes wrong in ever new ways is not listed in all of them.
    const KINDS_MAX: usize = 20;

    pub(crate) fn add(&mut self, wrong: String) {
        let is_new = !self.0.contains_key(&wrong);
        let has_room = self.0.len() < Self::KINDS_MAX;
        let kind = if is_new && !has_room { "and others".to_owned() } else { wrong };
        let count = self.0.entry(kind).or_default();
        *count = count.saturating_add(1);
    }

    pub(crate) fn by_kind(&self) -> &BTreeMap<String, u64> {
        &self.0
    }
}
