//! The audit, on its schedule and by hand: it finds whatever is wrong with the seats, and nothing
//! else, while they are sold.

use std::collections::HashMap;
use std::process::Output;

use audit_seats::{Audited, audit_seats};
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;
use shared::audit::audit_event;
use shared::dynamo::DynamoStore;
use shared::event::{Event, PoolIndex};
use shared::findings::Violation;
use shared::pool::{Change, Pool};
use shared::reservation::ReservationId;
use shared::store::{Commit, Store};
use ticketboss::local::aws;

use crate::store_contract::changes;
use crate::support::books::RacedBooks;
use crate::support::database::{number, text};
use crate::support::desk::{desk, incoming, open};
use crate::support::log::Errors;
use crate::support::own_table::OwnTable;
use crate::support::proxy::Proxy;
use crate::support::simulated::{Item, SimulatedStore};
use crate::support::stack::{binary, without_our_package};
use crate::support::{contract, database, nouns};

/// `ticketboss audit`, as an operator types it, on this table.
fn audit(table: &OwnTable, words: &[&str]) -> Output {
    let at = ["--dynamodb-endpoint", database::endpoint(), "--table", &table.name];
    ticketboss(&[&["audit"], words, &at].concat())
}

fn ticketboss(words: &[&str]) -> Output {
    let mut command = std::process::Command::new(binary());
    command.args(words).env_remove("TABLE_NAME");
    without_our_package(&mut command).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// An event of three pools with 40 seats each; 3 seats of the first are sold.
async fn sell(table: &OwnTable, id: &str) {
    let event = open(&table.store, id, 120).await;
    let pool = table.store.load_pool(&event, PoolIndex::new(0)).await.unwrap();
    assert_eq!(table.store.commit(&event, &sale(&pool, 3, 1)).await.unwrap(), Commit::Applied);
}

/// An order's change of this pool; the number makes its id.
fn sale(pool: &Pool, seats: u64, number: u8) -> Vec<Change> {
    let id = ReservationId::in_pool(pool.index(), [number; 32]);
    changes(pool.reserve(&id, &nouns::order("abc-corp", seats), nouns::start_of_time()))
}

/// Writes a pool that an old version could have written, or one that had a bug: without a seal.
async fn put(table: &OwnTable, pool: &str, version: u32, seats: [u32; 2], sold: AttributeValue) {
    let partition = format!("event#{pool}");
    let [capacity, available] = seats;
    table.delete(&partition, "pool").await;
    table.set(&partition, "pool", "version", number(version)).await;
    table.set(&partition, "pool", "capacity", number(capacity)).await;
    table.set(&partition, "pool", "available", number(available)).await;
    table.set(&partition, "pool", "reservations", sold).await;
}

/// Eleven events of which one is sound, and a line of the directory that is none.
async fn corrupt(table: &OwnTable) {
    let wrong =
        ["altered", "beyond", "capacity", "listed", "lost", "misplaced", "missing", "nameless"];
    for id in wrong.into_iter().chain(["nonsense", "oversold", "sound"]) {
        sell(table, id).await;
    }
    // As earlier versions wrote them, with the whole id: only there a place can be another's. This
    // is the reservation of `sell`.
    let sold = crate::dynamo_store::reservations("AAABAQEBgQGBAQEBAQEBAQ", "s", number(3));
    let set = async |pool: &str, attribute, value| {
        table.set(&format!("event#{pool}"), "pool", attribute, value).await;
    };
    let none = AttributeValue::M(HashMap::new());
    set("altered#0", "version", number(9)).await;
    put(table, "beyond#95", 7, [8, 5], sold.clone()).await;
    put(table, "capacity#1", 1, [41, 41], none.clone()).await;
    table.delete("event#listed", "event").await;
    set("lost#0", "available", number(36)).await;
    put(table, "misplaced#1", 1, [40, 37], sold).await;
    table.delete("event#missing#2", "pool").await;
    table.set("event#nameless", "event", "name", number(1)).await;
    set("nonsense#1", "version", text("1")).await;
    // Left over from a creation that died: no seat of it was ever sold.
    put(table, "sound#7", 0, [8, 8], none).await;
    set("oversold#0", "available", number(38)).await;
    table.set("events", "Not An Id", "name", text("?")).await;
}

#[tokio::test]
async fn whatever_is_wrong_is_found_and_named_on_schedule_and_by_hand() {
    let table = &OwnTable::create().await;
    corrupt(table).await;
    let id = ReservationId::in_pool(PoolIndex::new(0), [1; 32]);
    let misplaced = |pool| format!("pool {pool} holds {id}, whose place is pool 0");
    let want = [
        ("Not An Id", "this is no event's id, and the directory lists it"),
        ("altered", "pool 0 is corrupt: its seal is broken, so it is not as it was written"),
        ("beyond", "pool 95 is beyond the event's last; live reservations in it: 1"),
        ("beyond", &misplaced(95)),
        ("capacity", "all pools together have 121 seats, the event has 120"),
        ("listed", "the event itself is missing"),
        ("lost", "pool 0 has 40 seats, yet 36 are free and 3 taken"),
        ("misplaced", &misplaced(1)),
        ("missing", "pool 2 is missing"),
        ("nameless", "the event itself is corrupt: `name` is not what it should be"),
        ("nonsense", "pool 1 is corrupt: `version` is no whole number"),
        ("oversold", "pool 0 has 40 seats, yet 38 are free and 3 taken"),
    ];

    let errors = Errors::default();
    let audited = {
        let _listening = tracing::subscriber::set_default(errors.clone());
        audit_seats(&table.store, nouns::start_of_time()).await.unwrap()
    };
    assert_eq!(audited, Audited { events: 12, pools: 28, violations: 12, heavy: 0, unsettled: 0 });
    let named = want.map(|(event, violation)| {
        let message = "the seats are not as they must be";
        format!("event={event:?} message={message} violation={violation}")
    });
    assert_eq!(errors.said(), named);

    let all = audit(table, &[]);
    assert_eq!(all.status.code(), Some(1));
    let report = stdout(&all);
    let found: Vec<_> = report.lines().filter_map(|line| line.strip_prefix("  ")).collect();
    assert_eq!(found, want.map(|(_, violation)| violation));
    for (event, verdict) in
        [("sound", "sound"), ("lost", "1 violation"), ("beyond", "2 violations")]
    {
        let mut lines = report.lines().filter(|line| line.starts_with(event));
        assert!(lines.next().unwrap().ends_with(verdict), "{report}");
    }
    assert!(stdout(&all).ends_with("12 events with 28 pools audited: 12 violations\n"));
    assert_eq!(String::from_utf8(all.stderr).unwrap(), "error: violations found: 12\n");
    for (event, status) in [("sound", 0), ("lost", 1), ("nowhere", 1)] {
        let alone = audit(table, &[event]);
        assert_eq!(alone.status.code(), Some(status), "{alone:?}");
        assert!(stdout(&alone).starts_with(event) && !stdout(&alone).contains("oversold"));
    }
}

#[tokio::test]
async fn where_all_is_well_it_says_so_and_does_no_more_than_it_may() {
    let table = OwnTable::create().await;
    let proxy = Proxy::before(database::endpoint());
    let client = aws::dynamodb_at(&proxy.endpoint());
    let store = DynamoStore::with_client(client, &table.name);
    assert_eq!(audit_seats(&store, nouns::start_of_time()).await.unwrap(), Audited::default());

    sell(&table, "autumn").await;
    sell(&table, "spring").await;
    let audited = audit_seats(&store, nouns::start_of_time()).await.unwrap();
    assert_eq!(audited, Audited { events: 2, pools: 6, violations: 0, heavy: 0, unsettled: 0 });
    let calls = proxy.take_counts();
    let granted = &contract::functions()["AuditSeatsFunction"].actions;
    assert!(calls.keys().eq(granted.keys()), "{calls:?}");

    let count = |name| json!({"Name": name, "Unit": "Count"});
    let metrics =
        ["EventsAudited", "EventsUnsettled", "PoolsAudited", "PoolsHeavy", "SeatsAuditViolations"];
    let now = nouns::start_of_time();
    let want = json!({
        "_aws": {"Timestamp": now.as_millisecond(), "CloudWatchMetrics": [{
            "Namespace": "TicketBoss",
            "Dimensions": [["TableName"]],
            "Metrics": metrics.map(count),
        }]},
        "timestamp": "2026-11-23T10:15:30.123Z",
        "level": "INFO",
        "TableName": "a-stack",
        "EventsAudited": 2,
        "EventsUnsettled": 0,
        "PoolsAudited": 6,
        "PoolsHeavy": 0,
        "SeatsAuditViolations": 0,
    });
    assert_eq!(audited.metrics("a-stack", now), want);
    let watched = &contract::yaml("template.yaml")["Resources"]["AuditSeatsViolations"];
    assert_eq!(watched["Properties"]["Namespace"], "TicketBoss");
    assert_eq!(watched["Properties"]["MetricName"], "SeatsAuditViolations");

    let all = audit(&table, &[]);
    assert!(all.status.success() && all.stderr.is_empty(), "{all:?}");
    assert!(stdout(&all).ends_with("2 events with 6 pools audited: 0 violations\n"));
    assert!(stdout(&audit(&table, &["spring"])).contains("1 event with 3 pools"));
}

#[test]
fn refuses_what_it_cannot_audit_and_says_why() {
    let nowhere = "http://127.0.0.1:1";
    let cases: [(&[&str], &str); 4] = [
        (&["audit"], "TABLE_NAME"),
        (&["audit", "A B", "--table", "x"], "1 to 64 of"),
        (&["audit", "a", "b", "--table", "x"], "unexpected argument"),
        (&["audit", "--table", "x", "--dynamodb-endpoint", nowhere], "`x`"),
    ];
    for (words, want) in cases {
        let output = ticketboss(words);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && said.contains(want), "{words:?} is told: {said}");
    }
}

