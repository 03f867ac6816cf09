//! What is watched adds up: `/console`, and the metrics that template.yaml makes of the log, tell
//! of a sale what its partner knows of it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::contract;
use crate::support::sale::{Callers, Sale};
use crate::support::stack::Stack;

/// Sells 2, 3 and 2 of 10 seats, refuses 9 and nonsense, and gives 3 back, once.
async fn sell(stack: &Stack) -> Sale {
    let sale = Sale::by(Callers::of(&stack.url, &stack.keys), 10).await;
    sale.sell(2).await;
    let id = sale.sell(3).await;
    sale.sell(2).await;
    for (seats, want) in [(9, "409 not-enough-seats"), (0, "400 validation-failed")] {
        assert_eq!(sale.order(seats).send().await.said(), want);
    }
    assert_eq!(sale.cancel(&id).await.said(), "204");
    assert_eq!(sale.cancel(&id).await.said(), "404 reservation-not-found");
    sale
}

/// The requests' lines, in order.
fn lines(log: &str) -> Vec<Value> {
    let lines = log.lines().filter_map(|line| line.split_once(" | "));
    let lines = lines.filter_map(|(_, line)| serde_json::from_str::<Value>(line).ok());
    lines.filter(|line| line["request_id"].is_string()).collect()
}

/// Whether a filter's pattern is met, as far as ours go: `{ $.a > 0 && $.b = * }`.
fn is_met(pattern: &str, line: &Value) -> bool {
    let conditions = pattern.trim_matches(['{', '}', ' ']).split(" && ");
    conditions.into_iter().all(|condition| {
        let (field, rest) = condition.strip_prefix("$.").unwrap().split_once(' ').unwrap();
        let (value, number) = (&line[field], line[field].as_f64());
        match rest.split_once(' ').unwrap() {
            ("IS", "TRUE") => *value == true,
            ("=", "*") => !value.is_null(),
            ("=", text) => *value == text.trim_matches('"'),
            (">", bound) => number.is_some_and(|number| number > bound.parse().unwrap()),
            (">=", bound) => number.is_some_and(|number| number >= bound.parse().unwrap()),
            ("<", bound) => number.is_some_and(|number| number < bound.parse().unwrap()),
            other => panic!("{other:?} in {pattern}"),
        }
    })
}

/// What the filters of template.yaml make of these lines: each metric's sum, by its dimension.
fn metrics(lines: &[Value]) -> BTreeMap<String, f64> {
    let template = contract::yaml("template.yaml");
    let mut sums = BTreeMap::new();
    for filter in template["Resources"].as_object().unwrap().values() {
        if filter["Type"] != "AWS::Logs::MetricFilter" {
            continue;
        }
        let made = &filter["Properties"]["MetricTransformations"][0];
        let pattern = filter["Properties"]["FilterPattern"].as_str().unwrap();
        for line in lines.iter().filter(|line| is_met(pattern, line)) {
            let name = made["MetricName"].as_str().unwrap();
            let name = match made["Dimensions"][0]["Key"].as_str() {
                Some(dimension) => format!("{name} {}", line[dimension].as_str().unwrap()),
                None => name.to_owned(),
            };
            let value = made["MetricValue"].as_str().unwrap();
            let value = match value.strip_prefix("$.") {
                Some(field) => line[field].as_f64(),
                None => value.parse().ok(),
            };
            *sums.entry(name).or_default() += value.unwrap();
        }
    }
    sums
}

#[tokio::test]
async fn the_console_and_the_metrics_of_the_log_tell_what_was_sold() {
    let mut stack = Stack::start(&["--instances=1"]);
    let sale = sell(&stack).await;
    let nobody = &sale.callers.nobody;

    let page = nobody.get("/console").send().await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    // A line may be read a moment after its answer was given.
    let data = loop {
        let data = nobody.get("/console/data").send().await.json();
        let heads = data["requests"].as_array().unwrap().iter();
        if heads.filter(|line| line["code"] == "reservation-not-found").count() == 1 {
            break data;
        }
    };
    let sum = |name: &str| {
        let figures = data["figures"].as_array().unwrap();
        let figure = figures.iter().find(|one| one["name"] == name).unwrap();
        figure["seconds"].as_array().unwrap().iter().map(|one| one.as_u64().unwrap()).sum::<u64>()
    };
    let shown = ["sales", "seats sold", "seats back", "refused", "failed"].map(sum);
    assert_eq!(shown, [3, 7, 3, 3, 0]);
    let event = data["events"].as_array().unwrap().iter().find(|one| one["eventId"] == sale.event);
    assert_eq!(event.expect("it is shown")["availableSeats"], 6);
    assert!(!data.to_string().contains("tb_"), "no key is shown");

    assert!(stack.end("INT").success());
    let metrics = metrics(&lines(&stack.log()));
    let of = |name: &str| metrics.get(name).copied().unwrap_or_default();
    assert_eq!((of("SeatsSold"), of("SeatsReturned")), (7.0, 3.0), "{metrics:?}");
    for code in ["not-enough-seats", "validation-failed", "reservation-not-found"] {
        assert_eq!(of(&format!("Refusals {code}")), 1.0, "{metrics:?}");
    }
    assert_eq!((of("GivenUp"), of("Failures reserve-seats")), (0.0, 0.0));
    assert!(of("ReadUnits") > 0.0 && of("WriteUnits") >= 4.0, "{metrics:?}");
    assert!(of("Duration reserve-seats") > 0.0 && of("ColdStarts") >= 3.0, "{metrics:?}");
    let line = json!({"operation": "x", "code": "unavailable", "status": 503,
        "throttles": 3, "throttled": "KeyRange"});
    let want = [("Failures x".to_owned(), 1.0), ("Throttled KeyRange".to_owned(), 3.0)];
    assert_eq!(self::metrics(&[line]), BTreeMap::from(want));
}
