//! How events, pools and access keys are written as DynamoDB items: the one file that knows the
//! names of keys and attributes.
//!
//! Every write of a pool pays for its whole item, by the KB. So the attributes of a reservation
//! have one letter, its id is 22 letters of base64, and what has its usual value is left out.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;

use crate::access::{Caller, Partner};
use crate::event::{Event, PoolIndex};
use crate::mark::RequestMark;
use crate::pool::{Change, Pool};
use crate::reservation::{Cancellation, Reservation, ReservationId};
use crate::store::{Evidence, StoreError};
use crate::text::EventId;

pub(super) type Item = HashMap<String, AttributeValue>;

/// Why an item is not one that we wrote.
type Why = String;

pub(super) const EVENT_SORT: &str = "event";
pub(super) const POOL_SORT: &str = "pool";
pub(super) const DIRECTORY: &str = "events";
pub(super) const KEY_SORT: &str = "key";
pub(super) const PARTNERS: &str = "partners";

pub(super) fn event_partition(id: &EventId) -> String {
    format!("event#{id}")
}

pub(super) fn pool_partition(id: &EventId, index: PoolIndex) -> String {
    format!("event#{id}#{}", index.get())
}

pub(super) fn key_partition(hash: &str) -> String {
    format!("key#{hash}")
}

pub(super) fn key_of(partition: impl Into<String>, sort: impl Into<String>) -> Item {
    [("pk".to_owned(), text(partition)), ("sk".to_owned(), text(sort))].into()
}

pub(super) fn of_event(event: &Event) -> Item {
    let mut item = key_of(event_partition(&event.id), EVENT_SORT);
    item.extend([
        ("name".to_owned(), text(event.name.as_str())),
        ("total_seats".to_owned(), number(event.total_seats.get())),
        ("pools".to_owned(), number(event.pools.get())),
        ("created_at".to_owned(), number(event.created_at.as_millisecond())),
        ("created_by".to_owned(), number(event.created_by.get())),
    ]);
    item
}

pub(super) fn to_event(id: &EventId, item: &Item) -> Result<Event, StoreError> {
    let read = || {
        Ok(Event {
            id: id.clone(),
            name: parsed(item, "name")?,
            total_seats: bounded(item, "total_seats")?,
            pools: bounded(item, "pools")?,
            created_at: moment(item, "created_at")?,
            created_by: RequestMark::new(whole(item, "created_by")?),
        })
    };
    read().map_err(|why| corrupt(&event_partition(id), why))
}

pub(super) fn of_pool(event: &EventId, pool: &Pool) -> Item {
    let mut item = key_of(pool_partition(event, pool.index()), POOL_SORT);
    let entries = pool.reservations().map(|one| (short(&one.id), of_reservation(one)));
    item.extend([
        ("version".to_owned(), number(pool.version())),
        ("capacity".to_owned(), number(pool.capacity())),
        ("available".to_owned(), number(pool.available())),
        ("reservations".to_owned(), AttributeValue::M(entries.collect())),
    ]);
    item
}

pub(super) fn to_pool(event: &EventId, index: PoolIndex, item: &Item) -> Result<Pool, StoreError> {
    let read = stored_pool(index, item);
    let sound = read.and_then(|pool| {
        if pool.adds_up() { Ok(pool) } else { Err("its seats do not add up".to_owned()) }
    });
    sound.map_err(|why| corrupt(&pool_partition(event, index), why))
}

/// The pool that this item is, or was meant to be.
pub(super) fn to_evidence(index: PoolIndex, item: &Item) -> Evidence {
    Evidence(stored_pool(index, item))
}

fn stored_pool(index: PoolIndex, item: &Item) -> Result<Pool, Why> {
    let entries = required(item, "reservations")?.as_m().map_err(|_| "no map")?;
    let entries = entries.iter().map(|(id, entry)| to_reservation(id, entry));
    let reservations = entries
        .map(|one| one.map(|reservation| (reservation.id, reservation)))
        .collect::<Result<BTreeMap<_, _>, Why>>()?;
    let (capacity, available) = (bounded(item, "capacity")?, bounded(item, "available")?);
    Ok(Pool::from_stored(index, whole(item, "version")?, capacity, available, reservations))
}

/// What an item is called in its partition: the directory lists events by it.
pub(super) fn sort_key(item: &Item) -> Option<String> {
    item.get("sk")?.as_s().ok().cloned()
}

