//! `ticketboss load`, as an operator types it: it measures without leaving anything out, always
//! ends, and notices when the books do not balance.

use std::fs;
use std::num::{NonZero, Saturating};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use ticketboss::load::books::{Books, Check, Seats};
use ticketboss::load::pace::Pace;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::support::client::rush;
use crate::support::processes::send;
use crate::support::sale::{Sale, unique};
use crate::support::stack::{self, binary, without_our_package};
use crate::support::stand_in::{Manners, StandIn};

const KEY: &str = "tb_partner0partner0partner0";

/// `ticketboss load` with these words, which alone say what to load.
fn load(words: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command.arg("load").args(words);
    for name in ["TICKETBOSS_URL", "TICKETBOSS_KEY", "TICKETBOSS_ORGANISER_KEY"] {
        command.env_remove(name);
    }
    without_our_package(&mut command);
    command
}

/// A report that is read, and gone with this.
struct Report(PathBuf);

impl Report {
    fn new() -> Self {
        Self(Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}.html", unique("load"))))
    }

    fn option(&self) -> String {
        format!("--report={}", self.0.display())
    }

    fn page(&self) -> String {
        fs::read_to_string(&self.0).expect("a page")
    }

    fn json(&self) -> Value {
        let text = fs::read(self.0.with_extension("json")).expect("JSON beside it");
        serde_json::from_slice(&text).expect("it is JSON")
    }
}

impl Drop for Report {
    fn drop(&mut self) {
        for path in [self.0.clone(), self.0.with_extension("json")] {
            let _ = fs::remove_file(path);
        }
    }
}

fn sum(values: &Value, count: impl Fn(&Value) -> u64) -> u64 {
    values.as_array().expect("a list").iter().map(count).sum()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is a number"))
}

#[test]
fn refuses_what_it_must_not_or_cannot_load_and_says_why() {
    let key = ["--key", KEY, "--organiser", KEY];
    let cases: [(&[&str], &str); 11] = [
        (&["--rate=9", "--url=http://192.0.2.1"], "192.0.2.1 is not this machine"),
        (&["--rate=9", "--url=https://localhost.example.com"], "--i-own-this-target"),
        (&["--rate=9", "--url=127.0.0.1:3000"], "http:// or https://"),
        (&["--rate=9", "--url=http://127.0.0.1:1"], "cannot create the event: no connection"),
        (&["--rate=9", "--url=http://127.0.0.1:1", "--event=a"], "cannot read the event"),
        (&[], "--rate <N>|--callers <N>"),
        (&["--rate=9", "--callers=9"], "cannot be used with"),
        (&["--rate=9", "--duration=3601"], "3601"),
        (&["--rate=9", "--mix=cancel=1"], "some to reserve"),
        (&["--rate=9", "--report=load.json"], "must end in .html"),
        (&["--rate=9", "--create-event=9", "--event=a"], "cannot be used with"),
    ];
    for (words, want) in cases {
        let output = load(&[words, &key].concat()).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && said.contains(want), "{words:?} is told: {said}");
        assert!(!said.contains(KEY) && output.stdout.is_empty(), "{words:?}: {said}");
    }
    let keyless = load(&["--rate=9", "--event=a"]).output().unwrap();
    assert!(String::from_utf8(keyless.stderr).unwrap().contains("--key <TOKEN>"));
}

