//! What is watched adds up: `/console`, and the metrics that template.yaml makes of the log, tell
//! of a sale what its partner knows of it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::metrics::metrics_of;
use crate::support::sale::{Callers, Sale};
use crate::support::stack::Stack;

/// Sells 2, 3 and 2 of 10 seats, of which the last two are held at first; refuses 9 and nonsense,
/// and gives 3 back, once.
async fn sell(stack: &Stack) -> Sale {
    let sale = Sale::by(Callers::of(&stack.url, &stack.keys), 10).await;
    sale.sell(2).await;
    let id = sale.sell(3).await;
    let held = sale.hold(2).await;
    for _ in 0..2 {
        let confirm = format!("{}/confirm", sale.reservation(&held));
        assert_eq!(sale.callers.partner.call("POST", &confirm).send().await.said(), "200");
    }
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
    let metrics = metrics_of(&lines(&stack.log()));
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
    assert_eq!(metrics_of(&[line]), BTreeMap::from(want));
    assert_eq!(metrics_of(&[json!({"code": "version-conflict"})])["GivenUp"], 1.0);
}
