//! Any bytes as the body of an order or a new event.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ticketboss_fuzz::check_body(bytes));
