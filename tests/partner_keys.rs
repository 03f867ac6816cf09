//! `ticketboss partner`, as an operator types it, and what `ticketboss` says to a wrong line.

use std::net::TcpListener;
use std::process::{Command, Output};

use shared::access::{AccessToken, Caller, Role};
use ticketboss::local::aws;
use tokio::task::JoinSet;

use crate::support::client::Client;
use crate::support::sale::unique;
use crate::support::stack::{Stack, binary, without_our_package};
use crate::support::{database, nouns};

/// Runs `ticketboss` with these words; a table is named by words alone.
fn ticketboss(words: &[&str]) -> Output {
    let mut command = Command::new(binary());
    command.args(words).env_remove("TABLE_NAME");
    without_our_package(&mut command).output().expect("it runs")
}

/// Runs `ticketboss partner` on the tests' database, and gives its stdout.
fn partner(words: &[&str]) -> String {
    let at = ["--dynamodb-endpoint", database::endpoint(), "--table", aws::TABLE];
    let output = ticketboss(&[&["partner"], words, &at].concat());
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("stdout is UTF-8")
}

fn token_in(text: &str) -> AccessToken {
    let mut words = text.split_whitespace();
    let token = words.find(|word| word.starts_with("tb_")).unwrap_or_else(|| panic!("{text}"));
    token.parse().expect("a token of our form")
}

/// The role and the number of keys that the list has for this partner.
fn listed(id: &str) -> Option<Vec<String>> {
    let list = partner(&["list"]);
    let line = list.lines().find(|line| line.split_whitespace().next() == Some(id))?;
    Some(line.split_whitespace().skip(1).take(2).map(str::to_owned).collect())
}

#[test]
fn refuses_what_it_does_not_understand_and_says_why() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let nowhere = "http://127.0.0.1:1";
    let cases: [(&[&str], &str); 15] = [
        (&["sell"], "unrecognized subcommand"),
        (&["local", "--port", "70000"], "70000"),
        (&["local", "--port", &port], "--port"),
        (&["local", "--instances", "0"], "instances"),
        (&["local", "--partner", "abc-corp"], "ID=TOKEN"),
        (&["local", "--partner", "abc-corp=tb_1"], "20 to 100 letters or digits"),
        (&["local", "--partner", "a b=tb_00000000000000000000"], "1 to 64 of"),
        (&["local", "--organiser", "secret"], "20 to 100 letters or digits"),
        (&["local", "--data", "x", "--dynamodb-endpoint", nowhere], "cannot be used with"),
        (&["partner"], "Usage"),
        (&["partner", "add"], "ID"),
        (&["partner", "add", "a b", "--table", "x"], "1 to 64 of"),
        (&["partner", "add", "a", "--role", "king"], "partner or organiser"),
        (&["partner", "list"], "TABLE_NAME"),
        (&["partner", "list", "--table", "x", "--dynamodb-endpoint", nowhere], "`x`"),
    ];
    for (words, want) in cases {
        let output = ticketboss(words);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "{words:?}");
        assert!(said.contains(want), "{words:?} is told: {said}");
        assert!(!said.contains("panicked") && output.stdout.is_empty(), "{words:?}: {said}");
    }
}

