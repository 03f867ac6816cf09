//! An instance of all functions, with a clock of its own.

use std::pin::Pin;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use lambda_http::{Body, Request, Response};
use serde_json::Value;
use shared::desk::Desk;
use shared::problem::Problem;
use shared::store::Store;
use tokio::time::Instant;

use crate::support::nouns;
use crate::support::simulated::weather::Dice;

/// How far the clocks of two instances may be apart.
pub(crate) const SKEW_MS_MAX: u64 = 4_000;

/// How many instances of the functions a world has.
pub(crate) const INSTANCES: u64 = 4;

/// An instance of all functions: hands a request to the function that serves the operation.
pub(crate) type Instance = Arc<dyn Fn(Operation, Request) -> Handled + Send + Sync>;
type Handled = Pin<Box<dyn Future<Output = Result<Response<Body>, Problem>> + Send>>;

/// Which operation a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Reserve,
    Cancel,
    Show,
    Summarize,
    Amend,
    Confirm,
    Extend,
    List,
    AmendEvent,
    CancelAll,
}

/// An instance on this store, with a clock of its own.
pub(crate) fn instance<S: Store + Clone + 'static>(store: &S, dice: &Dice) -> Instance {
    let (started, skew) = (Instant::now(), dice.between(0, SKEW_MS_MAX));
    let skew = SignedDuration::from_millis(i64::try_from(skew).expect("seconds"));
    let clock = move || -> Timestamp {
        let elapsed = SignedDuration::try_from(started.elapsed()).expect("minutes");
        nouns::start_of_time() + skew + elapsed
    };
    let dice = dice.clone();
    let default_event = "on-sale".parse().expect("an id");
    let desk = Arc::new(Desk::new(store.clone(), default_event, clock, move || dice.bytes()));
    Arc::new(move |operation, request| {
        let desk = Arc::clone(&desk);
        Box::pin(async move { handle(operation, &desk, &request).await })
    })
}

/// Hands a request to the function that serves it.
pub(crate) async fn handle<S: Store>(
    operation: Operation,
    desk: &Desk<S>,
    request: &Request,
) -> Result<Response<Body>, Problem> {
    match operation {
        Operation::Reserve => reserve_seats::reserve_seats(desk, request).await,
        Operation::Cancel => cancel_reservation::cancel_reservation(desk, request).await,
        Operation::Show => show_reservation::show_reservation(desk, request).await,
        Operation::Summarize => summarize_event::summarize_event(desk, request).await,
        Operation::Amend => amend_reservation::amend_reservation(desk, request).await,
        Operation::Confirm => confirm_reservation::confirm_reservation(desk, request).await,
        Operation::AmendEvent => amend_event::amend_event(desk, request).await,
        Operation::CancelAll => {
            cancel_all_reservations::cancel_all_reservations(desk, request).await
        }
        Operation::List => list_reservations::list_reservations(desk, request).await,
        Operation::Extend => extend_reservation::extend_reservation(desk, request).await,
    }
}

pub(crate) fn body_of(response: &Response<Body>) -> Value {
    serde_json::from_slice(response.body().as_ref()).unwrap_or(Value::Null)
}
