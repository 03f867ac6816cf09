//! The reservations of a pool as one binary value, in postcard's format.
//!
//! Every write of a pool pays for its whole item, by the KB, so a reservation takes some 25 bytes
//! and its reference: its id without the pool's index, each partner written once, times counted
//! from the earliest. Earlier versions wrote a map of maps, of twice the weight; it is read, and
//! the pool's next commit writes it anew.

use std::collections::BTreeMap;
use std::iter;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Item, Why, bounded, moment, parsed, required, stored, whole};
use crate::event::PoolIndex;
use crate::hold::{Hold, HoldState};
use crate::mark::RequestMark;
use crate::order::SeatCount;
use crate::pool::Pool;
use crate::reservation::{Cancellation, Reservation, ReservationId};
use crate::text::PartnerReference;

pub(super) const RESERVATIONS: &str = "reservations";

/// All reservations of a pool. Fields are stored in this order, without their names.
#[derive(Serialize, Deserialize)]
struct Packed<'a> {
    /// The earliest time of all, in milliseconds since 1970.
    since: i64,
    #[serde(borrow)]
    partners: Vec<&'a str>,
    reservations: Vec<PackedReservation<'a>>,
}

#[derive(Serialize, Deserialize)]
struct PackedReservation<'a> {
    /// What follows the pool's index in its id.
    id: [u8; 14],
    /// The position of its partner.
    partner: usize,
    seats: u32,
    /// Milliseconds after `since`.
    created: u64,
    version: u64,
    reference: Option<&'a str>,
    cancelled: Option<PackedCancellation>,
}

/// What was held at first. A list of these follows, and then one of the marks of the orders of what
/// was changed; if both are empty, a pool is stored as before there were such.
#[derive(Serialize, Deserialize)]
struct PackedHold {
    /// The position of its reservation.
    position: usize,
    seconds: u16,
    /// Milliseconds from its order until the end of its hold.
    held: u64,
    state: u8,
}

#[derive(Serialize, Deserialize)]
struct PackedCancellation {
    /// Milliseconds after `since`.
    at: u64,
    by: [u8; 8],
}

pub(super) fn of_reservations(pool: &Pool) -> AttributeValue {
    let times = pool
        .reservations()
        .flat_map(|one| iter::once(one.created_at).chain(one.cancelled.map(|end| end.at)));
    let since = times.map(Timestamp::as_millisecond).min().unwrap_or_default();
    let after = |at: Timestamp| at.as_millisecond().abs_diff(since);

    let mut positions = BTreeMap::new();
    let mut partners = Vec::new();
    let reservations = pool.reservations().map(|one| {
        let partner = *positions.entry(one.partner.as_str()).or_insert_with(|| {
            partners.push(one.partner.as_str());
            partners.len().saturating_sub(1)
        });
        PackedReservation {
            id: one.id.beyond_pool(),
            partner,
            seats: one.seats.get(),
            created: after(one.created_at),
            version: one.version,
            reference: one.reference.as_ref().map(PartnerReference::as_str),
            cancelled: one.cancelled.map(|end| {
                let by = end.by.get().to_be_bytes();
                PackedCancellation { at: after(end.at), by }
            }),
        }
    });
    let reservations = reservations.collect();
    let fits = "memory takes it, and every length is known";
    let mut packed = postcard::to_allocvec(&Packed { since, partners, reservations }).expect(fits);
    let holds: Vec<_> = pool.reservations().enumerate().filter_map(packed_hold).collect();
    let ordered =
        |(position, one): (usize, &Reservation)| Some((position, one.ordered?.get().to_be_bytes()));
    let ordered: Vec<_> = pool.reservations().enumerate().filter_map(ordered).collect();
    if !holds.is_empty() || !ordered.is_empty() {
        packed = postcard::to_extend(&holds, packed).expect(fits);
    }
    if !ordered.is_empty() {
        packed = postcard::to_extend(&ordered, packed).expect(fits);
    }
    AttributeValue::B(Blob::new(packed))
}

fn packed_hold((position, one): (usize, &Reservation)) -> Option<PackedHold> {
    let Hold { time, until, state } = one.hold?;
    let held = until.as_millisecond().abs_diff(one.created_at.as_millisecond());
    Some(PackedHold { position, seconds: time.seconds(), held, state: code_of(state) })
}

/// What stands for a state in the store.
pub(super) fn code_of(state: HoldState) -> u8 {
    match state {
        HoldState::Held => 0,
        HoldState::Confirmed => 1,
        HoldState::Expired => 2,
    }
}

fn to_hold(packed: &PackedHold, created_at: Timestamp) -> Option<Hold> {
    let until = created_at.as_millisecond().checked_add_unsigned(packed.held)?;
    let state = match packed.state {
        0 => HoldState::Held,
        1 => HoldState::Confirmed,
        2 => HoldState::Expired,
        _ => return None,
    };
    let time = u64::from(packed.seconds).try_into().ok()?;
    Some(Hold { time, until: Timestamp::from_millisecond(until).ok()?, state })
}