/// A store with an event of two pools of 50 seats, the second sold out.
async fn half_sold() -> (SimulatedStore, Event) {
    let (store, event) = (SimulatedStore::calm(), nouns::event("raced", 100));
    store.put_event(&event);
    for number in 100..105 {
        let pool = store.load_pool(&event, PoolIndex::new(1)).await.unwrap();
        assert_eq!(store.commit(&event, &sale(&pool, 10, number)).await.unwrap(), Commit::Applied);
    }
    (store, event)
}

/// An order of one seat in the second pool, which has to come from the first.
fn gather(pools: &[Pool], number: u8) -> Vec<Change> {
    let home = PoolIndex::new(1);
    let (id, order) = (ReservationId::in_pool(home, [number; 32]), nouns::order("abc-corp", 1));
    let now = nouns::start_of_time();
    let (sale, _) = pools[1].take(1, &id, &order, now).expect("the seat has come");
    vec![sale, pools[0].give(1, now)]
}

#[tokio::test(start_paused = true)]
async fn a_gather_that_races_the_audit_is_not_reported() {
    // The readings that a gather races, and how many it takes until all is well.
    let cases: [(&[u8], u8); 5] =
        [(&[], 1), (&[0], 3), (&[0, 1], 3), (&[0, 2], 5), (&[0, 1, 2, 3], 5)];
    for (raced, readings) in cases {
        let (store, event) = half_sold().await;
        let books = RacedBooks::new(store, move |reading, pools| {
            if raced.contains(&reading) { gather(pools, reading) } else { Vec::new() }
        });
        let findings = audit_event(&books, event.id.as_str()).await.unwrap();
        assert_eq!((findings.violations, findings.unsettled), (Vec::new(), false), "{raced:?}");
        assert_eq!(books.readings(), readings, "{raced:?}");
    }

    let (store, event) = half_sold().await;
    let books = RacedBooks::new(store, |reading, pools| gather(pools, reading));
    let findings = audit_event(&books, event.id.as_str()).await.unwrap();
    assert_eq!((findings.violations, findings.unsettled), (Vec::new(), true));
    assert_eq!(books.readings(), 40, "it does not try for ever");
}

