//! The terms of a sale as one binary value, beside the number of the change that made them. An
//! event has them, and each of its pools; one that was never changed has neither.
//!
//! They are put on a pool without reading it, so they are no part of its seal, and have their own.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::seal::Seal;
use super::{Item, Why, number, required, whole};
use crate::terms::{Moment, Sale, Terms};

/// Which change of the event's terms an item has seen last.
pub(in crate::dynamo) const REVISION: &str = "revision";
const TERMS: &str = "terms";

/// Fields are stored in this order, without their names.
#[derive(Serialize, Deserialize)]
struct Packed {
    sale: u8,
    opens_at: Option<i64>,
    closes_at: Option<i64>,
    order_max: Option<u8>,
    seal: u32,
}

/// What the item of this partition has, beside the rest.
pub(super) fn of_terms(
    partition: &str,
    terms: &Terms,
    revision: u64,
) -> Option<[(String, AttributeValue); 2]> {
    (revision > 0).then(|| {
        let packed = AttributeValue::B(Blob::new(pack(partition, terms, revision)));
        [(REVISION.to_owned(), number(revision)), (TERMS.to_owned(), packed)]
    })
}

pub(super) fn to_terms(partition: &str, item: &Item) -> Result<(Terms, u64), Why> {
    if !item.contains_key(REVISION) && !item.contains_key(TERMS) {
        return Ok((Terms::default(), 0));
    }
    let unlike = || format!("`{TERMS}` is not what it should be");
    let revision = whole(item, REVISION)?;
    let packed = required(item, TERMS)?.as_b().map_err(|_| unlike())?;
    let packed: Packed = postcard::from_bytes(packed.as_ref()).map_err(|_| unlike())?;
    let terms = Terms {
        sale: sale_of(packed.sale).ok_or_else(unlike)?,
        opens_at: packed.opens_at.map(moment_of).transpose()?,
        closes_at: packed.closes_at.map(moment_of).transpose()?,
        order_max: match packed.order_max {
            Some(max) => Some(u64::from(max).try_into().map_err(|_| unlike())?),
            None => None,
        },
    };
    if seal_of(partition, &terms, revision).value() != packed.seal {
        return Err(format!("the seal of `{TERMS}` is broken, so it is not as it was written"));
    }
    Ok((terms, revision))
}

/// The update that puts these terms on the item of this partition, on condition that it had earlier
/// ones.
pub(super) fn impose(partition: &str, terms: &Terms, revision: u64) -> UpdateBuilder {
    aws_sdk_dynamodb::types::Update::builder()
        .condition_expression("attribute_exists(pk) AND (attribute_not_exists(#n) OR #n < :n)")
        .update_expression("SET #n = :n, #t = :t")
        .expression_attribute_names("#n", REVISION)
        .expression_attribute_names("#t", TERMS)
        .expression_attribute_values(":n", number(revision))
        .expression_attribute_values(
            ":t",
            AttributeValue::B(Blob::new(pack(partition, terms, revision))),
        )
}

fn pack(partition: &str, terms: &Terms, revision: u64) -> Vec<u8> {
    let milliseconds = |moment: Moment| moment.get().as_millisecond();
    let packed = Packed {
        sale: code_of(terms.sale),
        opens_at: terms.opens_at.map(milliseconds),
        closes_at: terms.closes_at.map(milliseconds),
        order_max: terms.order_max.and_then(|max| u8::try_from(max.get()).ok()),
        seal: seal_of(partition, terms, revision).value(),
    };
    postcard::to_allocvec(&packed).expect("plain numbers are packed")
}

fn seal_of(partition: &str, terms: &Terms, revision: u64) -> Seal {
    let time = |moment: Option<Moment>| moment.map_or_else(String::new, |time| time.to_string());
    let (opens_at, closes_at) = (time(terms.opens_at), time(terms.closes_at));
    let order_max = terms.order_max.map_or(0, |max| max.get());
    let sale = code_of(terms.sale);
    Seal::of(&[&partition, &revision, &sale, &opens_at, &closes_at, &order_max])
}

fn moment_of(milliseconds: i64) -> Result<Moment, Why> {
    let time = Timestamp::from_millisecond(milliseconds).ok();
    time.and_then(|time| time.try_into().ok()).ok_or_else(|| format!("`{TERMS}` has no time"))
}

fn code_of(sale: Sale) -> u8 {
    match sale {
        Sale::OnSale => 0,
        Sale::Paused => 1,
        Sale::Closed => 2,
    }
}

fn sale_of(code: u8) -> Option<Sale> {
    [Sale::OnSale, Sale::Paused, Sale::Closed].into_iter().find(|sale| code_of(*sale) == code)
}
