//! `ticketboss smoke`: it finds nothing wrong with a stack that is right, and says what is wrong.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use crate::support::stack;

fn smoke(key: &str, organiser: &str) -> Command {
    let (url, _) = stack::shared();
    let mut command = Command::new(stack::binary());
    command.args(["smoke", "--url", url, "--key", key, "--organiser", organiser]);
    command
}

#[test]
fn a_stack_that_does_what_it_says_passes() {
    let (_, keys) = stack::shared();
    let done = smoke(&keys.partner, &keys.organiser).output().unwrap();
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success(), "{said}");
    assert!(!said.contains("WRONG"), "{said}");
    let seen = said.lines().filter(|line| line.starts_with("ok ")).count();
    assert_eq!(seen, 75, "{said}");
}

#[test]
fn a_stack_that_does_not_is_told_what_is_wrong() {
    let (_, keys) = stack::shared();
    let done = smoke(&keys.partner, &keys.partner).output().unwrap();
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(!done.status.success(), "{said}");
    let wrong = "WRONG  an organiser creates an event: 201: expected 201 , got 403";
    assert!(said.contains(wrong), "{said}");
    assert!(String::from_utf8_lossy(&done.stderr).contains("not as the contract says"));
}

/// A command `aws` that knows what an account with our stack would say, but for metrics.
#[test]
fn whether_it_is_watched_is_asked_of_aws_and_what_is_missing_is_named() {
    let (_, keys) = stack::shared();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("aws-command");
    fs::create_dir_all(&folder).unwrap();
    let says = r#"#!/bin/sh
case "$1 $2" in
  "logs filter-log-events") printf '{"request_id":%s}' "${10}" ;;
  "cloudformation describe-stack-resource") echo abc123 ;;
  "apigateway get-stage") [ "$8" = abc123 ] && echo '{"*/*": {"throttlingRateLimit": 1000.0}}' ;;
  *) echo "AccessDenied: $1 $2" >&2; exit 254 ;;
esac
"#;
    fs::write(folder.join("aws"), says).unwrap();
    fs::set_permissions(folder.join("aws"), fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = smoke(&keys.partner, &keys.organiser);
    command.args(["--stack", "a-stack"]).env("PATH", format!("{}:/usr/bin:/bin", folder.display()));
    let done = command.output().unwrap();
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    for line in [
        "ok     the last refusal's line is in /aws/lambda/a-stack\n",
        "ok     the last refusal's line is in /aws/apigateway/a-stack\n",
        "ok     the stage has a rate and a burst\n",
        "WRONG  the audit's metrics arrive: AccessDenied: cloudwatch list-metrics\n",
    ] {
        assert!(said.contains(line), "{said}");
    }
    assert!(!done.status.success());
}
