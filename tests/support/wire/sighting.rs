//! Pools as an auditor reads them in the table: by the layout that DynamoDB holds, and by none of
//! our own code that reads it.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::Value;
use shared::hold::{Hold, HoldState};
use shared::mark::RequestMark;
use shared::reservation::{Cancellation, Reservation, ReservationId};

use super::expression::Item;
use crate::support::simulation::sighting::Sighting;

/// The pool that this item is, if it is a pool.
pub(crate) fn sighting(item: &Item) -> Option<Sighting> {
    let text = |value: &Value| value["S"].as_str().map(str::to_owned);
    if text(item.get("sk")?)? != "pool" {
        return None;
    }
    let partition = text(&item["pk"])?;
    let (_, index) = partition.rsplit_once('#').expect("a pool's key ends in its index");
    let index = index.parse().expect("an index");
    let packed = item["reservations"]["B"].as_str().expect("packed reservations");
    let seats = |name: &str| u32::try_from(number(&item[name])).expect("few seats");
    Some(Sighting {
        index,
        version: number(&item["version"]),
        capacity: seats("capacity"),
        available: seats("available"),
        reservations: unpack(index, packed),
        is_overflowed: item.contains_key("overflowed"),
        revision: item.get("revision").map_or(0, number),
        is_paused: item.get("terms").is_some_and(|terms| {
            let packed = STANDARD.decode(terms["B"].as_str().expect("bytes")).expect("base64");
            packed[0] != 0
        }),
    })
}

/// A partner's position, seats, when it was made, version, reference, and when and by which request
/// it ended; times in milliseconds after the earliest.
type Entry<'a> = ([u8; 14], usize, u32, u64, u64, Option<&'a str>, Option<(u64, [u8; 8])>);

/// The position of a reservation that was held at first, for how many seconds it was to be, for how
/// many milliseconds it was, and whether it is held, confirmed or expired.
type HoldEntry = (usize, u16, u64, u8);

fn unpack(index: u16, packed: &str) -> BTreeMap<ReservationId, Reservation> {
    let packed = STANDARD.decode(packed).expect("base64");
    let (all, rest) = postcard::take_from_bytes(&packed).expect("postcard");
    let (since, partners, entries): (i64, Vec<&str>, Vec<Entry<'_>>) = all;
    let (holds, rest): (Vec<HoldEntry>, _) = match rest {
        [] => (Vec::new(), rest),
        rest => postcard::take_from_bytes(rest).expect("postcard"),
    };
    let ordered: Vec<(usize, [u8; 8])> = match rest {
        [] => Vec::new(),
        rest => postcard::from_bytes(rest).expect("postcard"),
    };
    let moment = |after: u64| {
        let milliseconds = since.checked_add_unsigned(after).expect("a time");
        Timestamp::from_millisecond(milliseconds).expect("a time")
    };
    let read = |(id, partner, seats, created, version, reference, cancelled): Entry<'_>| {
        let mut bytes = [0; 16];
        bytes[..2].copy_from_slice(&index.to_be_bytes());
        bytes[2..].copy_from_slice(&id);
        let id = ReservationId::from_bytes(bytes).expect("a reservation id");
        let ended = |(at, by)| Cancellation {
            at: moment(at),
            by: RequestMark::new(u64::from_be_bytes(by)),
        };
        let reservation = Reservation {
            id,
            partner: partners[partner].parse().expect("a partner"),
            seats: u64::from(seats).try_into().expect("1 to 10 seats"),
            reference: reference.map(|text| text.parse().expect("a reference")),
            created_at: moment(created),
            version,
            ordered: None,
            hold: None,
            cancelled: cancelled.map(ended),
        };
        (id, reservation)
    };
    let mut all: Vec<_> = entries.into_iter().map(read).collect();
    for (position, seconds, held, state) in holds {
        let one = &mut all[position].1;
        let until = one.created_at.as_millisecond() + i64::try_from(held).expect("minutes");
        one.hold = Some(Hold {
            time: u64::from(seconds).try_into().expect("60 to 900"),
            until: Timestamp::from_millisecond(until).expect("a time"),
            state: [HoldState::Held, HoldState::Confirmed, HoldState::Expired][usize::from(state)],
        });
    }
    for (position, mark) in ordered {
        all[position].1.ordered = Some(RequestMark::new(u64::from_be_bytes(mark)));
    }
    all.into_iter().collect()
}

fn number(value: &Value) -> u64 {
    value["N"].as_str().and_then(|digits| digits.parse().ok()).expect("a whole number")
}