#[tokio::test]
async fn an_event_sells_out_under_either_load_and_the_books_balance() {
    let _rush = rush().await;
    let (url, keys) = stack::shared();
    let loads = ["--rate=40", "--callers=4"].map(|pace| {
        let report = Report::new();
        let mut loading = load(&["--i-own-this-target", "--create-event=60", "--orders=120", pace]);
        loading.args(["--idempotency-keys", "--mix=reserve=90,cancel=6,show=2,summarize=2"]);
        loading.args([report.option(), format!("--url={url}")]);
        loading.env("TICKETBOSS_KEY", format!("{},{}", keys.partner, keys.other));
        loading.env("TICKETBOSS_ORGANISER_KEY", &keys.organiser);
        let loading = loading.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        (loading, report)
    });
    for (loading, report) in loads {
        let output = loading.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
        assert!(String::from_utf8(output.stdout).unwrap().contains("The books balance: "));

        let json = report.json();
        let check = &json["check"];
        let of_seats = |name: &str| number(&check["seats"][name]);
        assert_eq!(of_seats("askedFor"), of_seats("sold") + of_seats("refused"), "{check}");
        assert_eq!(of_seats("sold") - of_seats("freed"), number(&check["gone"]), "{check}");
        assert!(of_seats("refused") > 0 && of_seats("freed") > 0, "{check}");
        let requests = number(&json["requests"]);
        assert_eq!(sum(&json["totals"], |row| number(&row["count"])), requests);
        assert_eq!(sum(&json["seconds"], |second| number(&second["due"])), requests);
        let answers =
            |second: &Value| second["answers"].as_object().unwrap().values().map(number).sum();
        assert_eq!(sum(&json["seconds"], answers), requests);
        let is_order = |row: &Value| u64::from(row["operation"] == "reserve");
        assert_eq!(sum(&json["totals"], |row| is_order(row) * number(&row["count"])), 120);
        assert_eq!((number(&json["unsent"]), number(&json["unknownOutcomes"])), (0, 0));

        let page = report.page();
        assert_eq!(page.matches("<svg").count(), 3);
        assert_eq!(page.replace(url, "").matches("http").count(), 1, "`http-equiv`, no address");
        for foreign in ["<script", "<link", "<img", "src=", "href=", "url(", "@import"] {
            assert!(!page.contains(foreign), "the page has {foreign}");
        }
        for key in [&keys.partner, &keys.other, &keys.organiser] {
            assert!(!page.contains(key.as_str()) && !json.to_string().contains(key.as_str()));
        }
    }
}

#[tokio::test]
async fn a_load_that_is_interrupted_writes_its_report_all_the_same() {
    let sale = Sale::of(100).await;
    let report = Report::new();
    let (url, keys) = stack::shared();
    let mut loading = load(&["--i-own-this-target", "--event", &sale.event, "--callers=1"]);
    loading.args([report.option(), format!("--url={url}"), format!("--key={}", keys.partner)]);
    let loading = loading.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while sale.free_seats().await == 100 {}
    send("INT", loading.id());
    let output = loading.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let json = report.json();
    assert_eq!(json["check"]["isAlone"], false, "it is not the load's own event");
    assert_eq!(json["check"]["gone"], 100 - sale.free_seats().await);
    assert!(json["secondsTaken"].as_f64().unwrap() < 25.0, "30 seconds would have been its time");
}

