//! Mutation that knows JSON: most bytes of an event are its braces and names, and an event that is
//! no JSON any more reaches no parser of ours.

use libfuzzer_sys::fuzzer_mutate;
use serde_json::Value;

/// By how many bytes a text may grow at once.
const GROWTH_MAX: usize = 64;

pub(crate) fn mutate_json(data: &mut [u8], size: usize, size_max: usize, seed: u32) -> usize {
    let [choice, high, low, _] = seed.to_be_bytes();
    // Now and then as libFuzzer does it: that changes names and numbers, and copies parts.
    if choice >= 64
        && let Some(mutated) = mutate_text(&data[..size], u16::from_be_bytes([high, low]))
        && mutated.len() <= size_max
    {
        data[..mutated.len()].copy_from_slice(&mutated);
        return mutated.len();
    }
    fuzzer_mutate(data, size, size_max)
}

/// The document with one of its texts mutated, if it is a document that has any.
fn mutate_text(document: &[u8], choice: u16) -> Option<Vec<u8>> {
    let mut document: Value = serde_json::from_slice(document).ok()?;
    let mut texts = Vec::new();
    list_texts(&mut document, &mut texts);
    let chosen = usize::from(choice).checked_rem(texts.len())?;
    let text = texts.swap_remove(chosen);

    let mut bytes = std::mem::take(text).into_bytes();
    let size = bytes.len();
    bytes.resize(size + GROWTH_MAX, 0);
    let size_max = bytes.len();
    let size = fuzzer_mutate(&mut bytes, size, size_max);
    *text = String::from_utf8_lossy(&bytes[..size]).into_owned();
    Some(document.to_string().into_bytes())
}

fn list_texts<'document>(value: &'document mut Value, texts: &mut Vec<&'document mut String>) {
    match value {
        Value::String(text) => texts.push(text),
        Value::Array(elements) => elements.iter_mut().for_each(|one| list_texts(one, texts)),
        Value::Object(members) => members.values_mut().for_each(|one| list_texts(one, texts)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
