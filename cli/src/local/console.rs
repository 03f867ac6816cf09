//! `/console`: what an operator sees of a sale, on one machine. Seats, sales a second, latency, and
//! the newest requests with all that their line in the log tells.
//!
//! It knows what the functions say in the log, as CloudWatch does, and asks for the events' numbers
//! as a partner may. Only this stack has it; nothing here is deployed.

mod figures;
mod line;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{Method, Response};
use serde_json::{Value, json};
use shared::boot::{clock, random};
use shared::config::DEFAULT_EVENT_ID;
use shared::desk::Desk;
use shared::dynamo::DynamoStore;
use shared::lookout;
use shared::summary::Summary;

use self::figures::Figures;
pub(super) use self::line::Line;

const PAGE: &str = include_str!("console/page.html");

/// How many requests are under way at each function, and how many it may serve at once.
pub(crate) type Busy = BTreeMap<String, (usize, usize)>;

/// What is shown, as it comes to be known.
#[derive(Debug)]
pub(crate) struct Console {
    figures: Mutex<Figures>,
    desk: Desk<DynamoStore>,
}

impl Console {
    /// A console of the stack on this table. It has seen nothing yet.
    pub(crate) fn new(store: DynamoStore) -> Self {
        let default_event = DEFAULT_EVENT_ID.parse().expect("it is an id");
        let desk = Desk::new(store, default_event, clock, random);
        Self { figures: Mutex::default(), desk }
    }

    /// Takes a request's line down.
    pub(super) fn note(&self, line: Line) {
        self.figures().note(line, clock().as_second());
    }

    /// The page, or what it shows; `None` for any other request.
    pub(super) async fn answer(
        &self,
        method: &Method,
        path: &str,
        busy: impl Fn() -> Busy,
    ) -> Option<Response<Body>> {
        let (content_type, body) = match (method, path) {
            (&Method::GET, "/console") => ("text/html; charset=utf-8", PAGE.to_owned()),
            (&Method::GET, "/console/data") => {
                ("application/json", self.shown(busy()).await.to_string())
            }
            _ => return None,
        };
        let response = Response::builder()
            .header(CONTENT_TYPE, content_type)
            .header(CACHE_CONTROL, "no-store")
            .body(Body::from(body));
        Some(response.expect("its headers are written here"))
    }

    async fn shown(&self, busy: Busy) -> Value {
        let (mut shown, events) = {
            let figures = self.figures();
            (figures.shown(clock().as_second()), figures.events())
        };
        let mut summaries = Vec::new();
        for id in events {
            summaries.extend(self.summarize(&id).await);
        }
        let busy = busy.into_iter().map(|(name, (under_way, capacity))| {
            json!({"function": name, "underWay": under_way, "capacity": capacity})
        });
        let members = shown.as_object_mut().expect("an object is shown");
        members.insert("events".to_owned(), json!(summaries));
        members.insert("busy".to_owned(), busy.collect());
        shown
    }

    /// The event's numbers, unless there is none of this id, or the table does not answer.
    async fn summarize(&self, id: &str) -> Option<Summary> {
        let event = self.desk.event(&id.parse().ok()?).await.ok()?;
        let census = lookout::census(&self.desk, &event).await.ok()?;
        let event = self.desk.event_since(event, census.revision).await.ok()?;
        Some(Summary::of(&event, &census, clock()))
    }

    fn figures(&self) -> MutexGuard<'_, Figures> {
        self.figures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
