//! What a request leaves in the log: one line, with all that an operator asks for, and no secret.

use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::database;
use crate::support::desk::open;
use crate::support::lambda::{on_table, order, run};
use crate::support::own_table::OwnTable;

/// Runs `reserve-seats` on this table, and gives its lines.
async fn lines(table: &str, level: &str, orders: Vec<Value>) -> Vec<Value> {
    lines_of(database::endpoint(), table, level, orders).await
}

async fn lines_of(database: &str, table: &str, level: &str, orders: Vec<Value>) -> Vec<Value> {
    let environment = [on_table(database, table).as_slice(), &[("LOG_LEVEL", level)]].concat();
    let (answers, lines) = run("reserve-seats", &environment, orders).await;
    assert!(lines.iter().all(|line| !line.contains("tb_secret")), "{lines:?}");
    assert!(lines.iter().all(|line| !line.contains("for-my-mother")), "{lines:?}");
    let lines: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), if level == "error" { 0 } else { answers.len() }, "{lines:?}");
    lines
}

/// The line without what differs from run to run, and those members by themselves.
fn split(mut line: Value) -> (Value, Value) {
    let mut measured = json!({});
    for name in
        ["timestamp", "duration_ms", "calls", "read_units", "write_units", "reservation", "cause"]
    {
        measured[name] = line.as_object_mut().unwrap().remove(name).unwrap_or_default();
    }
    (line, measured)
}

#[tokio::test]
async fn a_request_leaves_one_line_that_tells_its_whole_story() {
    let table = OwnTable::create().await;
    open(&table.store, "any", 10).await;
    let sale = r#"{"seats": 3, "partnerReference": "for-my-mother"}"#;
    let orders = vec![
        order(sale, Some("k")),
        order(sale, Some("k")),
        order(r#"{"seats": 8}"#, None),
        order("nonsense", None),
    ];
    let lines = lines(&table.name, "info", orders).await;
    let told = |message: &str, more: Value| {
        let mut line = json!({
            "level": "INFO", "target": "shared::answer::log", "message": message,
            "request_id": "a-request", "trace_id": "Root=1-a-b", "operation": "reserve-seats",
            "version": "1", "event": "any", "partner": "abc-corp", "role": "partner",
        });
        line.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        line
    };
    let wants = [
        told("answered", json!({"status": 201, "pool": 0, "seats_sold": 3, "cold_start": true})),
        told("answered", json!({"status": 201, "pool": 0, "replay": true, "own_work_found": true})),
        told("refused", json!({"status": 409, "pool": 0, "code": "not-enough-seats"})),
        told("refused", json!({"status": 400, "code": "validation-failed"})),
    ];
    for (line, want) in lines.into_iter().zip(wants) {
        let (line, measured) = split(line);
        assert_eq!(line, want);
        let status = line["status"].as_u64().unwrap();
        assert!(measured["duration_ms"].as_f64().unwrap() > 0.0, "{measured}");
        assert_eq!(measured["calls"].as_u64().unwrap() > 0, status != 400, "{measured}");
        assert_eq!(measured["read_units"].as_f64().unwrap() > 0.0, status != 400, "{measured}");
        let sold = line["seats_sold"].is_u64();
        assert_eq!(measured["write_units"].as_f64().unwrap() > 0.0, sold, "{measured}");
        assert_eq!(measured["reservation"].is_string(), status == 201, "{measured}");
        assert_eq!(measured["cause"].is_string(), status >= 400, "{measured}");
    }
}

#[tokio::test]
async fn a_fault_of_ours_is_an_error_with_its_causes_and_levels_are_kept() {
    let sale = || vec![order(r#"{"seats": 1}"#, None)];
    let failed = lines("no-such-table", "info", sale()).await;
    assert_eq!((&failed[0]["level"], &failed[0]["message"]), (&json!("ERROR"), &json!("failed")));
    assert_eq!((&failed[0]["status"], &failed[0]["code"]), (&json!(500), &json!("internal")));
    assert!(failed[0]["cause"].as_str().unwrap().contains("ResourceNotFoundException"));

    let table = OwnTable::create().await;
    open(&table.store, "any", 10).await;
    assert!(lines(&table.name, "error", sale()).await.is_empty());
}

#[tokio::test]
async fn a_throttled_request_says_how_often_and_why() {
    let throttle = async || {
        let body = json!({
            "__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
            "message": "too much",
            "ThrottlingReasons": [{"reason": "TableReadKeyRangeThroughputExceeded"}],
        });
        let head = [("content-type", "application/x-amz-json-1.0")];
        (StatusCode::BAD_REQUEST, head, body.to_string())
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let routes = Router::new().route("/", post(throttle));
    let serving = tokio::spawn(async { axum::serve(listener, routes).await });
    let lines = lines_of(&address, "any", "info", vec![order(r#"{"seats": 1}"#, None)]).await;
    serving.abort();
    assert_eq!(lines[0]["status"], 503);
    assert_eq!(lines[0]["throttled"], "TableReadKeyRangeThroughputExceeded");
    assert_eq!(lines[0]["throttles"], lines[0]["calls"]);
    assert!(lines[0]["calls"].as_u64() > Some(1), "the SDK tries again");
}
