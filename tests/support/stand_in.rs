//! A stack that is none: it answers as the contract wants, and does not keep its promises.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::sale::unique;

/// How it misbehaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manners {
    /// Every order gets the same reservation, and no seat is ever gone.
    SellsOneSeatToAll,
    /// Every order is carried out, and only its retry learns of it.
    LosesEveryFirstAnswer,
}

/// It listens as long as its test runs.
#[derive(Debug)]
pub(crate) struct StandIn {
    pub(crate) url: String,
    listening: JoinHandle<()>,
}

/// The seats that are gone, and the reservations by their keys.
#[derive(Debug)]
struct Books {
    manners: Manners,
    gone: u64,
    sold: BTreeMap<String, String>,
}

type Shared = State<Arc<Mutex<Books>>>;

impl StandIn {
    pub(crate) async fn start(manners: Manners) -> Self {
        let books = Books { manners, gone: 0, sold: BTreeMap::new() };
        let routes = Router::new()
            .route("/events", post(async || StatusCode::CREATED))
            .route("/events/{event}", get(summarize))
            .route("/events/{event}/reservations", post(reserve))
            .with_state(Arc::new(Mutex::new(books)));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let listening = async { axum::serve(listener, routes).await.expect("it never ends") };
        Self { url, listening: tokio::spawn(listening) }
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn summarize(State(books): Shared, Path(event): Path<String>) -> Json<Value> {
    let gone = books.lock().expect("no handler panics").gone;
    Json(json!({
        "eventId": event,
        "totalSeats": 500,
        "availableSeats": 500 - gone,
        "reservedSeats": gone,
        "heldSeats": 0,
    }))
}

async fn reserve(
    State(books): Shared,
    Path(event): Path<String>,
    headers: HeaderMap,
    Json(order): Json<Value>,
) -> (StatusCode, Json<Value>) {
    let mut books = books.lock().expect("no handler panics");
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok());
    let key = key.map_or_else(|| unique("key"), str::to_owned);
    let known = match books.manners {
        Manners::SellsOneSeatToAll => Some("the-only-one".to_owned()),
        Manners::LosesEveryFirstAnswer => books.sold.get(&key).cloned(),
    };
    let Some(id) = known else {
        books.gone += order["seats"].as_u64().expect("a number");
        books.sold.insert(key, unique("reservation"));
        return (StatusCode::SERVICE_UNAVAILABLE, Json(json!({"code": "unavailable"})));
    };
    let reservation = json!({
        "reservationId": id,
        "eventId": event,
        "seats": order["seats"],
        "status": "confirmed",
    });
    (StatusCode::CREATED, Json(reservation))
}
