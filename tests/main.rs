//! The promises of TicketBoss, each with the test that keeps it: one binary, `cargo test`.

#![cfg(test)]
#![expect(clippy::arithmetic_side_effects, reason = "a wrong sum fails the test")]

mod audit_at_scale;
mod audit_seats;
mod authorize_partner;
mod batches;
mod board;
mod cancel_reservation;
mod check_health;
mod conversation;
mod create_event;
mod creation_steps;
mod credentials;
mod dynamo_calls;
mod dynamo_store;
mod dynamodb_in_trouble;
mod edges;
mod encoding;
mod fail_closed;
mod faults;
mod full_pool;
mod fuzz_corpus;
mod gateway_definition;
mod hostile_input;
mod house_rules;
mod http;
mod imports;
mod linearizability;
mod load;
mod local_stack;
mod log_lines;
mod older_layouts;
mod openapi;
mod partner_keys;
mod pool_bounds;
mod pool_rules;
mod problems;
mod published_contract;
mod refusals;
mod repair;
mod reserve_seats;
mod retries;
mod runtime;
mod selling_out;
mod show_docs;
mod show_reservation;
mod simulation;
mod smoke;
mod store_contract;
mod summarize_event;
mod support;
mod torn_reading;
mod verdicts;
mod wire;
mod writes_in_doubt;
