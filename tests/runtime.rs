//! A function's process, and Lambda's runtime that hands it requests.

use std::future;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::process::Command;

use crate::support::stack;

/// Listens as Lambda's runtime does, breaks its contract once, with a request that has no id, and
/// has everybody else who asks wait.
async fn listen_and_break_once() -> String {
    let broke = Arc::new(AtomicBool::new(false));
    let next = async move || {
        if broke.swap(true, Ordering::Relaxed) {
            future::pending::<()>().await;
        }
    };
    let routes = Router::new().route("/2018-06-01/runtime/invocation/next", get(next));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async { axum::serve(listener, routes).await.expect("it never ends") });
    address
}

#[tokio::test]
async fn a_process_ends_with_the_first_of_its_workers() {
    let mut process = Command::new(stack::binary().with_file_name("show-docs"))
        .env("AWS_LAMBDA_RUNTIME_API", listen_and_break_once().await)
        .env("AWS_LAMBDA_FUNCTION_NAME", "show-docs")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
        .env("AWS_LAMBDA_MAX_CONCURRENCY", "4")
        .env("TABLE_NAME", "ticketboss")
        .env("DEFAULT_EVENT_ID", "node-meetup-2025")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(20), process.wait()).await;
    let status = ended.expect("three workers alone do not keep it alive").unwrap();
    assert!(!status.success(), "{status}");
    let said = process.wait_with_output().await.unwrap().stderr;
    let said = String::from_utf8(said).unwrap();
    assert!(said.contains("a worker of the runtime ended"), "{said}");
}
