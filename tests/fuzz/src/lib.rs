//! Whatever a caller sends, by the million: what libFuzzer makes of the corpus must be answered as
//! the contract says. Each target holds one kind of input against the contract.
//!
//! The suite replays the corpus with the same code: `tests/fuzz_corpus.rs`.

mod body;
mod gateway_event;
mod mutation;
mod rules;
mod words;

/// The parts of the test suite that this stands on.
#[path = "../../support"]
#[expect(dead_code, reason = "the tests need more of it")]
mod support {
    pub(crate) mod answer;
    pub(crate) mod contract;
    pub(crate) mod counter;
    pub(crate) mod desk;
    pub(crate) mod nouns;
    pub(crate) mod requests;
    pub(crate) mod schema;
    pub(crate) mod simulated;
}

/// Panics if these bytes, as an event of the gateway's, are not answered as the contract says.
pub fn check_gateway_event(bytes: &[u8]) {
    gateway_event::check(bytes);
}

/// Panics if these bytes, as the body of an order or a new event, are read wrongly.
pub fn check_body(bytes: &[u8]) {
    body::check(bytes);
}

/// Panics if these bytes, as an id, a key, a token or a header, are read wrongly.
pub fn check_words(bytes: &[u8]) {
    words::check(bytes);
}

/// Changes JSON inside one of its texts, so that it stays JSON; gives its new size.
pub fn mutate_json(data: &mut [u8], size: usize, size_max: usize, seed: u32) -> usize {
    mutation::mutate_json(data, size, size_max, seed)
}
