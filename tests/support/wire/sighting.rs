//! Pools as an auditor reads them in the table: by the layout that DynamoDB holds, and by none of
//! our own code that reads it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::Value;
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
    let reservations = item["reservations"]["M"].as_object().expect("a map of reservations");
    let reservations = reservations.iter().map(|(id, entry)| {
        let one = reservation(id, &entry["M"]);
        (one.id, one)
    });
    let seats = |name: &str| u32::try_from(number(&item[name])).expect("few seats");
    Some(Sighting {
        index: index.parse().expect("an index"),
        version: number(&item["version"]),
        capacity: seats("capacity"),
        available: seats("available"),
        reservations: reservations.collect(),
        is_overflowed: item.contains_key("overflowed"),
    })
}

fn reservation(id: &str, entry: &Value) -> Reservation {
    let id = URL_SAFE_NO_PAD.decode(id).expect("an id in base64");
    let id = id.try_into().ok().and_then(ReservationId::from_bytes).expect("a reservation id");
    let reference = entry["r"]["S"].as_str();
    let cancelled = entry["x"].is_object().then(|| Cancellation {
        at: moment(&entry["x"]),
        by: RequestMark::new(number(&entry["b"])),
    });
    Reservation {
        id,
        partner: entry["p"]["S"].as_str().and_then(|id| id.parse().ok()).expect("a partner"),
        seats: number(&entry["s"]).try_into().expect("1 to 10 seats"),
        reference: reference.map(|text| text.parse().expect("a reference")),
        created_at: moment(&entry["c"]),
        version: number(&entry["v"]),
        cancelled,
    }
}

fn number(value: &Value) -> u64 {
    value["N"].as_str().and_then(|digits| digits.parse().ok()).expect("a whole number")
}

fn moment(value: &Value) -> Timestamp {
    let milliseconds = i64::try_from(number(value)).expect("a time");
    Timestamp::from_millisecond(milliseconds).expect("a time")
}
