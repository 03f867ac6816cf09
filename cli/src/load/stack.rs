//! The stack as it is seen from outside: requests go in, and answers come out, or do not.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{Method, Request as HttpRequest};
use serde_json::json;
use shared::access::AccessToken;
use shared::text::EventId;
use tokio::time::timeout;

use super::operations::{Request, What};
use crate::Error;
use crate::http_client::HttpClient;
use crate::target::Target;

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
        let client = HttpClient::for_target(&target)?;
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
        match timeout(self.timeout, self.client.exchange(request)).await {
            Ok(Some(response)) => {
                Reply::Answered { status: response.status().as_u16(), body: response.into_body() }
            }
            Ok(None) => Reply::BrokenOff,
            Err(_) => Reply::TimedOut,
        }
    }
}
