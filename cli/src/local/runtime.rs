//! The Lambda Runtime API as one function process meets it: `next` waits for a request, `response`
//! and `error` take its answer.
//!
//! Each process has a listener of its own, so `AWS_LAMBDA_RUNTIME_API` looks as it does on Lambda
//! and nothing has to be told apart: what is said here is said by that process. It all goes to the
//! process's keeper, `instance.rs`. The crate `lambda-simulator` was read and is not used: it keeps
//! every request and answer it ever saw, for tests to look at, and serves one function; here they
//! pass through.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

/// The longest answer that Lambda takes from a function: 6 MB and a little.
const ANSWER_BYTES_MAX: usize = 6_291_556;

/// What a process says.
#[derive(Debug)]
pub enum Call {
    /// It is ready for a request, and waits for it here.
    Next(oneshot::Sender<Invocation>),
    /// It is done with a request.
    Done {
        /// Which one.
        request_id: String,
        /// The answer, or the error's description.
        outcome: Result<Bytes, String>,
    },
}

/// A request as Lambda hands it to a process.
#[derive(Debug)]
pub struct Invocation {
    /// Names this try.
    pub request_id: String,
    /// When it is over.
    pub deadline: Timestamp,
    /// What was invoked.
    pub function_arn: String,
    /// The request.
    pub payload: Bytes,
}

type Calls = mpsc::Sender<Call>;

/// How long a process waits that is no longer wanted: until it is killed, which is soon.
async fn wait_to_be_killed() -> ! {
    std::future::pending().await
}

/// Passes on what the process at this listener says, until dropped.
pub async fn serve(listener: TcpListener, calls: Calls) {
    let router = Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{request_id}/response", post(respond))
        .route("/2018-06-01/runtime/invocation/{request_id}/error", post(fail))
        .route("/2018-06-01/runtime/init/error", post(async || StatusCode::ACCEPTED))
        .layer(DefaultBodyLimit::max(ANSWER_BYTES_MAX))
        .with_state(calls);
    let listener = listener.tap_io(|stream| {
        // Without it only latency suffers, so a refusal is no reason to stop.
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, router).await.expect("it accepts for ever, and never fails");
}

async fn next(State(calls): State<Calls>) -> Response {
    let (sender, invocation) = oneshot::channel();
    if calls.send(Call::Next(sender)).await.is_err() {
        wait_to_be_killed().await;
    }
    let Ok(invocation) = invocation.await else { wait_to_be_killed().await };
    let headers = [
        ("lambda-runtime-aws-request-id", invocation.request_id),
        ("lambda-runtime-deadline-ms", invocation.deadline.as_millisecond().to_string()),
        ("lambda-runtime-invoked-function-arn", invocation.function_arn),
        ("content-type", "application/json".to_owned()),
    ];
    (headers, invocation.payload).into_response()
}

async fn respond(
    State(calls): State<Calls>,
    Path(request_id): Path<String>,
    answer: Bytes,
) -> StatusCode {
    done(calls, request_id, Ok(answer)).await
}

async fn fail(
    State(calls): State<Calls>,
    Path(request_id): Path<String>,
    description: String,
) -> StatusCode {
    done(calls, request_id, Err(description)).await
}

async fn done(calls: Calls, request_id: String, outcome: Result<Bytes, String>) -> StatusCode {
    match calls.send(Call::Done { request_id, outcome }).await {
        Ok(()) => StatusCode::ACCEPTED,
        Err(_) => StatusCode::GONE,
    }
}
