//! What fuzzing starts from, and each input that it ever found a bug with: all of it is answered as
//! the contract says. `.ci/fuzz-parsers` goes on from here, with the same code.

use std::fs;

use crate::support::contract;

#[path = "fuzz/src/body.rs"]
mod body;
#[path = "fuzz/src/gateway_event.rs"]
mod gateway_event;
#[path = "fuzz/src/rules.rs"]
mod rules;
#[path = "fuzz/src/words.rs"]
mod words;

#[test]
fn whatever_fuzzing_starts_from_is_answered_as_the_contract_says() {
    replay("body", body::check);
    replay("gateway_event", gateway_event::check);
    replay("words", words::check);
}

fn replay(target: &str, check: fn(&[u8])) {
    let corpus = contract::path(&format!("tests/fuzz/corpus/{target}"));
    for input in fs::read_dir(corpus).unwrap() {
        let input = input.unwrap().path();
        eprintln!("{}", input.display());
        check(&fs::read(input).unwrap());
    }
}
