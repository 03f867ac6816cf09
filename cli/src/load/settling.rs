//! After the load: what nobody answered is asked again, until the books can be closed.
//!
//! A cancellation can be, by itself: a second one is refused because the first was carried out. An
//! order can be if it had an Idempotency-Key; without one it may buy twice, so it stays unknown.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::answers::{Outcome, judge};
use super::crowd::Crowd;
use super::operations::{Request, What};

/// A stack that is gone does not come back sooner for being asked by many.
const AT_ONCE: usize = 16;
const TRIES_MAX: u8 = 20;
const PAUSE: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(90);

/// Finds out what became of all that can be found out, in bounded time. Returns of how many
/// requests it stays unknown.
pub(crate) async fn settle(crowd: &Arc<Crowd>) -> usize {
    let unsettled = std::mem::take(&mut crowd.state().unsettled);
    let mut unknown = unsettled.len();
    if unknown > 0 {
        eprintln!("Finding out what became of unanswered requests: {unknown}");
    }
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut settling = JoinSet::new();
    for request in unsettled {
        if can_be_asked_again(&request) {
            settling.spawn(ask_again(Arc::clone(crowd), request, Arc::clone(&places)));
        }
    }
    let settled = async {
        while let Some(is_settled) = settling.join_next().await {
            let is_settled = is_settled.expect("asking does not panic");
            unknown = unknown.saturating_sub(usize::from(is_settled));
        }
    };
    // What is not found out in that time stays unknown.
    let _ = timeout(PATIENCE, settled).await;
    unknown
}

fn can_be_asked_again(request: &Request) -> bool {
    match request.what {
        What::Reserve { .. } => request.idempotency_key.is_some(),
        What::Cancel(_) => true,
        What::Show(_) | What::Summarize => false,
    }
}

/// Asks until it is known what became of the request, and enters that; or says that it is not.
async fn ask_again(crowd: Arc<Crowd>, request: Request, places: Arc<Semaphore>) -> bool {
    let _place = places.acquire().await.expect("nobody closes it");
    for _ in 0..TRIES_MAX {
        let sent = crowd.start.elapsed();
        let reply = crowd.stack.send(&crowd.event, &request).await;
        let mut judgement = judge(&crowd.event, &request, &reply);
        if matches!(request.what, What::Cancel(_)) && judgement.label == "404 reservation-not-found"
        {
            judgement.outcome = Outcome::Cancelled;
            judgement.wrong = None;
        }
        match judgement.outcome {
            Outcome::Sold(_) | Outcome::SoldOut { .. } | Outcome::Cancelled => {
                crowd.close(request, sent, judgement);
                return true;
            }
            // A refusal for another reason says nothing about the try before.
            Outcome::Refused | Outcome::Unknown | Outcome::Read | Outcome::Summarized(_) => {
                sleep(PAUSE).await;
            }
        }
    }
    false
}
