//! `ticketboss local`: the whole stack on one machine, and what becomes of it when it is ended,
//! started again, or parts of it die.

use std::env;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::Notify;

use crate::support::client::{Client, at_once};
use crate::support::contract;
use crate::support::database;
use crate::support::processes::{send, wait_for_end_of};
use crate::support::proxy::{Fate, Proxy};
use crate::support::sale::{Callers, Sale, unique};
use crate::support::stack::{Keys, Stack, binary};

/// A stack with one instance of each function, on the shared database behind a proxy.
fn behind_a_proxy() -> (Proxy, Stack, Callers) {
    let proxy = Proxy::before(database::endpoint());
    let stack = Stack::start(&["--instances=1", "--dynamodb-endpoint", &proxy.endpoint()]);
    let callers = Callers::of(&stack.url, &stack.keys);
    (proxy, stack, callers)
}

#[tokio::test]
async fn one_process_serves_many_at_once_and_what_meets_in_it_commits_together() {
    let proxy = Proxy::before(database::endpoint());
    let arguments = ["--instances=1", "--concurrency=16", "--dynamodb-endpoint", &proxy.endpoint()];
    let stack = Stack::start(&arguments);
    let sale = Sale::by(Callers::of(&stack.url, &stack.keys), 50).await;
    let (arrived, released) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (arrival, release) = (Arc::clone(&arrived), Arc::clone(&released));
    proxy.hook(move |called, _| {
        if called != "UpdateItem" {
            return Fate::Answered;
        }
        arrival.notify_one();
        Fate::Held(Arc::clone(&release))
    });

    let first = tokio::spawn(sale.order(1).send());
    arrived.notified().await;
    let others = tokio::spawn(at_once((0..12).map(|_| sale.order(1)).collect::<Vec<_>>()));
    tokio::time::sleep(Duration::from_millis(500)).await;
    proxy.hook(|_, _| Fate::Answered);
    released.notify_one();
    assert_eq!(first.await.unwrap().said(), "201");
    assert!(others.await.unwrap().iter().all(|answer| answer.said() == "201"));
    let summary = sale.summary().await;
    assert_eq!(summary["reservationCount"], 13);
    let commits = summary["version"].as_u64().unwrap();
    assert!(commits < 6, "{commits} commits for 13 orders");

    // Whoever dies takes all its requests along, and another is there for their retries.
    let (arrived, held) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (arrival, hold) = (Arc::clone(&arrived), Arc::clone(&held));
    proxy.hook(move |called, _| {
        if called != "UpdateItem" {
            return Fate::Answered;
        }
        arrival.notify_one();
        Fate::Held(Arc::clone(&hold))
    });
    let keyed = |number: u32| sale.order(1).keyed(&format!("k{number}"));
    let asked = tokio::spawn(at_once((0..8).map(keyed).collect::<Vec<_>>()));
    arrived.notified().await;
    let victim = stack.functions().into_iter().find(|process| process.name() == "reserve-seats");
    send("KILL", victim.unwrap().id);
    proxy.hook(|_, _| Fate::Answered);
    held.notify_one();
    let answers = asked.await.unwrap();
    assert!(answers.iter().all(|answer| answer.said() == "201"), "their keys find out");
    assert!(stack.log().contains("reserve-seats | died with "), "{}", stack.log());
    assert_eq!(sale.summary().await["reservationCount"], 13 + 8);
}

