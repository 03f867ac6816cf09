//! Trouble rings: the conditions that alarms are for, made on a table, as the functions' own lines
//! and answers tell of them.

use serde_json::{Value, json};

use crate::support::alarm::{alarms, rings};
use crate::support::database;
use crate::support::desk::open;
use crate::support::lambda::{on_table, order, run};
use crate::support::metrics::metrics_of;
use crate::support::own_table::OwnTable;
use crate::support::proxy::{Fate, Proxy};

/// Three orders while DynamoDB meets each write with this fate: their statuses, and the sum of
/// this metric.
async fn while_writes_are(fate: Fate, metric: &str) -> (Vec<u64>, f64) {
    let table = OwnTable::create().await;
    open(&table.store, "any", 10).await;
    let proxy = Proxy::before(database::endpoint());
    proxy.hook(move |action, _| match action {
        "UpdateItem" => fate.clone(),
        _ => Fate::Answered,
    });
    let orders = vec![order(r#"{"seats": 1}"#, None); 3];
    let url = proxy.endpoint();
    let (answers, lines) = run("reserve-seats", &on_table(&url, &table.name), orders).await;
    let lines: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let statuses = answers.iter().map(|answer| answer["statusCode"].as_u64().unwrap());
    (statuses.collect(), metrics_of(&lines).get(metric).copied().unwrap_or_default())
}

/// Whether the alarms ring that watch the share of 5xx.
fn errors_ring(statuses: &[u64]) -> bool {
    let alarms = alarms();
    let failed =
        f64::from(u32::try_from(statuses.iter().filter(|one| **one >= 500).count()).unwrap());
    let all = f64::from(u32::try_from(statuses.len()).unwrap());
    let of_update = [("errors", failed), ("requests", all)];
    let share = [("5XXError", failed / all)];
    let mut rung = vec![rings(&alarms["UpdateErrors"], &of_update)];
    let by_share = ["ApiErrors", "FastBurnLong", "FastBurnShort", "SlowBurnLong", "SlowBurnShort"];
    rung.extend(by_share.map(|name| rings(&alarms[name], &share)));
    assert!(rung.iter().all(|rings| *rings == rung[0]), "{rung:?}");
    rung[0]
}

#[tokio::test]
async fn a_database_that_is_gone_rings() {
    let (statuses, failures) = while_writes_are(Fate::LostBefore, "Failures reserve-seats").await;
    assert_eq!((statuses.as_slice(), failures), ([503; 3].as_slice(), 3.0));
    assert!(errors_ring(&statuses));
}

#[tokio::test]
async fn a_permission_that_is_missing_rings() {
    let fate = Fate::Refused("AccessDeniedException");
    let (statuses, failures) = while_writes_are(fate, "Failures reserve-seats").await;
    assert_eq!((statuses.as_slice(), failures), ([500; 3].as_slice(), 3.0));
    assert!(errors_ring(&statuses));
}

#[tokio::test]
async fn a_throttled_table_rings() {
    let (statuses, throttled) =
        while_writes_are(Fate::THROTTLED, "Throttled ThrottlingException").await;
    assert_eq!(statuses, [503; 3]);
    assert!(throttled >= 3.0 && rings(&alarms()["TableThrottles"], &[("updateItem", throttled)]));
}

#[tokio::test]
async fn a_pool_that_is_corrupt_rings() {
    let table = OwnTable::create().await;
    open(&table.store, "any", 10).await;
    let violations = async || {
        let events = vec![json!({})];
        let at = on_table(database::endpoint(), &table.name);
        let (_, lines) = run("audit-seats", &at, events).await;
        let lines = lines.iter().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let told = lines.filter_map(|line| line["SeatsAuditViolations"].as_f64());
        told.sum::<f64>()
    };
    let rung = |violations| {
        rings(&alarms()["AuditSeatsViolations"], &[("SeatsAuditViolations", violations)])
    };
    assert!(!rung(violations().await));
    table.set("event#any#0", "pool", "available", database::number(11)).await;
    assert!(rung(violations().await));
}
