//! The handlers in process, on any store: requests as API Gateway hands them over, real JSON, a
//! clock that stands still and chance from a seed. No HTTP.

use std::collections::BTreeMap;

use amend_event::amend_event;
use amend_reservation::amend_reservation;
use cancel_all_reservations::cancel_all_reservations;
use cancel_reservation::cancel_reservation;
use check_health::check_health;
use confirm_reservation::confirm_reservation;
use create_event::create_event;
use extend_reservation::extend_reservation;
use jiff::Timestamp;
use lambda_http::{Body, Request, Response};
use list_events::list_events;
use list_reservations::list_reservations;
use reserve_seats::reserve_seats;
use serde_json::{Value, json};
use shared::answer::finish;
use shared::boot;
use shared::config::DEFAULT_EVENT_ID;
use shared::creation;
use shared::desk::Desk;
use shared::event::Event;
use shared::problem::Problem;
use shared::store::Store;
use show_cancellation::show_cancellation;
use show_docs::show_docs;
use show_reservation::show_reservation;
use summarize_event::summarize_event;

use super::answer::Answer;
use super::simulated::weather::Dice;
use super::{contract, nouns};

/// A desk on this store.
pub(crate) fn desk<S: Store>(store: S) -> Desk<S> {
    desk_at(store, nouns::start_of_time)
}

/// A desk on this store, with this clock.
pub(crate) fn desk_at<S: Store>(store: S, clock: fn() -> Timestamp) -> Desk<S> {
    let dice = Dice::new(1);
    let default_event = DEFAULT_EVENT_ID.parse().expect("an event id");
    Desk::new(store, default_event, clock, move || dice.bytes())
}

/// Puts an event with so many seats on sale.
pub(crate) async fn open<S: Store>(store: &S, id: &str, seats: u64) -> Event {
    let event = nouns::event(id, seats);
    let replayed = create(store, &event).await.expect("the store answers");
    assert!(!replayed, "it is new");
    event
}

/// Creates this event, or finds that it did before.
pub(crate) async fn create<S: Store>(store: &S, event: &Event) -> Result<bool, Problem> {
    let dice = Dice::new(1);
    creation::create_event(store, event, || dice.bytes()).await
}

/// A request, as the gateway hands it to a function.
#[derive(Debug, Clone)]
pub(crate) struct Incoming {
    method: &'static str,
    path: String,
    caller: Option<(String, String)>,
    headers: BTreeMap<String, Vec<String>>,
    body: Option<String>,
}

/// A request of `abc-corp`'s.
pub(crate) fn incoming(method: &'static str, path: impl Into<String>) -> Incoming {
    let caller = Some(("abc-corp".to_owned(), "partner".to_owned()));
    Incoming { method, path: path.into(), caller, headers: BTreeMap::new(), body: None }
}

impl Incoming {
    pub(crate) fn from(self, id: &str, role: &str) -> Self {
        Self { caller: Some((id.to_owned(), role.to_owned())), ..self }
    }

    /// To another path.
    pub(crate) fn to(self, path: &str) -> Self {
        Self { path: path.to_owned(), ..self }
    }

    /// As if the gateway was set up without its authorizer.
    pub(crate) fn unauthorized(self) -> Self {
        Self { caller: None, ..self }
    }