#[tokio::test]
async fn a_function_that_dies_with_a_request_is_replaced_and_the_request_answered() {
    let cases = [
        ("reserve-seats", "UpdateItem", "502 unavailable"),
        ("reserve-seats", "GetItem", "502 unavailable"),
        ("authorize-partner", "GetItem", "503 unavailable"),
    ];
    for (function, action, want) in cases {
        let (proxy, stack, callers) = behind_a_proxy();
        let sale = Sale::by(callers, 10).await;
        let is_key_lookup = function == "authorize-partner";
        let (arrived, released) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (arrival, release) = (Arc::clone(&arrived), Arc::clone(&released));
        proxy.hook(move |called, body| {
            if called != action || body.contains("key#") != is_key_lookup {
                return Fate::Answered;
            }
            arrival.notify_one();
            Fate::Held(Arc::clone(&release))
        });

        let asked = tokio::spawn(sale.order(2).keyed("k").send());
        arrived.notified().await;
        let victim = stack.functions().into_iter().find(|process| process.name() == function);
        send("KILL", victim.as_ref().unwrap().id);
        assert_eq!(asked.await.unwrap().said(), want, "{function} dies in {action}");

        proxy.hook(|_, _| Fate::Answered);
        released.notify_one();
        assert_eq!(sale.order(2).keyed("k").send().await.said(), "201", "{function} is replaced");
        assert!(!stack.functions().contains(&victim.unwrap()));
        assert_eq!(sale.summary().await["reservedSeats"], 2, "and the retry bought nothing twice");
    }
}

#[tokio::test]
async fn a_function_that_hangs_is_killed_when_its_time_is_over() {
    let stack = Stack::start(&["--instances=1"]);
    let partner = Callers::of(&stack.url, &stack.keys).partner;
    assert_eq!(partner.get("/reservations").send().await.said(), "200");
    let functions = stack.functions();
    let victim = functions.iter().find(|process| process.name() == "summarize-event").unwrap();
    send("STOP", victim.id);
    assert_eq!(partner.get("/reservations").send().await.said(), "502 unavailable");
    assert_eq!(partner.get("/reservations").send().await.said(), "200");
    assert!(!stack.functions().contains(victim), "it is replaced");
}

#[tokio::test]
async fn requests_wait_for_a_free_instance() {
    let stack = Stack::start(&["--instances=1"]);
    let partner = Callers::of(&stack.url, &stack.keys).partner;
    let answers = at_once((0..30).map(|_| partner.get("/reservations"))).await;
    assert!(answers.iter().all(|answer| answer.said() == "200"));
    let functions = stack.functions();
    let instances = functions.iter().filter(|process| process.name() == "summarize-event");
    assert_eq!(instances.count(), 1);
}

#[test]
fn ended_it_takes_everything_with_it() {
    for (signal, is_graceful) in [("INT", true), ("TERM", true), ("KILL", false)] {
        let mut stack = Stack::start(&["--instances=2"]);
        let functions = stack.functions_when(32);
        let status = stack.end(signal);
        assert_eq!(status.success(), is_graceful, "{signal}: {status}\n{}", stack.log());
        wait_for_end_of(&functions);
    }
}

#[tokio::test]
async fn a_bare_cargo_run_offers_the_published_event_and_keys_to_it_and_builds_nothing_twice() {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let manifest = contract::path("Cargo.toml").to_str().unwrap().to_owned();
    let arguments = ["run", "--manifest-path", &manifest, "--", "--port=0", "--instances=1"];
    let start = || Stack::run(Path::new(&cargo), &arguments.map(str::to_owned), Keys::new());
    let mut stack = start();
    // Whoever edits the sources just now gets them built, and one more start.
    for _ in 0..2 {
        if stack.log().contains("Compiling") {
            stack = start();
        }
    }
    assert!(!stack.log().contains("Compiling"), "a start after a start: {}", stack.log());

    let caller = Client::anonymous(&stack.url);
    let (partner, organiser) = (stack.line("abc-corp "), stack.line("organiser "));
    let partner = caller.with_key(partner.trim_end_matches(" (partner)"));
    let organiser = caller.with_key(organiser.trim_end_matches(" (organiser)"));
    let fresh = json!({
        "eventId": "node-meetup-2025",
        "name": "Node.js Meet-up",
        "totalSeats": 500,
        "availableSeats": 500,
        "reservationCount": 0,
        "version": 0,
        "reservedSeats": 0,
        "heldSeats": 0,
        "status": "on_sale",
    });
    assert_eq!(partner.get("/reservations").send().await.json(), fresh);
    let event = json!({"name": "A", "totalSeats": 1});
    assert_eq!(organiser.post("/events", &event).send().await.said(), "201");
    assert_eq!(partner.post("/events", &event).send().await.said(), "403 access-denied");
}