#[tokio::test(start_paused = true)]
async fn a_total_that_is_wrong_is_found_while_seats_are_sold_and_after_gathers() {
    for gathers in 0..4 {
        let (store, event) = half_sold().await;
        let wrong = nouns::event("raced", 99);
        store
            .table
            .put("event#raced".to_owned(), Item::Event(Event { pools: event.pools, ..wrong }));
        let books = RacedBooks::new(store, move |reading, pools| {
            if reading < gathers { gather(pools, reading) } else { sale(&pools[0], 1, reading) }
        });
        let findings = audit_event(&books, event.id.as_str()).await.unwrap();
        let want = Violation::TotalWrong { capacity: 100, total: 99 };
        assert_eq!(findings.violations, [want], "after {gathers} gathers");
    }
}

#[tokio::test]
async fn an_event_that_sells_out_for_real_is_sound_at_every_moment() {
    let (proxy, store) = (Proxy::before(database::endpoint()), database::store());
    let seller = DynamoStore::with_client(aws::dynamodb_at(&proxy.endpoint()), aws::TABLE);
    let event = open(&store, &crate::support::sale::unique("raced"), 120).await;
    let orders = format!("/events/{}/reservations", event.id);
    let selling = tokio::spawn(async move {
        let desk = desk(seller);
        for round in 0..40 {
            let order = incoming("POST", &orders).body(&json!({"seats": 7}));
            let answer = order.at(&desk).await;
            if answer.status == 201 && round % 3 == 0 {
                let id = answer.text_of("reservationId");
                incoming("DELETE", format!("{orders}/{id}")).at(&desk).await;
            }
        }
    });
    let mut audits = 0;
    while !selling.is_finished() {
        let findings = audit_event(&store, event.id.as_str()).await.unwrap();
        assert_eq!((findings.violations, findings.unsettled), (Vec::new(), false));
        audits += 1;
    }
    selling.await.unwrap();
    assert!(audits > 5, "{audits} audits while seats were sold");
    assert!(proxy.take_counts().contains_key("TransactWriteItems"), "seats were gathered");
}
