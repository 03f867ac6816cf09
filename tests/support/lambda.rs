//! Lambda, as a function's process sees it: the runtime API, which hands it events.

use std::collections::VecDeque;
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

use super::stack;

/// An order as the gateway hands it over.
pub(crate) fn order(body: &str, key: Option<&str>) -> Value {
    let mut headers = json!({"Authorization": ["Bearer tb_secret0secret0secret0"]});
    if let Some(key) = key {
        headers["Idempotency-Key"] = json!([key]);
    }
    json!({
        "resource": "/events/{eventId}/reservations", "path": "/events/any/reservations",
        "httpMethod": "POST", "headers": {}, "multiValueHeaders": headers,
        "pathParameters": {"eventId": "any"},
        "requestContext": {"requestId": "a-request", "stage": "v1", "httpMethod": "POST",
            "authorizer": {"partnerId": "abc-corp", "role": "partner"}},
        "body": body, "isBase64Encoded": false,
    })
}

/// What a function is told of its table.
pub(crate) fn on_table<'a>(database: &'a str, table: &'a str) -> [(&'static str, &'a str); 5] {
    [
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("AWS_ENDPOINT_URL_DYNAMODB", database),
        ("TABLE_NAME", table),
        ("DEFAULT_EVENT_ID", "any"),
    ]
}

/// Runs the function's binary under a runtime that hands it these events, and gives its answers.
pub(crate) async fn answers_of(
    function: &str,
    environment: &[(&str, &str)],
    events: Vec<Value>,
) -> Vec<Value> {
    run(function, environment, events).await.0
}

/// The same, and the lines of its log.
pub(crate) async fn run(
    function: &str,
    environment: &[(&str, &str)],
    events: Vec<Value>,
) -> (Vec<Value>, Vec<String>) {
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
            ("lambda-runtime-trace-id", "Root=1-a-b"),
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
    let mut process = Command::new(stack::binary().with_file_name(function))
        .env("AWS_LAMBDA_RUNTIME_API", address)
        .env("AWS_LAMBDA_FUNCTION_NAME", function)
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
        .env_remove("AWS_ACCESS_KEY_ID")
        .env("AWS_REGION", "us-east-1")
        .envs(environment.iter().copied())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut given = Vec::new();
    while given.len() < expected {
        let answer = tokio::time::timeout(Duration::from_secs(30), answers.recv()).await;
        given.push(answer.expect("an answer in time").expect("the runtime goes on"));
    }
    // A line is written before its answer is sent.
    process.start_kill().unwrap();
    let said = process.wait_with_output().await.unwrap().stdout;
    serving.abort();
    (given, String::from_utf8(said).unwrap().lines().map(str::to_owned).collect())
}
