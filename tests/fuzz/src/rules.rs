//! What the contract says of words and numbers, said a second time and in other ways than the
//! parsers say it: one of both is wrong where they differ.

use serde_json::{Map, Value};
use shared::character::find_unseen;
use shared::terms::Moment;

const LOWER: &str = "abcdefghijklmnopqrstuvwxyz";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const DIGITS: &str = "0123456789";

pub(crate) fn is_event_id(text: &str) -> bool {
    is_made_of(text, 64, &[LOWER, DIGITS, "-"])
}

pub(crate) fn is_partner_id(text: &str) -> bool {
    is_made_of(text, 64, &[LOWER, UPPER, DIGITS, "._-"])
}

pub(crate) fn is_event_name(text: &str) -> bool {
    is_printable(text, 200)
}

pub(crate) fn is_partner_reference(text: &str) -> bool {
    is_printable(text, 64)
}

pub(crate) fn is_idempotency_key(text: &[u8]) -> bool {
    !text.is_empty() && text.len() < 256 && !text.iter().any(|byte| *byte < 32 || *byte > 126)
}

/// A UUID with hyphens, of version 8 and the usual variant.
pub(crate) fn is_reservation_id(text: &str) -> bool {
    let groups: Vec<_> = text.split('-').collect();
    let [first, second, third, fourth, fifth] = groups.as_slice() else { return false };
    let lengths = [first.len(), second.len(), third.len(), fourth.len(), fifth.len()];
    let hexadecimal = groups.iter().all(|group| is_made_of(group, 12, &[DIGITS, "abcdefABCDEF"]));
    lengths == [8, 4, 4, 4, 12]
        && hexadecimal
        && third.starts_with('8')
        && fourth.starts_with(['8', '9', 'a', 'b', 'A', 'B'])
}

pub(crate) fn is_access_token(text: &str) -> bool {
    text.len() >= 23
        && text.starts_with("tb_")
        && is_made_of(text.split_at(3).1, 100, &[LOWER, UPPER, DIGITS])
}

/// Whether an `If-None-Match` names this version. `None` if it is nothing that RFC 9110 knows.
pub(crate) fn names_version(header: &[u8], version: u64) -> Option<bool> {
    let header = header.trim_ascii();
    if header == b"*" {
        return Some(true);
    }
    let mut is_named = false;
    let mut rest = header;
    loop {
        let quoted = rest.strip_prefix(b"W/").unwrap_or(rest).strip_prefix(b"\"")?;
        let end = quoted.iter().position(|byte| *byte == b'"')?;
        let (tag, after) = quoted.split_at(end);
        if tag.iter().any(|byte| *byte < 33 || *byte == 127) {
            return None;
        }
        is_named |= *tag == *format!("v{version}").as_bytes();
        let after = after[1..].trim_ascii_start();
        match after.strip_prefix(b",") {
            Some(next) => rest = next.trim_ascii_start(),
            None => return after.is_empty().then_some(is_named),
        }
    }
}

/// The member as a whole number, in whichever way JSON spells it, if it is one within bounds.
pub(crate) fn whole(object: &Map<String, Value>, name: &str, max: f64) -> Option<u64> {
    let number = object.get(name)?.as_f64()?;
    let is_whole = number == number.trunc() && (1.0..=max).contains(&number);
    is_whole.then(|| format!("{number}").parse().expect("a small whole number"))
}

/// Whether the member is a text of this kind. `None` if it is not there, or null.
pub(crate) fn fits(
    object: &Map<String, Value>,
    name: &str,
    kind: fn(&str) -> bool,
) -> Option<bool> {
    let value = object.get(name).filter(|value| !value.is_null())?;
    Some(value.as_str().is_some_and(kind))
}

/// Whether times and terms of a new event are as the contract has them.
pub(crate) fn are_terms(object: &Map<String, Value>) -> bool {
    let is_there = |name: &str| object.get(name).is_some_and(|value| !value.is_null());
    let time = |name: &str| object.get(name).and_then(Value::as_str)?.parse::<Moment>().ok();
    let opens_at = time("salesOpenAt").zip(time("salesCloseAt"));
    ["endsAt", "salesOpenAt", "salesCloseAt"]
        .iter()
        .all(|name| !is_there(name) || time(name).is_some())
        && opens_at.is_none_or(|(opens_at, closes_at)| opens_at < closes_at)
        && (!is_there("maxSeatsPerOrder") || whole(object, "maxSeatsPerOrder", 10.0).is_some())
        && fits(object, "status", |text| ["on_sale", "paused", "closed"].contains(&text))
            != Some(false)
}

fn is_made_of(text: &str, letters_max: usize, alphabets: &[&str]) -> bool {
    let mut letters = text.chars();
    let is_short = text.len() <= letters_max;
    is_short && !text.is_empty() && letters.all(|one| alphabets.concat().contains(one))
}

fn is_printable(text: &str, letters_max: usize) -> bool {
    (1..=letters_max).contains(&text.chars().count()) && find_unseen(text).is_none()
}

/// Whether the member `hold` is an object that says once how long, and that may be.
pub(crate) fn holds(bytes: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Order {
        hold: Pairs,
    }
    let text = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let Ok(Order { hold: Pairs(pairs) }) = serde_json::from_slice(text) else { return false };
    let times: Map<_, _> = pairs.iter().cloned().collect();
    pairs.iter().filter(|(name, _)| name.eq_ignore_ascii_case("expiresInSeconds")).count() == 1
        && times.len() == pairs.len()
        && whole(&times, "expiresInSeconds", 900.0).is_some_and(|seconds| seconds >= 60)
}

/// The object that these bytes are, if each name is there once, and as it is spelt here.
pub(crate) fn object(bytes: &[u8], names: &[&str]) -> Option<Map<String, Value>> {
    let text = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let pairs: Pairs = serde_json::from_slice(text).ok()?;
    let count = pairs.0.len();
    let object: Map<_, _> = pairs.0.into_iter().collect();
    let lower: Vec<_> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
    let is_spelt = |name: &String| {
        names.contains(&name.as_str()) || !lower.contains(&name.to_ascii_lowercase())
    };
    (object.len() == count && object.keys().all(is_spelt)).then_some(object)
}

/// All members, in order, however often a name comes.
struct Pairs(Vec<(String, Value)>);

impl<'de> serde::Deserialize<'de> for Pairs {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collector;
        impl<'de> serde::de::Visitor<'de> for Collector {
            type Value = Pairs;
            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("an object")
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Collector)
    }
}
