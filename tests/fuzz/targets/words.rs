//! Any bytes as an id, a key, a token or a header.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ticketboss_fuzz::check_words(bytes));
