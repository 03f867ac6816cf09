//! How nouns are written as DynamoDB items: the one room that knows the names of keys and
//! attributes.
//!
//! Every write of a pool pays for its whole item, by the KB. So its reservations are packed into
//! one value, and what has its usual value is left out.

pub(super) mod access;
pub(super) mod board;
pub(super) mod event;
pub(super) mod pool;
mod reservations;
mod seal;
pub(super) mod terms;

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

use crate::store::StoreError;

pub(super) type Item = HashMap<String, AttributeValue>;

/// Why an item is not one that we wrote.
pub(super) type Why = String;

/// The condition of a write that makes an item.
pub(super) const NEW: &str = "attribute_not_exists(pk)";

pub(super) fn key_of(partition: impl Into<String>, sort: impl Into<String>) -> Item {
    [("pk".to_owned(), text(partition)), ("sk".to_owned(), text(sort))].into()
}

pub(super) fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

pub(super) fn number(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

pub(super) fn corrupt(what: &str, why: Why) -> StoreError {
    StoreError::Corrupt { what: what.to_owned(), why }
}

pub(super) fn required<'item>(item: &'item Item, name: &str) -> Result<&'item AttributeValue, Why> {
    item.get(name).ok_or_else(|| format!("`{name}` is missing"))
}

pub(super) fn parsed<T: std::str::FromStr>(item: &Item, name: &str) -> Result<T, Why> {
    let value = required(item, name)?.as_s().ok().and_then(|value| value.parse().ok());
    value.ok_or_else(|| format!("`{name}` is not what it should be"))
}

/// A text that is taken as it was stored.
pub(super) fn stored<T>(
    item: &Item,
    name: &str,
    take: impl Fn(&str) -> Option<T>,
) -> Result<T, Why> {
    let value = required(item, name)?.as_s().ok().and_then(|value| take(value));
    value.ok_or_else(|| format!("`{name}` is not what it should be"))
}

pub(super) fn whole(item: &Item, name: &str) -> Result<u64, Why> {
    let value = required(item, name)?.as_n().ok().and_then(|value| value.parse().ok());
    value.ok_or_else(|| format!("`{name}` is no whole number"))
}

pub(super) fn bounded<T: TryFrom<u64>>(item: &Item, name: &str) -> Result<T, Why> {
    whole(item, name)?.try_into().map_err(|_| format!("`{name}` is out of bounds"))
}

pub(super) fn moment(item: &Item, name: &str) -> Result<Timestamp, Why> {
    let milliseconds = i64::try_from(whole(item, name)?).ok();
    milliseconds
        .and_then(|milliseconds| Timestamp::from_millisecond(milliseconds).ok())
        .ok_or_else(|| format!("`{name}` is no time"))
}