#[test]
fn says_what_of_aws_is_missing() {
    let list = |given: &[(&str, &str)]| {
        let mut command = std::process::Command::new(binary());
        command.args(["partner", "list", "--table", "x"]);
        for inherited in ["AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_PROFILE"] {
            command.env_remove(inherited);
        }
        command.env("HOME", "/nonexistent").env("AWS_EC2_METADATA_DISABLED", "true");
        let output = command.envs(given.iter().copied()).output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(list(&[]).contains("which region?"), "{}", list(&[]));
    let nobody = list(&[("AWS_REGION", "eu-west-1")]);
    assert!(nobody.contains("no AWS credentials"), "{nobody}");
}

#[tokio::test]
async fn a_key_is_given_once_works_at_once_and_is_taken_away() {
    let (id, chief) = (unique("partner"), unique("chief"));
    assert_eq!(listed(&id), None);
    let tokens = [token_in(&partner(&["add", &id])), token_in(&partner(&["add", &id]))];
    assert_eq!(listed(&id), Some(vec!["partner".to_owned(), "2".to_owned()]));
    let organiser = token_in(&partner(&["add", &chief, "--role", "organiser"]));
    assert_eq!(listed(&chief), Some(vec!["organiser".to_owned(), "1".to_owned()]));
    for token in tokens.iter().chain([&organiser]) {
        assert!(!partner(&["list"]).contains(token.reveal()), "it is never shown again");
    }

    let stack = Stack::start(&["--instances=1", "--dynamodb-endpoint", database::endpoint()]);
    let caller = Client::anonymous(&stack.url);
    let new_event = serde_json::json!({"name": "A", "totalSeats": 5});
    for (token, want) in [(&tokens[0], "403 access-denied"), (&organiser, "201")] {
        let answer = caller.with_key(token.reveal()).post("/events", &new_event).send().await;
        assert_eq!(answer.said(), want);
    }

    partner(&["revoke", &id]);
    assert_eq!(listed(&id), Some(vec!["partner".to_owned(), "0".to_owned()]));
    let second = caller.with_key(tokens[1].reveal()).get("/reservations").send().await;
    assert_eq!(second.said(), "403 access-denied", "the gateway had not seen this one before");
    for token in &tokens {
        assert_eq!(database::store().find_caller(token).await.unwrap(), None);
    }
    partner(&["revoke", &id]);
    let renewed = token_in(&partner(&["add", &id]));
    let holder = database::store().find_caller(&renewed).await.unwrap().unwrap();
    assert_eq!(holder.id, nouns::partner(&id));
}

#[test]
fn a_change_that_makes_no_sense_is_refused_and_changes_nothing() {
    let at = ["--dynamodb-endpoint", database::endpoint(), "--table", aws::TABLE];
    let id = unique("partner");
    for _ in 0..10 {
        partner(&["add", &id]);
    }
    let nobody = unique("nobody");
    let cases: [(&[&str], &str); 3] = [
        (&["add", &id], "10 keys already"),
        (&["add", &id, "--role", "organiser"], "another role"),
        (&["revoke", &nobody], "there is no partner"),
    ];
    for (words, want) in cases {
        let output = ticketboss(&[&["partner"], words, &at].concat());
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && said.contains(want), "{words:?} is told: {said}");
    }
    assert_eq!(listed(&id), Some(vec!["partner".to_owned(), "10".to_owned()]));
    assert_eq!(listed(&nobody), None);
}

#[tokio::test]
async fn one_key_of_several_is_taken_away_by_how_it_begins() {
    let at = ["--dynamodb-endpoint", database::endpoint(), "--table", aws::TABLE];
    let holder = Caller { id: nouns::partner(&unique("partner")), role: Role::Partner };
    let id = holder.id.as_str();
    let store = database::store();
    let tokens = ["tb_aaaaaa1", "tb_aaabbb2", "tb_ccccccc"]
        .map(|begin| format!("{begin}{}", &unique("")[1..]));
    let tokens =
        tokens.map(|token| format!("{token:0<30}").parse::<AccessToken>().expect("a token"));
    for token in &tokens {
        store.add_partner(&holder, token, nouns::start_of_time()).await.unwrap();
    }
    let list = partner(&["list"]);
    for prefix in ["tb_aaaaaa", "tb_aaabbb", "tb_cccccc"] {
        assert!(list.contains(&format!("{prefix}, made 2026-11-23T10:15:30.123Z")), "{list}");
    }
    for token in &tokens {
        assert!(!list.contains(token.reveal()));
    }

    for (key, want) in [
        ("tb_aaa", "tb_aaaaaa, made"),
        ("aaa", "tb_aaabbb, made"),
        ("tb_zzz", "no key that begins with tb_zzz"),
        ("tb_aaaaaaa", "1 to 6 letters"),
        ("", "1 to 6 letters"),
    ] {
        let output = ticketboss(&[&["partner", "revoke", id, "--key", key][..], &at].concat());
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && said.contains(want), "{key} is told: {said}");
    }
    assert_eq!(listed(id), Some(vec!["partner".to_owned(), "3".to_owned()]), "nothing changed");

    partner(&["revoke", id, "--key", "tb_aaaaaa"]);
    let found = async |token| store.find_caller(token).await.unwrap().is_some();
    let standing = [found(&tokens[0]).await, found(&tokens[1]).await, found(&tokens[2]).await];
    assert_eq!(standing, [false, true, true]);
    partner(&["revoke", id, "--key", "cccccc"]);
    partner(&["revoke", id, "--key", "aaa"]);
    assert_eq!(listed(id), Some(vec!["partner".to_owned(), "0".to_owned()]));
    partner(&["revoke", id]);
}

#[tokio::test]
async fn of_many_who_add_one_key_at_once_all_are_told_that_it_is_there() {
    let holder = Caller { id: nouns::partner(&unique("partner")), role: Role::Partner };
    let token: AccessToken = format!("tb_{:0<30}", &unique("")[1..]).parse().expect("a token");
    let mut adding = JoinSet::new();
    for _ in 0..20 {
        let (store, holder, token) = (database::store(), holder.clone(), token.clone());
        adding.spawn(async move {
            store.add_partner(&holder, &token, nouns::start_of_time()).await.unwrap();
        });
    }
    adding.join_all().await;
    assert_eq!(listed(holder.id.as_str()), Some(vec!["partner".to_owned(), "1".to_owned()]));
}
