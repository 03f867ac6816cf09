//! What a test run may be told by its environment: to use another stack, or another DynamoDB, and
//! to write what is derived.

use std::env;

/// The stack to test in place of one of our own, and a key of each caller: `abc-corp`, `other` and
/// an organiser.
pub(crate) struct OtherStack {
    pub(crate) url: String,
    pub(crate) key: String,
    pub(crate) other_key: String,
    pub(crate) organiser_key: String,
}

/// `TICKETBOSS_URL`, and the three keys that go with it.
pub(crate) fn other_stack() -> Option<OtherStack> {
    let needed = |name| read(name).unwrap_or_else(|| panic!("TICKETBOSS_URL needs {name}, too"));
    read("TICKETBOSS_URL").map(|url| OtherStack {
        url: url.trim_end_matches('/').to_owned(),
        key: needed("TICKETBOSS_KEY"),
        other_key: needed("TICKETBOSS_OTHER_KEY"),
        organiser_key: needed("TICKETBOSS_ORGANISER_KEY"),
    })
}

/// `TICKETBOSS_TEST_DYNAMODB`: a DynamoDB to use in place of the embedded one.
pub(crate) fn other_dynamodb() -> Option<String> {
    read("TICKETBOSS_TEST_DYNAMODB")
}

/// `UPDATE`: write files that are made of others, rather than only compare them.
pub(crate) fn writes_derived_files() -> bool {
    read("UPDATE").is_some()
}

#[expect(clippy::disallowed_methods, reason = "a test run is configured here, and nowhere else")]
fn read(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}
