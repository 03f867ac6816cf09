//! `ticketboss smoke`: it finds nothing wrong with a stack that is right, and says what is wrong.

use std::process::{Command, Output};

use crate::support::stack;

fn smoke(key: &str, organiser: &str) -> Output {
    let (url, _) = stack::shared();
    let arguments = ["smoke", "--url", url, "--key", key, "--organiser", organiser];
    Command::new(stack::binary()).args(arguments).output().expect("it runs")
}

#[test]
fn a_stack_that_does_what_it_says_passes() {
    let (_, keys) = stack::shared();
    let done = smoke(&keys.partner, &keys.organiser);
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success(), "{said}");
    assert!(!said.contains("WRONG"), "{said}");
    let seen = said.lines().filter(|line| line.starts_with("ok ")).count();
    assert_eq!(seen, 39, "{said}");
}

#[test]
fn a_stack_that_does_not_is_told_what_is_wrong() {
    let (_, keys) = stack::shared();
    let done = smoke(&keys.partner, &keys.partner);
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(!done.status.success(), "{said}");
    let wrong = "WRONG  an organiser creates an event: 201: expected 201 , got 403";
    assert!(said.contains(wrong), "{said}");
    assert!(String::from_utf8_lossy(&done.stderr).contains("not as the contract says"));
}
