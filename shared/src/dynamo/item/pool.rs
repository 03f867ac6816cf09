//! Pools as items, with their reservations inside, and the update that writes one step of a pool.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::seal::{SEAL, Seal};
use super::{
    Item, Why, bounded, corrupt, key_of, moment, number, parsed, required, stored, text, whole,
};
use crate::event::PoolIndex;
use crate::mark::RequestMark;
use crate::pool::{Change, Pool};
use crate::reservation::{Cancellation, Reservation, ReservationId};
use crate::store::{Evidence, StoreError};
use crate::text::{EventId, PartnerReference};

pub(in crate::dynamo) const POOL_SORT: &str = "pool";

/// Only a pool that overflowed has it.
const OVERFLOWED: &str = "overflowed";

pub(in crate::dynamo) fn pool_partition(id: &EventId, index: PoolIndex) -> String {
    format!("event#{id}#{}", index.get())
}

pub(in crate::dynamo) fn of_pool(event: &EventId, pool: &Pool) -> Item {
    let mut item = key_of(pool_partition(event, pool.index()), POOL_SORT);
    let entries = pool.reservations().map(|one| (short(&one.id), of_reservation(one)));
    item.extend([
        ("version".to_owned(), number(pool.version())),
        ("capacity".to_owned(), number(pool.capacity())),
        ("available".to_owned(), number(pool.available())),
        ("reservations".to_owned(), AttributeValue::M(entries.collect())),
        (SEAL.to_owned(), number(seal_of(event, pool).value())),
    ]);
    if pool.is_overflowed() {
        item.insert(OVERFLOWED.to_owned(), AttributeValue::Bool(true));
    }
    item
}

pub(in crate::dynamo) fn to_pool(
    event: &EventId,
    index: PoolIndex,
    item: &Item,
) -> Result<Pool, StoreError> {
    let read = || {
        let pool = stored_pool(index, item)?;
        if !pool.adds_up() {
            return Err("its seats do not add up".to_owned());
        }
        seal_of(event, &pool).check(item)?;
        Ok(pool)
    };
    read().map_err(|why| corrupt(&pool_partition(event, index), why))
}

/// The pool that this item is, or was meant to be. A pool whose seats do not add up says more than
/// its broken seal.
pub(in crate::dynamo) fn to_evidence(event: &EventId, index: PoolIndex, item: &Item) -> Evidence {
    let read = || {
        let pool = stored_pool(index, item)?;
        if pool.adds_up() {
            seal_of(event, &pool).check(item)?;
        }
        Ok(pool)
    };
    Evidence(read())
}

fn stored_pool(index: PoolIndex, item: &Item) -> Result<Pool, Why> {
    let entries = required(item, "reservations")?.as_m().map_err(|_| "no map")?;
    let entries = entries.iter().map(|(id, entry)| to_reservation(id, entry));
    let reservations = entries
        .map(|one| one.map(|reservation| (reservation.id, reservation)))
        .collect::<Result<BTreeMap<_, _>, Why>>()?;
    let (capacity, available) = (bounded(item, "capacity")?, bounded(item, "available")?);
    let (version, is_overflowed) = (whole(item, "version")?, item.contains_key(OVERFLOWED));
    Ok(Pool::from_stored(index, version, capacity, available, reservations, is_overflowed))
}

/// The index of the pool that this item is, read from its partition key.
pub(in crate::dynamo) fn pool_index(item: &Item) -> Option<PoolIndex> {
    let partition = item.get("pk")?.as_s().ok()?;
    let (_, index) = partition.rsplit_once('#')?;
    index.parse().ok().map(PoolIndex::new)
}

/// The update that writes the change, on condition that the pool stands where it started from.
pub(in crate::dynamo) fn update_of(event: &EventId, change: &Change) -> UpdateBuilder {
    let after = change.after();
    let mut sets = "SET #v = :next, #c = :capacity, #a = :available, #s = :seal".to_owned();
    let mut update = aws_sdk_dynamodb::types::Update::builder()
        .set_key(Some(key_of(pool_partition(event, after.index()), POOL_SORT)))
        .condition_expression("#v = :expected")
        .expression_attribute_names("#v", "version")
        .expression_attribute_names("#c", "capacity")
        .expression_attribute_names("#a", "available")
        .expression_attribute_names("#s", SEAL)
        .expression_attribute_values(":expected", number(change.expected_version()))
        .expression_attribute_values(":next", number(after.version()))
        .expression_attribute_values(":capacity", number(after.capacity()))
        .expression_attribute_values(":available", number(after.available()))
        .expression_attribute_values(":seal", number(seal_of(event, after).value()));

    if after.is_overflowed() {
        sets.push_str(", #o = :overflowed");
        update = update
            .expression_attribute_names("#o", OVERFLOWED)
            .expression_attribute_values(":overflowed", AttributeValue::Bool(true));
    }
    if change.written().is_some() || !change.dropped().is_empty() {
        update = update.expression_attribute_names("#r", "reservations");
    }
    if let Some(written) = change.written() {
        sets.push_str(", #r.#id = :reservation");
        update = update
            .expression_attribute_names("#id", short(&written.id))
            .expression_attribute_values(":reservation", of_reservation(written));
    }
    for (position, dropped) in change.dropped().iter().enumerate() {
        sets.push_str(if position == 0 { " REMOVE " } else { ", " });
        sets.push_str(&format!("#r.#d{position}"));
        update = update.expression_attribute_names(format!("#d{position}"), short(dropped));
    }
    update.update_expression(sets)
}