#[tokio::test]
async fn with_a_folder_events_reservations_and_keys_outlive_it() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(unique("data"));
    let arguments = ["--instances=1", "--data", folder.to_str().unwrap()];
    let mut first = Stack::with_keys(Keys::new(), &arguments);
    let sale = Sale::by(Callers::of(&first.url, &first.keys), 10).await;
    let sold = sale.order(3).keyed("k").send().await;
    let summary = sale.summary().await;
    assert!(first.end("INT").success());

    let second = Stack::with_keys(Keys::new(), &arguments);
    let sale = Sale { event: sale.event, callers: Callers::of(&second.url, &first.keys) };
    assert_eq!(sale.summary().await, summary, "with the keys of the first start");
    let replay = sale.order(3).keyed("k").send().await;
    assert_eq!((replay.said().as_str(), replay.text), ("201", sold.text));
    let _ = std::fs::remove_dir_all(folder);
}

#[tokio::test]
async fn no_token_is_ever_logged_or_stored() {
    let program = binary().to_str().unwrap();
    let keys = Keys::new();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(unique("data"));
    let data = format!("--data={}", folder.display());
    let arguments = ["LOG_LEVEL=trace", program, "local", "--port=0", "--instances=1", &data];
    let arguments = [&arguments.map(str::to_owned)[..], &keys.as_arguments()].concat();
    let mut stack = Stack::run(Path::new("env"), &arguments, keys.clone());

    let sale = Sale::by(Callers::of(&stack.url, &keys), 5).await;
    let id = sale.sell(2).await;
    assert_eq!(sale.order(9).send().await.said(), "409 not-enough-seats");
    assert_eq!(sale.cancel(&id).await.said(), "204");
    let unknown = sale.callers.nobody.with_key("tb_00000000000000000000");
    assert_eq!(unknown.get(&sale.path()).send().await.said(), "403 access-denied");
    assert!(stack.end("INT").success());

    let log = stack.log();
    assert!(log.contains("answered") && log.contains("refused"), "there is a log: {log}");
    let mut kept = log.into_bytes();
    for file in std::fs::read_dir(&folder).unwrap() {
        kept.extend(std::fs::read(file.unwrap().path()).unwrap());
    }
    let kept = String::from_utf8_lossy(&kept);
    for token in [&keys.partner, &keys.other, &keys.organiser, "tb_0000"] {
        assert!(!kept.contains(token));
    }
    let _ = std::fs::remove_dir_all(folder);
}

#[tokio::test]
async fn a_host_and_a_scheme_of_the_callers_own_change_no_answer() {
    let sale = Sale::of(9).await;
    let id = sale.sell(1).await;
    let Callers { nobody, partner, organiser, .. } = &sale.callers;
    let event = json!({ "name": "Another", "totalSeats": 2 });
    for (name, value) in [("X-Forwarded-Proto", "a b"), ("X-Forwarded-Proto", ""), ("Host", "[")] {
        let calls = [
            (partner.get(&sale.path()), "200"),
            (partner.get(&sale.reservation(&id)), "200"),
            (partner.delete(&sale.reservation("no-id")), "404 reservation-not-found"),
            (sale.order(1), "201"),
            (organiser.post("/events", &event), "201"),
            (nobody.get("/healthcheck"), "200"),
            (nobody.get("/docs.json"), "200"),
        ];
        for (call, said) in calls {
            assert_eq!(call.header(name, value).send().await.said(), said, "{name}: {value}");
        }
    }
}
