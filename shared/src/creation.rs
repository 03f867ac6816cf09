//! The creation of an event: its pools first, its own item last.
//!
//! One transaction takes 100 items, so a large event needs several. A claim on its id holds them
//! together: each step is on condition that the claim still stands, so what a creation that lost
//! its claim, or died, has written is nobody's, and is written over by the next. A step can be
//! repeated, so a step whose outcome is unknown is repeated, too.

use std::time::Duration;

use tokio::time::Instant;

use crate::desk::jitter;
use crate::event::Event;
use crate::pool::Pool;
use crate::problem::Problem;
use crate::refusal::Refusal;
use crate::store::{Commit, CreationStep, Store, StoreError};
use crate::trail;

/// How many pools one step writes: room is left for the event and what is written with it.
const STEP_POOLS_MAX: usize = 96;

/// How often it begins again after another creation came in between, and how long it goes on.
const ROUNDS_MAX: u32 = 6;
const TIME_MAX: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(100);

/// Creates the event, if there is none with its id. True if an earlier try of the same request has
/// created it. `random` chooses how long to pause before it begins again.
///
/// # Errors
///
/// [`Problem::EventExists`] if it is another request's, [`Refusal::IdempotencyKeyReused`] if this
/// request created another event or this event otherwise, [`Problem::Contended`], and the store's
/// errors: [`StoreError::Unavailable`] means that the outcome is unknown.
pub async fn create_event<S: Store>(
    store: &S,
    event: &Event,
    random: impl Fn() -> [u8; 32],
) -> Result<bool, Problem> {
    let (pools, started) = (Pool::open_all(event), Instant::now());
    let mut in_doubt = false;
    for round in 1.. {
        let outcome = match take_steps(store, event, &pools).await {
            Ok(Commit::Applied) => return Ok(false),
            Ok(Commit::Conflict(_)) => own_work(store, event).await,
            Err(StoreError::Unavailable(cause)) => {
                trail::note(|trail| trail.doubt(cause.as_ref()));
                in_doubt = true;
                own_work(store, event).await
            }
            Err(error) => Err(error.into()),
        };
        match outcome {
            Ok(true) => return Ok(true),
            Ok(false) if round < ROUNDS_MAX && started.elapsed() < TIME_MAX => {
                tokio::time::sleep(jitter(random(), PAUSE)).await;
            }
            Ok(false) if in_doubt => {
                return Err(StoreError::Unavailable("an event may yet be created".into()).into());
            }
            Ok(false) => return Err(Problem::Contended { attempts: round }),
            // While it may have been created, no error is final.
            Err(Problem::Store(error)) if in_doubt => {
                return Err(StoreError::Unavailable(Box::new(error)).into());
            }
            Err(problem) => return Err(problem),
        }
    }
    unreachable!("the rounds are bounded")
}

/// All steps, up to the first that is not taken.
async fn take_steps<S: Store>(
    store: &S,
    event: &Event,
    pools: &[Pool],
) -> Result<Commit, StoreError> {
    let (first, last) = pools.split_at(pools.len().saturating_sub(STEP_POOLS_MAX));
    let is_claimed = !first.is_empty();
    let claim = is_claimed.then_some(CreationStep::Claim);
    let first = first.chunks(STEP_POOLS_MAX).map(CreationStep::Pools);
    let last = CreationStep::Event { pools: last, is_claimed };
    for step in claim.into_iter().chain(first).chain([last]) {
        let taken = store.create(event, step).await?;
        if taken != Commit::Applied {
            return Ok(taken);
        }
    }
    Ok(Commit::Applied)
}

/// Whether the event stands, and is the work of an earlier try of this very request.
async fn own_work<S: Store>(store: &S, event: &Event) -> Result<bool, Problem> {
    if let Some(standing) = store.load_event(&event.id).await? {
        let is_ours = standing.created_by == event.created_by;
        let is_same = standing.name == event.name
            && standing.total_seats == event.total_seats
            && standing.ends_at == event.ends_at
            && standing.terms == event.terms;
        return match (is_ours, is_same) {
            (true, true) => Ok(true),
            // Its organiser has changed it since, and what was asked for is not known any more.
            (true, false) if standing.revision > event.revision => Ok(true),
            (true, false) => Err(Refusal::IdempotencyKeyReused.into()),
            (false, _) => Err(Problem::EventExists),
        };
    }
    match store.load_creation(event.created_by).await? {
        Some(other) if other != event.id => Err(Refusal::IdempotencyKeyReused.into()),
        Some(_) | None => Ok(false),
    }
}