fn of_reservation(reservation: &Reservation) -> AttributeValue {
    let mut entry = HashMap::from([
        ("p".to_owned(), text(reservation.partner.as_str())),
        ("s".to_owned(), number(reservation.seats.get())),
        ("c".to_owned(), number(reservation.created_at.as_millisecond())),
        ("v".to_owned(), number(reservation.version)),
    ]);
    if let Some(reference) = &reservation.reference {
        entry.insert("r".to_owned(), text(reference.as_str()));
    }
    if let Some(cancellation) = reservation.cancelled {
        entry.insert("x".to_owned(), number(cancellation.at.as_millisecond()));
        entry.insert("b".to_owned(), number(cancellation.by.get()));
    }
    AttributeValue::M(entry)
}

fn to_reservation(id: &str, entry: &AttributeValue) -> Result<Reservation, Why> {
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
        cancelled,
    })
}

fn seal_of(event: &EventId, pool: &Pool) -> Seal {
    let (index, overflowed) = (pool.index().get(), pool.is_overflowed());
    let mut seal = Seal::of(&[event, &index, &pool.version(), &overflowed]);
    seal = seal.and(&[&pool.capacity(), &pool.available()]);
    for one in pool.reservations() {
        let created = one.created_at.as_millisecond();
        seal =
            seal.and(&[&one.id, &one.partner.as_str(), &one.seats.get(), &created, &one.version]);
        if let Some(reference) = &one.reference {
            seal = seal.and(&[&"r", &reference.as_str()]);
        }
        if let Some(Cancellation { at, by }) = one.cancelled {
            seal = seal.and(&[&"x", &at.as_millisecond(), &by.get()]);
        }
    }
    seal
}

fn short(id: &ReservationId) -> String {
    URL_SAFE_NO_PAD.encode(id.as_bytes())
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a wrong sum fails the test")]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::order::SeatCount;

    /// What DynamoDB says that a value weighs: "Item sizes and formats" in its developer
    /// guide (`CapacityUnitCalculations`), rounded up where that says "approximately".
    #[expect(clippy::wildcard_enum_match_arm, reason = "no other kind is in a pool")]
    fn weight(value: &AttributeValue) -> usize {
        let pair = |(name, value): (&String, &AttributeValue)| name.len() + weight(value) + 1;
        match value {
            AttributeValue::S(text) => text.len(),
            AttributeValue::N(digits) => digits.len().div_ceil(2) + 1,
            AttributeValue::M(members) => 3 + members.iter().map(pair).sum::<usize>(),
            AttributeValue::Bool(_) => 1,
            _ => panic!("{value:?} is in no pool"),
        }
    }

    #[test]
    fn a_pool_weighs_no_more_than_its_bounds_take_it_for() {
        let latest = Timestamp::from_millisecond(253_402_207_200_000).expect("the year 9999");
        let reservation = |number: u8, partner: &str, reference: Option<String>, ended: bool| {
            let by = RequestMark::new(u64::MAX);
            Reservation {
                id: ReservationId::in_pool(PoolIndex::new(0), [number; 32]),
                partner: partner.parse().expect("a partner"),
                seats: SeatCount::try_from(10).expect("10 seats"),
                reference: reference.map(|text| text.parse().expect("a reference")),
                created_at: latest,
                version: u64::MAX,
                cancelled: ended.then_some(Cancellation { at: latest, by }),
            }
        };
        let long = "p".repeat(64);
        let fattest = [
            reservation(1, "p", None, false),
            reservation(2, "p", None, true),
            reservation(3, &long, Some("🎟".repeat(64)), false),
            reservation(4, &long, Some("🎟".repeat(64)), true),
        ];
        for count in 0..=fattest.len() {
            let kept = fattest.iter().take(count).map(|one| (one.id, one.clone())).collect();
            let (index, most) = (PoolIndex::new(u16::MAX), u32::MAX);
            let pool = Pool::from_stored(index, u64::MAX, most, most, kept, true);
            let event = "e".repeat(64).parse().expect("an id");
            let item = of_pool(&event, &pool);
            let stored: usize = item.iter().map(|(name, value)| name.len() + weight(value)).sum();
            assert!(stored <= pool.bytes() + 300, "{count}: {stored} > {}", pool.bytes());
        }
    }
}