    /// With one more line of this header.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.entry(name.to_owned()).or_default().push(value.to_owned());
        self
    }

    pub(crate) fn keyed(self, key: &str) -> Self {
        self.header("Idempotency-Key", key)
    }

    pub(crate) fn body(self, body: &Value) -> Self {
        self.text(&body.to_string())
    }

    /// With this body, whatever it says.
    pub(crate) fn text(self, body: &str) -> Self {
        Self { body: Some(body.to_owned()), ..self }
    }

    fn into_request(self) -> Request {
        let (path, query) = self.path.split_once('?').unwrap_or((&self.path, ""));
        let segments: Vec<_> = path.split('/').skip(1).collect();
        let parameters = match segments.as_slice() {
            ["reservations", id] => json!({ "reservationId": id }),
            ["events", event] | ["events", event, "reservations"] => json!({ "eventId": event }),
            ["events", event, "cancellations"] => json!({ "eventId": event }),
            ["events", event, "cancellations", id] => {
                json!({ "eventId": event, "cancellationId": id })
            }
            ["events", event, "reservations", id] => {
                json!({ "eventId": event, "reservationId": id })
            }
            ["reservations", id, _] => json!({ "reservationId": id }),
            ["events", event, "reservations", id, _] => {
                json!({ "eventId": event, "reservationId": id })
            }
            ["docs", asset] => json!({ "asset": asset }),
            _ => Value::Null,
        };
        let query: BTreeMap<_, _> =
            query.split('&').filter_map(|pair| pair.split_once('=')).collect();
        let last_lines: BTreeMap<_, _> =
            self.headers.iter().map(|(name, lines)| (name, lines.last())).collect();
        let authorizer = self.caller.map(|(id, role)| json!({ "partnerId": id, "role": role }));
        let handed_over = json!({
            "resource": path,
            "path": path,
            "httpMethod": self.method,
            "headers": last_lines,
            "multiValueHeaders": self.headers,
            "queryStringParameters": query,
            "pathParameters": parameters,
            "requestContext": {
                "requestId": "in-process",
                "stage": "v1",
                "httpMethod": self.method,
                "authorizer": authorizer.unwrap_or(json!({})),
            },
            "body": self.body,
            "isBase64Encoded": false,
        });
        let request = serde_json::from_str(&handed_over.to_string()).expect("a proxy request");
        boot::as_sent(request).into()
    }

    /// Hands it to the function that serves it, as its `main` does; the answer must be one that
    /// openapi.yaml allows.
    pub(crate) async fn at<S: Store>(self, desk: &Desk<S>) -> Answer {
        let (method, path) = (self.method, self.path.clone());
        let request = &self.into_request();
        let (path, _) = path.split_once('?').unwrap_or((&path, ""));
        let segments: Vec<_> = path.trim_end_matches('/').split('/').skip(1).collect();
        let outcome = match (method, segments.as_slice()) {
            ("POST", ["reservations"] | ["events", _, "reservations"]) => {
                reserve_seats(desk, request).await
            }
            ("PATCH", [.., "reservations", _]) => amend_reservation(desk, request).await,
            ("DELETE", ["reservations", _] | ["events", _, "reservations", _]) => {
                cancel_reservation(desk, request).await
            }
            ("GET" | "HEAD", ["reservations", _] | ["events", _, "reservations", _]) => {
                show_reservation(desk, request).await
            }
            ("GET" | "HEAD", ["events", _, "reservations"]) => {
                list_reservations(desk, request).await
            }
            ("GET" | "HEAD", ["events"]) => list_events(desk, request).await,
            ("GET" | "HEAD", ["reservations"] | ["events", _]) => {
                summarize_event(desk, request).await
            }
            ("POST", [.., "reservations", _, "confirm"]) => {
                confirm_reservation(desk, request).await
            }
            ("POST", [.., "reservations", _, "extend"]) => extend_reservation(desk, request).await,
            ("POST", ["events"]) => create_event(desk, request).await,
            ("POST", ["events", _, "cancellations"]) => {
                cancel_all_reservations(desk, request).await
            }
            ("GET" | "HEAD", ["events", _, "cancellations", _]) => {
                show_cancellation(desk, request).await
            }
            ("PATCH", ["events", _]) => amend_event(desk, request).await,
            ("GET" | "HEAD", ["healthcheck"]) => check_health(desk, request).await,
            ("GET" | "HEAD", ["docs" | "docs.json"] | ["docs", _]) => show_docs(request),
            _ => panic!("no function serves {method} {path}"),
        };
        let Ok(response) = finish(request, outcome);
        let answer = to_answer(&response);
        contract::check(method, path, &answer);
        answer
    }
}

pub(crate) fn to_answer(response: &Response<Body>) -> Answer {
    let body: &[u8] = response.body().as_ref();
    let text = String::from_utf8(body.to_vec()).expect("every answer is UTF-8");
    Answer { status: response.status().as_u16(), headers: response.headers().clone(), text }
}
