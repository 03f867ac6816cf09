//! Whether a JSON value is what a schema of openapi.yaml allows: as much of JSON Schema as that
//! file speaks, and an error where it speaks more.

use serde_json::Value;
use shared::reservation::ReservationId;

/// What is wrong with the value, and where; `None` if nothing is. Members that the schema does not
/// name are wrong, too: a partner could not know what they mean.
pub(crate) fn fault(document: &Value, schema: &Value, value: &Value) -> Option<String> {
    if let Some(reference) = schema["$ref"].as_str() {
        return fault(document, referred(document, reference), value);
    }
    let wrong = |why: &str| Some(format!("{value} {why}"));
    let number = |name: &str| schema[name].as_f64();
    match (schema["type"].as_str().unwrap_or_default(), value) {
        ("object", Value::Object(members)) => {
            let required = schema["required"].as_array().into_iter().flatten();
            let mut missing = required.filter(|name| value[name.as_str().unwrap_or("")].is_null());
            if let Some(name) = missing.next() {
                return wrong(&format!("lacks {name}"));
            }
            let properties = schema["properties"].as_object()?;
            members.iter().find_map(|(name, member)| match properties.get(name) {
                Some(schema) => fault(document, schema, member).map(|why| format!("{name}: {why}")),
                None => wrong(&format!("has `{name}`, of which the contract says nothing")),
            })
        }
        ("array", Value::Array(elements)) => {
            elements.iter().find_map(|element| fault(document, &schema["items"], element))
        }
        ("string", Value::String(text)) => {
            let one_of = schema["enum"].as_array();
            if one_of.is_some_and(|one_of| !one_of.contains(value)) {
                return wrong("is none of the words that are listed");
            }
            match schema["format"].as_str() {
                Some("uuid") if text.parse::<ReservationId>().is_err() => {
                    wrong("is no UUID of ours")
                }
                Some("date-time") if text.parse::<jiff::Timestamp>().is_err() => {
                    wrong("is no time")
                }
                _ => None,
            }
        }
        ("integer", Value::Number(count)) => {
            let count = count.as_f64().filter(|count| count.fract() == 0.0);
            let Some(count) = count else { return wrong("is no integer") };
            let too_small = number("minimum").is_some_and(|minimum| count < minimum);
            let too_large = number("maximum").is_some_and(|maximum| count > maximum);
            if too_small || too_large { wrong("is out of bounds") } else { None }
        }
        ("boolean", Value::Bool(_)) => None,
        (expected, _) => wrong(&format!("is no {expected}")),
    }
}

/// What `#/components/...` refers to.
pub(crate) fn referred<'document>(document: &'document Value, reference: &str) -> &'document Value {
    let found = reference.strip_prefix('#').and_then(|pointer| document.pointer(pointer));
    found.unwrap_or_else(|| panic!("{reference} refers to nothing"))
}
