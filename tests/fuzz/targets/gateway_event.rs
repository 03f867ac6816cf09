//! Any bytes as an event of API Gateway's.
#![no_main]

libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    ticketboss_fuzz::mutate_json(data, size, max_size, seed)
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ticketboss_fuzz::check_gateway_event(bytes));