/// Loads this stack with orders alone for a moment.
fn load_briefly(stack: &StandIn, words: &[&str]) -> (Output, Value) {
    let report = Report::new();
    let mut loading = load(&["--key", KEY, "--organiser", KEY, "--mix=reserve=1", "--callers=1"]);
    loading.args(words).args([report.option(), format!("--url={}", stack.url)]);
    (loading.output().unwrap(), report.json())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_that_sells_a_seat_twice_is_found_out_while_it_does() {
    let stack = StandIn::start(Manners::SellsOneSeatToAll).await;
    let (output, json) = load_briefly(&stack, &["--duration=4"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(String::from_utf8(output.stderr).unwrap().contains("something wrong"));
    assert_eq!(json["isSound"], false);
    assert!(json["verdict"].as_str().unwrap().starts_with("The books do not balance: "), "{json}");
    let wrong = &json["wrongAnswers"];
    assert!(number(&wrong["reserve, 201: the reservation is another order's"]) > 1, "{wrong}");
    assert!(number(&wrong["summarize, 200: it is not what the answers come to"]) >= 1, "{wrong}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_became_of_an_unanswered_order_is_found_out_by_its_key_or_stays_unknown() {
    let words = ["--orders=5", "--seats=1", "--idempotency-keys"];
    let stack = StandIn::start(Manners::LosesEveryFirstAnswer).await;
    let (output, json) = load_briefly(&stack, &words);
    assert!(output.status.success(), "{output:?}");
    assert_eq!((number(&json["unknownOutcomes"]), number(&json["check"]["gone"])), (0, 5));
    assert_eq!(
        json["verdict"],
        "The books balance: 5 seats sold and 0 given back make 5, and 5 are gone."
    );
    assert_eq!(json["totals"][0]["answer"], "503 unavailable", "as it was measured");

    let stack = StandIn::start(Manners::LosesEveryFirstAnswer).await;
    let (output, json) = load_briefly(&stack, &words[..2]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!((number(&json["unknownOutcomes"]), number(&json["check"]["gone"])), (5, 5));
    assert_eq!((number(&json["check"]["goneLeast"]), number(&json["check"]["goneMost"])), (0, 5));
}

/// The seats of these orders and cancellations, by what became of them.
fn seats(asked_for: i64, sold: i64, refused: i64, given_back: i64, freed: i64) -> Seats {
    let [asked_for, sold, refused] = [asked_for, sold, refused].map(Saturating);
    let [given_back, freed] = [given_back, freed].map(Saturating);
    Seats { asked_for, sold, refused, given_back, freed, kept: Saturating(0) }
}

#[test]
fn wrong_books_are_noticed() {
    let known = seats(30, 20, 10, 5, 5);
    let unknown = seats(30, 20, 6, 5, 3);
    let cases = [
        (known, Some(15), true, "The books balance: "),
        (known, Some(14), false, "The books do not balance: "),
        (known, Some(16), false, "The books do not balance: "),
        (known, None, false, "The books cannot be closed: "),
        (unknown, Some(14), false, "The books do not balance: "),
        (unknown, Some(15), true, "The books balance, as far as it can be known: "),
        (unknown, Some(21), true, "The books balance, as far as it can be known: "),
        (unknown, Some(22), false, "The books do not balance: "),
    ];
    for (seats, gone, balances, verdict) in cases {
        let check = Check::of(seats, gone, true, 0);
        assert_eq!(check.balances(), balances, "{check:?}");
        assert!(check.verdict().starts_with(verdict), "{}", check.verdict());
    }
    let wrong = Check::of(known, Some(15), true, 1);
    assert!(wrong.balances() && !wrong.is_sound(), "{}", wrong.verdict());
}

#[test]
fn what_may_be_seen_is_bounded_at_every_moment() {
    let at = Duration::from_secs;
    let mut books = Books::default();
    books.remember(at(0));
    books.seats = seats(10, 0, 0, 0, 0);
    books.remember(at(1));
    books.seats = seats(12, 10, 0, 4, 0);
    books.remember(at(2));
    books.seats = seats(12, 10, 2, 4, 4);
    let cases = [(0, -4..=10), (1, -4..=10), (2, -4..=10), (3, 6..=10), (9, 6..=10)];
    for (sent, want) in cases {
        assert_eq!(books.gone_for(at(sent)), want, "sent after {sent} s");
    }
    books.remember(at(4));
    assert_eq!(books.gone_for(at(5)), 6..=6, "all is known, and old enough to be seen");
}

/// Sends at this pace for this time of virtual time to a stack that needs 500 ms for its first
/// answer and 10 for any other. Gives all latencies, in milliseconds, and how many were not sent.
async fn latencies(pace: Pace, milliseconds: u64) -> (Vec<u128>, u64) {
    let (start, end) = (Instant::now(), Duration::from_millis(milliseconds));
    let (_go, stop) = watch::channel(false);
    let taken = Arc::new(Mutex::new((0, Vec::new())));
    let shared = Arc::clone(&taken);
    let unsent = pace.send(start, end, stop, move |due| {
        let mut sent = shared.lock().unwrap();
        sent.0 += 1;
        let needed = Duration::from_millis(if sent.0 == 1 { 500 } else { 10 });
        let shared = Arc::clone(&shared);
        Some(async move {
            sleep(needed).await;
            shared.lock().unwrap().1.push((start.elapsed() - due).as_millis());
        })
    });
    let unsent = unsent.await;
    let latencies = taken.lock().unwrap().1.clone();
    (latencies, unsent)
}

#[tokio::test(start_paused = true)]
async fn in_an_open_loop_latency_counts_from_the_time_a_request_was_due() {
    let pace = |open_max| Pace::Open { rate: NonZero::new(10).unwrap(), open_max };
    let late = vec![500, 410, 320, 230, 140, 50, 10, 10, 10, 10];
    assert_eq!(latencies(pace(1), 1_000).await, (late, 0), "who had to wait has waited");
    let free = vec![10, 10, 10, 10, 500, 10, 10, 10, 10, 10];
    assert_eq!(latencies(pace(100), 1_000).await, (free, 0), "none waits for another");
    assert_eq!(latencies(pace(1), 450).await, (vec![500], 4), "what could not be sent is told");
}

#[tokio::test(start_paused = true)]
async fn in_a_closed_loop_each_caller_waits_for_its_answer() {
    let (latencies, unsent) = latencies(Pace::Closed { callers: 2 }, 505).await;
    assert_eq!((latencies.len(), unsent), (1 + 51 + 1, 0));
    assert_eq!(latencies.iter().filter(|latency| **latency == 500).count(), 1);
}