/// The index of the pool that this item is, read from its partition key.
pub(super) fn pool_index(item: &Item) -> Option<PoolIndex> {
    let partition = item.get("pk")?.as_s().ok()?;
    let (_, index) = partition.rsplit_once('#')?;
    index.parse().ok().map(PoolIndex::new)
}

/// The update that writes the change, on condition that the pool stands where it started from.
pub(super) fn update_of(event: &EventId, change: &Change) -> UpdateBuilder {
    let after = change.after();
    let mut sets = "SET #v = :next, #c = :capacity, #a = :available".to_owned();
    let mut update = aws_sdk_dynamodb::types::Update::builder()
        .set_key(Some(key_of(pool_partition(event, after.index()), POOL_SORT)))
        .condition_expression("#v = :expected")
        .expression_attribute_names("#v", "version")
        .expression_attribute_names("#c", "capacity")
        .expression_attribute_names("#a", "available")
        .expression_attribute_values(":expected", number(change.expected_version()))
        .expression_attribute_values(":next", number(after.version()))
        .expression_attribute_values(":capacity", number(after.capacity()))
        .expression_attribute_values(":available", number(after.available()));

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

pub(super) fn of_key(hash: &str, holder: &Caller, now: Timestamp) -> Item {
    let mut item = key_of(key_partition(hash), KEY_SORT);
    item.extend([
        ("partner".to_owned(), text(holder.id.as_str())),
        ("role".to_owned(), text(holder.role.as_str())),
        ("created_at".to_owned(), number(now.as_millisecond())),
    ]);
    item
}

pub(super) fn to_caller(partition: &str, item: &Item) -> Result<Caller, StoreError> {
    let read = || Ok(Caller { id: parsed(item, "partner")?, role: parsed(item, "role")? });
    read().map_err(|why| corrupt(partition, why))
}

pub(super) fn to_partner(item: &Item) -> Result<Partner, StoreError> {
    let read = || {
        Ok(Partner {
            id: parsed(item, "sk")?,
            role: parsed(item, "role")?,
            keys: key_hashes(item).len(),
            created_at: moment(item, "created_at")?,
        })
    };
    read().map_err(|why| corrupt(PARTNERS, why))
}

/// The hashes of the keys that a partner's item lists: none once it is revoked.
pub(super) fn key_hashes(item: &Item) -> Vec<String> {
    item.get("keys").and_then(|keys| keys.as_ss().ok()).cloned().unwrap_or_default()
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
    Ok(Reservation {
        id: bytes
            .and_then(ReservationId::from_bytes)
            .ok_or_else(|| format!("{id} is no reservation id"))?,
        partner: parsed(entry, "p")?,
        seats: bounded(entry, "s")?,
        reference: entry.contains_key("r").then(|| parsed(entry, "r")).transpose()?,
        created_at: moment(entry, "c")?,
        version: whole(entry, "v")?,
        cancelled,
    })
}

fn short(id: &ReservationId) -> String {
    URL_SAFE_NO_PAD.encode(id.as_bytes())
}

pub(super) fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

pub(super) fn number(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

fn corrupt(what: &str, why: Why) -> StoreError {
    StoreError::Corrupt { what: what.to_owned(), why }
}

fn required<'item>(item: &'item Item, name: &str) -> Result<&'item AttributeValue, Why> {
    item.get(name).ok_or_else(|| format!("`{name}` is missing"))
}

fn parsed<T: std::str::FromStr>(item: &Item, name: &str) -> Result<T, Why> {
    let value = required(item, name)?.as_s().ok().and_then(|value| value.parse().ok());
    value.ok_or_else(|| format!("`{name}` is not what it should be"))
}

fn whole(item: &Item, name: &str) -> Result<u64, Why> {
    let value = required(item, name)?.as_n().ok().and_then(|value| value.parse().ok());
    value.ok_or_else(|| format!("`{name}` is no whole number"))
}

fn bounded<T: TryFrom<u64>>(item: &Item, name: &str) -> Result<T, Why> {
    whole(item, name)?.try_into().map_err(|_| format!("`{name}` is out of bounds"))
}

fn moment(item: &Item, name: &str) -> Result<Timestamp, Why> {
    let milliseconds = i64::try_from(whole(item, name)?).ok();
    milliseconds
        .and_then(|milliseconds| Timestamp::from_millisecond(milliseconds).ok())
        .ok_or_else(|| format!("`{name}` is no time"))
}
