//! How a function proves that it has its role: what it is given at its start lasts as long as its
//! process does, or is asked for again before it ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::json;
use shared::boot::clock;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::support::lambda::answers_of;

/// Listens on a port of this machine, as long as the test runs.
async fn listen(routes: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async { axum::serve(listener, routes).await.expect("it never ends") });
    address
}

/// A DynamoDB that has no items, and tells by which access keys it was asked.
async fn database() -> (String, mpsc::UnboundedReceiver<String>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let asked = async move |headers: HeaderMap| {
        let signed = headers["authorization"].to_str().unwrap();
        let (_, key) = signed.split_once("Credential=").unwrap();
        let (key, _) = key.split_once('/').unwrap();
        sender.send(key.to_owned()).unwrap();
        (StatusCode::OK, [("content-type", "application/x-amz-json-1.0")], "{}")
    };
    (listen(Router::new().route("/", post(asked))).await, receiver)
}

#[tokio::test]
async fn credentials_that_end_are_asked_for_again_by_a_process_that_lives_on() {
    let asked = Arc::new(AtomicU32::new(0));
    let give = async move |headers: HeaderMap| {
        assert_eq!(headers["authorization"], "the-container's");
        let number = asked.fetch_add(1, Ordering::Relaxed);
        // The SDK renews what is about to end, so each call to the database needs new ones.
        let ends = clock() + Duration::from_secs(5);
        Json(json!({
            "AccessKeyId": format!("KEY{number}"),
            "SecretAccessKey": "secret",
            "Token": "token",
            "Expiration": ends.to_string(),
        }))
    };
    let credentials = listen(Router::new().route("/credentials", get(give))).await;
    let (database, mut keys) = database().await;
    let environment = [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("{credentials}/credentials")),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "the-container's".to_owned()),
        ("AWS_ENDPOINT_URL_DYNAMODB", database),
        ("TABLE_NAME", "any".to_owned()),
        ("DEFAULT_EVENT_ID", "any".to_owned()),
    ];
    let environment = environment.each_ref().map(|(name, value)| (*name, value.as_str()));
    let deep = json!({
        "resource": "/healthcheck", "path": "/healthcheck", "httpMethod": "GET",
        "headers": {}, "multiValueHeaders": {}, "queryStringParameters": {"deep": "1"},
        "multiValueQueryStringParameters": {"deep": ["1"]},
        "requestContext": {"requestId": "r", "stage": "v1", "httpMethod": "GET"},
        "body": null, "isBase64Encoded": false,
    });
    let answers = answers_of("check-health", &environment, vec![deep.clone(), deep]).await;
    assert!(answers.iter().all(|answer| answer["statusCode"] == 200), "{answers:?}");
    let mut used = Vec::new();
    while let Ok(key) = keys.try_recv() {
        used.push(key);
    }
    // One when it starts, and one for each request.
    assert_eq!(used, ["KEY0", "KEY1", "KEY2"]);
}
