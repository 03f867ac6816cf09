//! `ticketboss event`, as an operator types it.

use std::process::{Command, Output};

use crate::support::sale::{Sale, unique};
use crate::support::stack::{self, binary, without_our_package};

/// Runs `ticketboss event` with these words, on the stack that all tests share.
fn event(words: &[&str]) -> Output {
    let (url, keys) = stack::shared();
    let mut command = Command::new(binary());
    command.args([&["event"], words].concat());
    command.env("TICKETBOSS_URL", url).env("TICKETBOSS_ORGANISER_KEY", &keys.organiser);
    without_our_package(&mut command).output().expect("it runs")
}

/// What it prints of this event.
fn line(id: &str, words: &[&str]) -> String {
    let output = event(words);
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("stdout is UTF-8");
    let line = text.lines().find(|line| line.starts_with(id)).unwrap_or_else(|| panic!("{text}"));
    line.split_whitespace().skip(1).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn an_operator_creates_an_event_and_runs_its_sale() {
    let sale = Sale::of(1).await;
    let id = &*unique("operated");
    let opens = "2020-01-01T10:00:00Z";
    let create = ["create", id, "--name", "Rust Night", "--seats", "60", "--sales-open-at", opens];
    let said = line(id, &create);
    assert_eq!(said, "60 60 0 on_sale Rust Night, sold from 2020-01-01T10:00:00.000Z");
    let sale = Sale { event: id.to_owned(), ..sale };
    sale.sell(3).await;
    assert!(line(id, &["list"]).starts_with("60 57 0 on_sale"));
    assert!(line(id, &["pause", id]).starts_with("60 57 0 paused"));
    assert_eq!(sale.order(1).send().await.said(), "409 sales-closed");
    assert!(line(id, &["pause", id]).contains("paused"), "again is as well");
    assert!(line(id, &["resume", id]).contains("on_sale"));
    sale.sell(1).await;
    assert!(line(id, &["close", id]).contains("closed"));
    assert!(line(id, &["show", id]).contains("closed"));
}

#[tokio::test]
async fn says_what_the_stack_refuses_and_what_it_does_not_understand() {
    let sale = Sale::of(1).await;
    let (id, none) = (&*sale.event, "no-such-event");
    let long = "x".repeat(201);
    let (early, late) = ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z");
    let cases: [(&[&str], &str); 9] = [
        (&["create", id, "--name", "A", "--seats", "1"], "409 event-exists"),
        (&["create", "new", "--name", "A", "--seats", "0"], "400 validation-failed"),
        (&["create", "A b", "--name", "A", "--seats", "1"], "1 to 64 of a-z"),
        (&["create", "new", "--name", &long, "--seats", "1"], "1 to 200 characters"),
        (
            &[
                "create",
                "new",
                "--name",
                "A",
                "--seats",
                "1",
                "--sales-open-at",
                late,
                "--sales-close-at",
                early,
            ],
            "400 validation-failed",
        ),
        (&["create", "new", "--name", "A", "--seats", "1", "--ends-at", "soon"], "a time with its"),
        (&["show", none], "404 event-not-found"),
        (&["pause", none], "404 event-not-found"),
        (&["list", "--organiser", "tb_00000000000000000000"], "403 access-denied"),
    ];
    for (words, why) in cases {
        let output = event(words);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(why), "{words:?}: {said}");
        assert!(output.stdout.is_empty(), "{words:?}");
    }
    let mut nobody = Command::new(binary());
    nobody.args(["event", "list"]).env_remove("TICKETBOSS_URL");
    let nobody = without_our_package(&mut nobody).output().expect("it runs");
    assert!(String::from_utf8_lossy(&nobody.stderr).contains("which stack?"), "{nobody:?}");
}