pub(super) fn to_reservations(
    index: PoolIndex,
    item: &Item,
) -> Result<BTreeMap<ReservationId, Reservation>, Why> {
    let value = required(item, RESERVATIONS)?;
    let reservations = match (value.as_b(), value.as_m()) {
        (Ok(packed), _) => unpacked(index, packed.as_ref()),
        (_, Ok(entries)) => entries.iter().map(|(id, entry)| of_entry(id, entry)).collect(),
        _ => Err(format!("`{RESERVATIONS}` is of another kind")),
    };
    Ok(reservations?.into_iter().map(|one| (one.id, one)).collect())
}

fn unpacked(index: PoolIndex, packed: &[u8]) -> Result<Vec<Reservation>, Why> {
    let (Packed { since, partners, reservations }, rest) = postcard::take_from_bytes(packed)
        .map_err(|error| format!("`{RESERVATIONS}` cannot be read: {error}"))?;
    let (holds, rest): (Vec<PackedHold>, _) = list_after(rest)?;
    let (ordered, rest): (Vec<(usize, [u8; 8])>, _) = list_after(rest)?;
    if !rest.is_empty() {
        return Err(format!("`{RESERVATIONS}` goes on after its end"));
    }
    let impossible = || format!("`{RESERVATIONS}` says what cannot be");
    let time = |after: u64| {
        let milliseconds = since.checked_add_unsigned(after);
        let time = milliseconds.and_then(|at| Timestamp::from_millisecond(at).ok());
        time.ok_or_else(impossible)
    };
    let reference = |text: &str| PartnerReference::stored(text).ok_or_else(impossible);
    let cancellation = |PackedCancellation { at, by }| {
        Ok::<_, Why>(Cancellation { at: time(at)?, by: RequestMark::new(u64::from_be_bytes(by)) })
    };
    let partner =
        |at: usize| partners.get(at).and_then(|id| id.parse().ok()).ok_or_else(impossible);
    let read = |one: PackedReservation<'_>| {
        Ok(Reservation {
            id: ReservationId::of_pool(index, one.id).ok_or_else(impossible)?,
            partner: partner(one.partner)?,
            seats: SeatCount::try_from(u64::from(one.seats)).map_err(|_| impossible())?,
            reference: one.reference.map(reference).transpose()?,
            created_at: time(one.created)?,
            version: one.version,
            ordered: None,
            hold: None,
            cancelled: one.cancelled.map(cancellation).transpose()?,
        })
    };
    let mut reservations = reservations.into_iter().map(read).collect::<Result<Vec<_>, Why>>()?;
    for packed in holds {
        let one = reservations.get_mut(packed.position).filter(|one| one.hold.is_none());
        let one = one.ok_or_else(impossible)?;
        one.hold = Some(to_hold(&packed, one.created_at).ok_or_else(impossible)?);
    }
    for (position, mark) in ordered {
        let one = reservations.get_mut(position).filter(|one| one.ordered.is_none());
        let mark = RequestMark::new(u64::from_be_bytes(mark));
        one.ok_or_else(impossible)?.ordered = Some(mark);
    }
    Ok(reservations)
}

/// The list that these bytes begin with, and what follows it; an empty one where they end.
fn list_after<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<(Vec<T>, &'a [u8]), Why> {
    if bytes.is_empty() {
        return Ok((Vec::new(), bytes));
    }
    postcard::take_from_bytes(bytes)
        .map_err(|error| format!("`{RESERVATIONS}` goes on after its end: {error}"))
}

/// A reservation as earlier versions wrote it: a map whose attributes have one letter, under its
/// id in base64.
fn of_entry(id: &str, entry: &AttributeValue) -> Result<Reservation, Why> {
    let entry = entry.as_m().map_err(|_| format!("{id} is no map"))?;
    let bytes: Option<[u8; 16]> = URL_SAFE_NO_PAD.decode(id).ok().and_then(|id| id.try_into().ok());
    let cancelled = if entry.contains_key("x") {
        let (at, by) = (moment(entry, "x")?, RequestMark::new(whole(entry, "b")?));
        Some(Cancellation { at, by })
    } else {
        None
    };
    let reference = || stored(entry, "r", PartnerReference::stored);
    Ok(Reservation {
        id: bytes
            .and_then(ReservationId::from_bytes)
            .ok_or_else(|| format!("{id} is no reservation id"))?,
        partner: parsed(entry, "p")?,
        seats: bounded(entry, "s")?,
        reference: entry.contains_key("r").then(reference).transpose()?,
        created_at: moment(entry, "c")?,
        version: whole(entry, "v")?,
        ordered: None,
        hold: None,
        cancelled,
    })
}
