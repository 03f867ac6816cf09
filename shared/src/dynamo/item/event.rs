//! Events as items: each event, its row in the directory, and which request made or claims it.

use aws_sdk_dynamodb::types::AttributeValue;

use super::seal::{SEAL, Seal};
use super::terms::{of_terms, to_terms};
use super::{Item, Why, bounded, corrupt, key_of, moment, number, parsed, stored, text, whole};
use crate::event::Event;
use crate::mark::RequestMark;
use crate::store::{Listed, StoreError};
use crate::terms::Moment;
use crate::text::{EventId, EventName};

pub(in crate::dynamo) const EVENT_SORT: &str = "event";
pub(in crate::dynamo) const DIRECTORY: &str = "events";

/// When the event is over; left out if it is not said.
const ENDS_AT: &str = "ends_at";

/// Only an event whose last change is still on its way has it.
const CHANGING: &str = "changing";

/// Which request cancelled all reservations of an event last.
const CANCELLED_BY: &str = "cancelled_by";

/// Which request created an event, or claims its id.
pub(in crate::dynamo) const CREATED_BY: &str = "created_by";
/// The condition of a step of a creation that has claimed the event's id.
pub(in crate::dynamo) const CLAIMED: &str = "#by = :by";

/// Which event a request created.
pub(in crate::dynamo) const CREATED_EVENT: &str = "event";
/// The condition of a creation: the same request created no other event.
pub(in crate::dynamo) const NEW_OR_SAME_EVENT: &str = "attribute_not_exists(pk) OR #event = :event";

pub(in crate::dynamo) fn event_partition(id: &EventId) -> String {
    format!("event#{id}")
}

pub(in crate::dynamo) fn of_event(event: &Event) -> Item {
    let mut item = key_of(event_partition(&event.id), EVENT_SORT);
    item.extend([
        ("name".to_owned(), text(event.name.as_str())),
        ("total_seats".to_owned(), number(event.total_seats.get())),
        ("pools".to_owned(), number(event.pools.get())),
        ("created_at".to_owned(), number(event.created_at.as_millisecond())),
        (CREATED_BY.to_owned(), number(event.created_by.get())),
        (SEAL.to_owned(), number(seal_of(event).value())),
    ]);
    item.extend(ends_at(event));
    let partition = event_partition(&event.id);
    item.extend(of_terms(&partition, &event.terms, event.revision).into_iter().flatten());
    if event.is_changing {
        item.insert(CHANGING.to_owned(), AttributeValue::Bool(true));
    }
    if let Some(by) = event.cancelled_by {
        item.insert(CANCELLED_BY.to_owned(), number(by.get()));
    }
    item
}

fn ends_at(event: &Event) -> Option<(String, AttributeValue)> {
    let ends_at = event.ends_at?.get().as_millisecond();
    Some((ENDS_AT.to_owned(), number(ends_at)))
}

/// The event in the directory.
pub(in crate::dynamo) fn of_listed(event: &Event) -> Item {
    let mut item = key_of(DIRECTORY, event.id.as_str());
    item.insert("name".to_owned(), text(event.name.as_str()));
    item.extend(ends_at(event));
    item
}

/// A row of the directory. One that cannot be read is one of an event that does not end.
pub(in crate::dynamo) fn to_listed(item: &Item) -> Option<Listed> {
    let id = item.get("sk")?.as_s().ok().cloned()?;
    Some(Listed { id, ends_at: to_ends_at(item).ok().flatten() })
}

fn to_ends_at(item: &Item) -> Result<Option<Moment>, Why> {
    if !item.contains_key(ENDS_AT) {
        return Ok(None);
    }
    let ends_at = moment(item, ENDS_AT)?.try_into();
    ends_at.map(Some).map_err(|_| format!("`{ENDS_AT}` is no time of an event"))
}

pub(in crate::dynamo) fn claim_key(event: &Event) -> Item {
    key_of(event_partition(&event.id), "claim")
}

pub(in crate::dynamo) fn of_claim(event: &Event) -> Item {
    let mut item = claim_key(event);
    item.insert(CREATED_BY.to_owned(), number(event.created_by.get()));
    item
}

pub(in crate::dynamo) fn creation_key(mark: RequestMark) -> Item {
    key_of(creation_partition(mark), "creation")
}

pub(in crate::dynamo) fn of_creation(event: &Event) -> Item {
    let mut item = creation_key(event.created_by);
    let seal = Seal::of(&[&creation_partition(event.created_by), &event.id]);
    item.insert(CREATED_EVENT.to_owned(), text(event.id.as_str()));
    item.insert(SEAL.to_owned(), number(seal.value()));
    item
}

pub(in crate::dynamo) fn to_created(mark: RequestMark, item: &Item) -> Result<EventId, StoreError> {
    let partition = creation_partition(mark);
    let read = || {
        let event = parsed(item, CREATED_EVENT)?;
        Seal::of(&[&partition, &event]).check(item)?;
        Ok(event)
    };
    read().map_err(|why| corrupt(&partition, why))
}

fn creation_partition(mark: RequestMark) -> String {
    format!("creation#{:016x}", mark.get())
}

pub(in crate::dynamo) fn to_event(id: &EventId, item: &Item) -> Result<Event, StoreError> {
    let read = || {
        let (terms, revision) = to_terms(&event_partition(id), item)?;
        let event = Event {
            id: id.clone(),
            name: stored(item, "name", EventName::stored)?,
            total_seats: bounded(item, "total_seats")?,
            pools: bounded(item, "pools")?,
            ends_at: to_ends_at(item)?,
            terms,
            revision,
            is_changing: item.contains_key(CHANGING),
            cancelled_by: match item.contains_key(CANCELLED_BY) {
                true => Some(RequestMark::new(whole(item, CANCELLED_BY)?)),
                false => None,
            },
            created_at: moment(item, "created_at")?,
            created_by: RequestMark::new(whole(item, CREATED_BY)?),
        };
        seal_of(&event).check(item)?;
        Ok(event)
    };
    read().map_err(|why| corrupt(&event_partition(id), why))
}

fn seal_of(event: &Event) -> Seal {
    let (seats, pools) = (event.total_seats.get(), event.pools.get());
    let (created, by) = (event.created_at.as_millisecond(), event.created_by.get());
    let seal = Seal::of(&[&event.id, &event.name.as_str(), &seats, &pools, &created, &by]);
    let seal = match event.ends_at {
        Some(ends_at) => seal.and(&[&ends_at.get().as_millisecond()]),
        None => seal, // as of events from before they could end
    };
    let seal = match event.revision {
        0 => seal,
        revision => seal.and(&[&"c", &revision, &event.is_changing]),
    };
    match event.cancelled_by {
        Some(by) => seal.and(&[&"x", &by.get()]),
        None => seal,
    }
}
