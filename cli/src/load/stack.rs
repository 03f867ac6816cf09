//! The stack as it is seen from outside: requests go in, and answers come out, or do not.
//!
//! Nothing is retried. A connection that is found closed before anything was written to it is
//! replaced, and that time counts like any other.

use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{Method, Request as HttpRequest, Response};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use serde_json::json;
use shared::access::AccessToken;
use shared::text::EventId;
use tokio::time::timeout;

use super::operations::{Request, What};
use super::target::Target;
use crate::Error;

/// No answer of the contract is longer.
const BODY_MAX: usize = 64 * 1024;

/// Less than any gateway keeps a connection open that nobody uses.
const IDLE: Duration = Duration::from_secs(20);

/// What became of a request.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    Answered { status: u16, body: Bytes },
    TimedOut,
    BrokenOff,
}

/// The stack, and who orders there.
#[derive(Debug)]
pub(crate) struct Stack {
    target: Target,
    keys: Vec<AccessToken>,
    client: HttpClient,
    timeout: Duration,
}

/// Without TLS there is no need for the machine's certificates, and it may have none.
#[derive(Debug)]
enum HttpClient {
    Plain(Client<HttpConnector, Body>),
    Secure(Client<HttpsConnector<HttpConnector>, Body>),
}

impl Stack {
    /// The stack there. Nothing is asked of it yet.
    ///
    /// # Errors
    ///
    /// [`Error::System`] when this machine knows no certificates.
    pub(crate) fn new(
        target: Target,
        keys: Vec<AccessToken>,
        timeout: Duration,
    ) -> Result<Self, Error> {
        let mut client = Client::builder(TokioExecutor::new());
        client.pool_idle_timeout(IDLE).pool_timer(TokioTimer::new());
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let client = if target.is_secure() {
            connector.enforce_http(false);
            let tls = HttpsConnectorBuilder::new().with_native_roots().map_err(no_certificates)?;
            HttpClient::Secure(
                client.build(tls.https_only().enable_http1().wrap_connector(connector)),
            )
        } else {
            HttpClient::Plain(client.build(connector))
        };
        Ok(Self { target, keys, client, timeout })
    }

    /// How many access keys there are to draw from.
    pub(crate) fn keys(&self) -> usize {
        self.keys.len()
    }

    /// Sends the request about this event's seats, and waits for the whole answer.
    pub(crate) async fn send(&self, event: &EventId, request: &Request) -> Reply {
        let event = format!("/events/{event}");
        let (method, path, body) = match &request.what {
            What::Reserve { seats } => {
                let order = json!({ "seats": seats }).to_string();
                (Method::POST, format!("{event}/reservations"), order)
            }
            What::Cancel(standing) => {
                (Method::DELETE, format!("{event}/reservations/{}", standing.id), String::new())
            }
            What::Show(standing) => {
                (Method::GET, format!("{event}/reservations/{}", standing.id), String::new())
            }
            What::Summarize => (Method::GET, event, String::new()),
        };
        let key = self.keys.get(request.key).expect("keys are chosen among these");
        self.ask(method, &path, key, request.idempotency_key.as_deref(), body).await
    }

    /// Puts an event with so many seats on sale.
    pub(crate) async fn create(&self, event: &EventId, seats: u32, key: &AccessToken) -> Reply {
        let body = json!({ "eventId": event.as_str(), "name": "Load", "totalSeats": seats });
        self.ask(Method::POST, "/events", key, None, body.to_string()).await
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        key: &AccessToken,
        idempotency_key: Option<&str>,
        body: String,
    ) -> Reply {
        let mut request = HttpRequest::builder()
            .method(method)
            .uri(self.target.at(path))
            .header(AUTHORIZATION, format!("Bearer {}", key.reveal()));
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        if let Some(idempotency_key) = idempotency_key {
            request = request.header("Idempotency-Key", idempotency_key);
        }
        let request = request.body(Body::from(body)).expect("all its parts are checked");
        timeout(self.timeout, self.client.exchange(request)).await.unwrap_or(Reply::TimedOut)
    }
}

impl HttpClient {
    async fn exchange(&self, request: HttpRequest<Body>) -> Reply {
        let response = match self {
            Self::Plain(client) => client.request(request).await,
            Self::Secure(client) => client.request(request).await,
        };
        let Ok(response) = response else { return Reply::BrokenOff };
        let (head, body) = Response::into_parts(response);
        match to_bytes(Body::new(body), BODY_MAX).await {
            Ok(body) => Reply::Answered { status: head.status.as_u16(), body },
            Err(_) => Reply::BrokenOff,
        }
    }
}

fn no_certificates(source: io::Error) -> Error {
    Error::System { what: "find this machine's certificates, which https needs", source }
}
