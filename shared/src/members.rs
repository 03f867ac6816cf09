//! The members of a JSON object as they stand in the text. A name that is there twice is told,
//! where `serde_json` alone takes the last value in silence, and other parsers the first.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// The members of an object, by name.
#[derive(Debug, Default)]
pub(crate) struct Members {
    /// What each was given: the last value, where there are several. An object is an empty one.
    pub(crate) named: Map<String, Value>,
    /// The members of those that are objects.
    pub(crate) objects: BTreeMap<String, Members>,
    /// The names that are there more than once.
    pub(crate) repeated: Vec<String>,
}

/// The value of a member. What is kept of it until its kind is known keeps repeated names, too.
#[derive(Deserialize)]
#[serde(untagged)]
enum Member {
    Object(Members),
    Other(Value),
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
        while let Some((name, member)) = map.next_entry::<String, Member>()? {
            let value = match member {
                Member::Other(value) => value,
                Member::Object(object) => {
                    members.objects.insert(name.clone(), object);
                    Value::Object(Map::new())
                }
            };
            if members.named.insert(name.clone(), value).is_some()
                && !members.repeated.contains(&name)
            {
                members.repeated.push(name);
            }
        }
        Ok(members)
    }
}
