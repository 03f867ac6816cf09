//! The members of a JSON object as they stand in the text. A name that is there twice is told,
//! where `serde_json` alone takes the last value in silence, and other parsers the first.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// The members of an object, by name.
#[derive(Debug, Default)]
pub(crate) struct Members {
    /// What each was given: the last value, where there are several.
    pub(crate) named: Map<String, Value>,
    /// The names that are there more than once.
    pub(crate) repeated: Vec<String>,
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Collector)
    }
}

struct Collector;

impl<'de> Visitor<'de> for Collector {
    type Value = Members;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let mut members = Members::default();
        while let Some((name, value)) = map.next_entry::<String, Value>()? {
            if members.named.insert(name.clone(), value).is_some()
                && !members.repeated.contains(&name)
            {
                members.repeated.push(name);
            }
        }
        Ok(members)
    }
}
