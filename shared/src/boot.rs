//! What every function does before its first request: settings, logs, store, desk; and how requests
//! get from Lambda's runtime to its handler.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use lambda_http::http::header::HOST;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Body, Error, LambdaEvent, Request, Response, Service};
use lambda_http::{lambda_runtime, service_fn};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::access::AccessToken;
use crate::config::{Aws, Config, ConfigError};
use crate::desk::Desk;
use crate::dynamo::DynamoStore;
use crate::trail::{self, Trail};
use crate::{answer, parse};

/// The desk of a deployed function: DynamoDB, the machine's clock and randomness. All its requests
/// share it, as long as the process lives.
///
/// It reads the default event at once, to open the connection before the first request needs it: a
/// TLS handshake takes longer than a whole call, and a function has a whole core only while it
/// starts. A failure here is ignored, since the first request will meet it, too.
///
/// # Errors
///
/// [`ConfigError`] when the environment lacks a setting.
pub async fn open_desk() -> Result<&'static Desk<DynamoStore>, ConfigError> {
    let config = start()?;
    let store = DynamoStore::open(Aws::from_env()?, config.table);
    let desk = Box::leak(Box::new(Desk::new(store, config.default_event, clock, random)));
    let _ = desk.event(&desk.default_event).await;
    Ok(desk)
}

/// The store alone, for the authorizer. It looks for a key that does not exist, to open the
/// connection early here, too.
///
/// # Errors
///
/// [`ConfigError`] when the environment lacks a setting.
pub async fn open_access() -> Result<&'static DynamoStore, ConfigError> {
    let store = Box::leak(Box::new(open_store()?));
    let _ = store.find_caller(&AccessToken::of_random(random())).await;
    Ok(store)
}

/// The store alone, for the audit and the rehearsal. They run on a schedule, so opening the
/// connection early would speed up nothing.
///
/// # Errors
///
/// [`ConfigError`] when the environment lacks a setting.
pub fn open_store() -> Result<DynamoStore, ConfigError> {
    let config = start()?;
    Ok(DynamoStore::open(Aws::from_env()?, config.table))
}

/// The settings, and logs as JSON lines from here on. Lambda filters these by their `timestamp`
/// and `level`.
///
/// # Errors
///
/// [`ConfigError`] when the environment lacks a setting.
pub fn start() -> Result<Config, ConfigError> {
    let config = Config::from_env()?;
    // At finer levels our dependencies log whole requests, with the access keys in them.
    let others = config.log_level.min(LevelFilter::INFO);
    let levels = Targets::new().with_default(others).with_targets(
        ["shared", "audit_seats", "authorize_partner", "rehearse_sale"]
            .map(|ours| (ours, config.log_level)),
    );
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_max_level(config.log_level)
        .finish()
        .with(levels)
        .init();
    Ok(config)
}

/// Hands the handler the requests of callers whom the authorizer knows. The log calls each by the
/// operation's name.
///
/// Any other request is refused here, so that neither a gateway without the authorizer nor a
/// handler that does not ask who calls leaves a door open.
///
/// # Errors
///
/// [`Error`] when Lambda's runtime does not answer any more.
pub async fn serve<S>(operation: &'static str, handler: S) -> Result<(), Error>
where
    S: Service<Request, Response = Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
    serve_anyone(
        operation,
        service_fn(move |request: Request| {
            let mut handler = handler.clone();
            async move {
                match parse::caller(&request) {
                    Ok(_) => handler.call(request).await,
                    Err(problem) => answer::finish(&request, Err(problem)),
                }
            }
        }),
    )
    .await
}

/// Hands the handler all requests, whoever calls: for health and the documentation alone.
///
/// One comes after another; or, where `AWS_LAMBDA_MAX_CONCURRENCY` says so, as on Lambda Managed
/// Instances, so many at once.
///
/// Then the runtime has that many workers. One that ends, as it does when it can't send Lambda an
/// answer, is never started again. So this ends with it: Lambda starts a new process, rather than
/// count on a worker that is gone. The other workers' requests lose their answers, as if the
/// process had been killed.
///
/// # Errors
///
/// [`Error`] when Lambda's runtime does not answer any more.
pub async fn serve_anyone<S>(operation: &'static str, handler: S) -> Result<(), Error>
where
    S: Service<Request, Response = Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
    let handler = Adapter::from(handler);
    let (working, mut ended) = mpsc::channel(1);
    let working = Working(working);
    let is_cold = Arc::new(AtomicBool::new(true));
    let serve = move |LambdaEvent { payload, context }: LambdaEvent<LambdaRequest>| {
        let Working(_) = &working; // held by each worker's copy of this closure
        let start = Trail {
            operation,
            version: context.env_config.version.clone(),
            trace_id: context.xray_trace_id.clone().unwrap_or_default(),
            started: Some(Instant::now()),
            is_cold: is_cold.swap(false, Ordering::Relaxed),
            ..Trail::default()
        };
        let event = LambdaEvent { payload: as_sent(payload), context };
        trail::follow(start, handler.clone().call(event))
    };
    tokio::select! {
        biased; // the runtime's own reason first
        done = lambda_runtime::run_concurrent(service_fn(serve)) => done,
        Some(()) = ended.recv() => Err("a worker of the runtime ended".into()),
    }
}

/// Tells that a worker has ended: the worker alone holds it, and drops it with all that it held.
#[derive(Clone)]
struct Working(mpsc::Sender<()>);

impl Drop for Working {
    fn drop(&mut self) {
        // If there is no room, another worker has told already.
        let _ = self.0.try_send(());
    }
}

/// The request in a form that `lambda_http` reads without a loss or a panic.
///
/// It builds a URL from the host and the scheme that the caller sent, and panics if they form
/// none; we never use that URL. And of a header on several lines it keeps the last line only,
/// although API Gateway hands on all of them.
pub fn as_sent(mut request: LambdaRequest) -> LambdaRequest {
    if let LambdaRequest::ApiGatewayV1(request) = &mut request {
        for name in request.multi_value_headers.keys() {
            request.headers.remove(name);
        }
        request.headers.remove(HOST);
        request.headers.remove("X-Forwarded-Proto");
        request.request_context.domain_name = None;
    }
    request
}

/// The time of this machine.
#[expect(clippy::disallowed_methods, reason = "this is the one place that asks for the time")]
pub fn clock() -> Timestamp {
    Timestamp::now()
}

/// 32 bytes from the operating system's source of randomness.
///
/// # Panics
///
/// If there is none: no id could be drawn then.
pub fn random() -> [u8; 32] {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).expect("the operating system has randomness");
    bytes
}
