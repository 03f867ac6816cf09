//! Whoever the authorizer does not know gets nothing: every keyed operation, in the binaries that
//! are deployed, with the contexts of a gateway that was set up wrongly.

use std::collections::{BTreeMap, VecDeque};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::sync::mpsc;

use crate::support::contract::{self, Operation};
use crate::support::desk::{desk, incoming, open};
use crate::support::own_table::OwnTable;
use crate::support::{database, stack};

/// What the authorizer never says. `principalId` is there whatever else is left out.
fn contexts_of_nobody() -> Vec<Value> {
    vec![
        Value::Null,
        json!({}),
        json!({"principalId": "abc-corp"}),
        json!({"principalId": "abc-corp", "partnerId": "abc-corp"}),
        json!({"principalId": "abc-corp", "role": "organiser"}),
        json!({"partnerId": "abc-corp", "role": "chief"}),
        json!({"partnerId": "", "role": "organiser"}),
        json!({"partnerId": null, "role": "organiser"}),
        json!({"partnerId": ["abc-corp"], "role": "organiser"}),
        json!({"claims": {"partnerId": "abc-corp", "role": "organiser"}}),
    ]
}

/// A good request to this operation, as the gateway hands it over, from whomever this context says.
fn event_of(operation: &Operation, authorizer: &Value) -> Value {
    let reservation = "000729b1-f35c-8e8d-9a6b-3f2d8c7e1a90";
    let path = operation.path.replace("{eventId}", "any").replace("{reservationId}", reservation);
    let body = match operation.path.as_str() {
        "/events" => json!({"eventId": "new", "name": "New", "totalSeats": 1}),
        _ => json!({"seats": 1}),
    };
    json!({
        "resource": operation.path,
        "path": path,
        "httpMethod": operation.method,
        "headers": {"Authorization": "Bearer tb_anything"},
        "multiValueHeaders": {"Authorization": ["Bearer tb_anything"]},
        "pathParameters": {"eventId": "any", "reservationId": reservation},
        "requestContext": {"requestId": "r", "stage": "v1", "httpMethod": operation.method,
            "authorizer": authorizer},
        "body": (operation.method == "POST").then(|| body.to_string()),
        "isBase64Encoded": false,
    })
}

/// Runs the function's binary under a runtime that hands it these events, and gives its answers.
async fn answers_of(function: &str, table: &OwnTable, events: Vec<Value>) -> Vec<Value> {
    let expected = events.len();
    let (sender, mut answers) = mpsc::unbounded_channel();
    let events = Arc::new(Mutex::new(VecDeque::from(events)));
    let next = async move || {
        let Some(event) = events.lock().unwrap().pop_front() else {
            return std::future::pending().await;
        };
        let arn = "arn:aws:lambda:us-east-1:123456789012:function:f";
        let headers = [
            ("lambda-runtime-aws-request-id", "1"),
            ("lambda-runtime-deadline-ms", "4000000000000"),
            ("lambda-runtime-invoked-function-arn", arn),
        ];
        (headers, event.to_string())
    };
    let done = async move |Path(_): Path<String>, body: String| {
        sender.send(serde_json::from_str(&body).expect("JSON")).expect("somebody waits");
        StatusCode::ACCEPTED
    };
    let routes = Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/response", post(done));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let serving = tokio::spawn(async { axum::serve(listener, routes).await });
    let _process = Command::new(stack::binary().with_file_name(function))
        .env("AWS_LAMBDA_RUNTIME_API", address)
        .env("AWS_LAMBDA_FUNCTION_NAME", function)
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
        .env("AWS_ACCESS_KEY_ID", "local")
        .env("AWS_SECRET_ACCESS_KEY", "local")
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ENDPOINT_URL_DYNAMODB", database::endpoint())
        .env("TABLE_NAME", &table.name)
        .env("DEFAULT_EVENT_ID", "any")
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut given = Vec::new();
    while given.len() < expected {
        let answer = tokio::time::timeout(Duration::from_secs(30), answers.recv()).await;
        given.push(answer.expect("an answer in time").expect("the runtime goes on"));
    }
    serving.abort();
    given
}

/// The function's binary: `ReserveSeatsFunction` is `reserve-seats`.
fn binary_of(function: &str) -> String {
    contract::functions()[function].code.replace("functions/", "")
}

#[tokio::test]
async fn no_keyed_operation_answers_a_caller_whom_the_authorizer_does_not_know() {
    let table = OwnTable::create().await;
    open(&table.store, "any", 10).await;
    let keyed = contract::operations().iter().filter(|one| one.schemes != Some(vec![]));
    let mut functions = BTreeMap::<String, Vec<&Operation>>::new();
    for operation in keyed {
        functions.entry(binary_of(&operation.function)).or_default().push(operation);
    }
    assert_eq!(functions.values().map(Vec::len).sum::<usize>(), 13);

    let known = json!({"partnerId": "abc-corp", "role": "organiser"});
    for (function, operations) in functions {
        for operation in operations {
            let mut contexts = contexts_of_nobody();
            contexts.push(known.clone());
            let events = contexts.iter().map(|context| event_of(operation, context)).collect();
            let mut answers = answers_of(&function, &table, events).await;
            // All else being the same, the context is what they were refused for.
            let answer = answers.pop().expect("the known caller's");
            let status = answer["statusCode"].as_u64().unwrap();
            assert!([200, 201, 404].contains(&status), "{}: {answer}", operation.id);
            for (answer, context) in answers.iter().zip(contexts) {
                assert_eq!(answer["statusCode"], 500, "{}, {context}: {answer}", operation.id);
                let body = answer["body"].as_str().unwrap_or_default();
                let problem = if operation.method == "HEAD" { "" } else { r#""code":"internal""# };
                assert!(body.contains(problem), "{}, {context}: {body}", operation.id);
            }
        }
    }

    // Nobody sold anything but the known caller, by each of the two ways to reserve.
    let event = incoming("GET", "/events/any").at(&desk(table.store)).await.json();
    assert_eq!(event["availableSeats"], 8);
}

/// Health and the documentation are for anyone; nothing else may leave the door open.
#[test]
fn only_open_operations_are_served_to_anyone() {
    let mut open = Vec::new();
    for (function, grant) in contract::functions() {
        let main = contract::file(&format!("{}/src/main.rs", grant.code));
        if main.contains("serve_anyone(") {
            open.push(function);
        }
    }
    let is_open = |function: &String| {
        let mut served = contract::operations().iter().filter(|one| one.function == *function);
        served.all(|one| one.schemes == Some(vec![]))
    };
    assert!(open.iter().all(is_open), "{open:?}");
    assert_eq!(open.len(), 2);
}
