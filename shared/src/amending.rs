//! How an event comes to be changed: its own item first, then each of its pools, then its item once
//! more, to say that all pools know.
//!
//! Once that is answered, no pool takes an order against the new terms: a commit is on condition of
//! the terms that it read. A change that breaks off half-way leaves the event marked. The next one,
//! or the same asked again, puts all pools on its own terms, which are whole, so nothing is left
//! to undo.

use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use tokio::time::Instant;

use crate::desk::{Desk, jitter};
use crate::event::{Event, EventAmendment, PoolIndex};
use crate::problem::Problem;
use crate::store::{Commit, Store, StoreError};
use crate::text::EventId;
use crate::trail;

/// So many pools at once: an event of 2,000 has all of them changed well within a second in AWS.
const AT_ONCE: usize = 32;

/// How often it begins again after another change came in between, and how long it goes on.
const ROUNDS_MAX: u32 = 8;
const TIME_MAX: Duration = Duration::from_secs(6);
const PAUSE: Duration = Duration::from_millis(60);

/// An event as it is, now that all its pools know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amended {
    /// The event.
    pub event: Event,
    /// Whether it was as asked already.
    pub replayed: bool,
}

/// Changes the event, if its caller means the revision it has. If it is as asked already, whatever
/// revision the caller has seen, its work is done, but for what an earlier try has left.
///
/// # Errors
///
/// [`Problem::EventNotFound`], [`Problem::EventChanged`], [`Problem::InvalidRequest`] if its terms
/// would contradict each other, [`Problem::Contended`], and the store's errors:
/// [`StoreError::Unavailable`] means that the change may be under way.
pub async fn amend_event<S: Store>(
    desk: &Desk<S>,
    id: &EventId,
    amendment: &EventAmendment,
    is_meant: impl Fn(u64) -> bool,
) -> Result<Amended, Problem> {
    let (started, mut in_doubt) = (Instant::now(), false);
    let mut last = Problem::Contended { attempts: ROUNDS_MAX };
    for round in 1.. {
        match write(desk, id, amendment, &is_meant, &mut in_doubt).await {
            Ok(Some((event, replayed))) => {
                impose(desk, &event, started).await.map_err(unfinished)?;
                let event = finish(desk, event, started).await.map_err(unfinished)?;
                return Ok(Amended { event, replayed: replayed && !in_doubt });
            }
            Ok(None) => {}
            Err(Problem::Store(StoreError::Unavailable(cause))) => {
                trail::note(|trail| trail.doubt(cause.as_ref()));
                last = StoreError::Unavailable(cause).into();
            }
            // While it may have been changed, no error is final.
            Err(Problem::Store(error)) if in_doubt => {
                return Err(StoreError::Unavailable(Box::new(error)).into());
            }
            Err(problem) => return Err(problem),
        }
        if round == ROUNDS_MAX || started.elapsed() >= TIME_MAX {
            break;
        }
        tokio::time::sleep(jitter(desk.random(), PAUSE)).await;
    }
    if in_doubt {
        return Err(StoreError::Unavailable("an event may yet be changed".into()).into());
    }
    Err(last)
}

/// Writes the event as it shall be, and gives it; also if it is like that already. `None` if
/// another change came first. From a write without an answer on, the request is in doubt.
async fn write<S: Store>(
    desk: &Desk<S>,
    id: &EventId,
    amendment: &EventAmendment,
    is_meant: impl Fn(u64) -> bool,
    in_doubt: &mut bool,
) -> Result<Option<(Event, bool)>, Problem> {
    let standing = desk.store.load_event(id).await?.ok_or(Problem::EventNotFound)?;
    let amended = standing.amended(amendment);
    if amended == standing {
        return Ok(Some((standing, true)));
    }
    if !is_meant(standing.revision) {
        let unknown = "it may have been changed, and then once more";
        let unknown = || StoreError::Unavailable(unknown.into()).into();
        return Err(if *in_doubt { unknown() } else { Problem::EventChanged });
    }
    if !amended.terms.are_in_order() {
        return Err(Problem::sale_never_open());
    }
    let amended =
        Event { revision: standing.revision.saturating_add(1), is_changing: true, ..amended };
    match desk.store.amend(&amended, standing.revision).await {
        Ok(Commit::Applied) => Ok(Some((amended, false))),
        Ok(Commit::Conflict(_)) => Ok(None),
        Err(error) => {
            *in_doubt |= matches!(error, StoreError::Unavailable(_));
            Err(error.into())
        }
    }
}

/// Puts all pools on the event's terms, if they are not on later ones. What cannot be done with one
/// pool is done with all others.
async fn impose<S: Store>(
    desk: &Desk<S>,
    event: &Event,
    started: Instant,
) -> Result<(), StoreError> {
    if !event.is_changing {
        return Ok(());
    }
    let pools: Vec<_> =
        event.pools.indices().map(|index| impose_on(desk, event, index, started)).collect();
    let mut imposed = stream::iter(pools).buffer_unordered(AT_ONCE);
    let mut outcome = Ok(());
    while let Some(one) = imposed.next().await {
        outcome = outcome.and(one);
    }
    outcome
}

async fn impose_on<S: Store>(
    desk: &Desk<S>,
    event: &Event,
    index: PoolIndex,
    started: Instant,
) -> Result<(), StoreError> {
    loop {
        let error = match desk.store.impose(event, index).await {
            Ok(Commit::Applied) => return Ok(()),
            // An earlier try, or a later change, was here.
            Ok(Commit::Conflict(Some(pool))) if pool.revision() >= event.revision => return Ok(()),
            Ok(Commit::Conflict(_)) => StoreError::Unavailable("a pool is busy".into()),
            Err(error @ StoreError::Unavailable(_)) => error,
            Err(error) => return Err(error),
        };
        if started.elapsed() >= TIME_MAX {
            return Err(error);
        }
        tokio::time::sleep(jitter(desk.random(), PAUSE)).await;
        if desk
            .store
            .load_pool(event, index)
            .await
            .is_ok_and(|pool| pool.revision() >= event.revision)
        {
            return Ok(());
        }
    }
}

/// Notes at the event that all pools know, unless a later change is under way, which says so
/// itself.
async fn finish<S: Store>(
    desk: &Desk<S>,
    event: Event,
    started: Instant,
) -> Result<Event, StoreError> {
    if !event.is_changing {
        return Ok(event);
    }
    let finished = Event { is_changing: false, ..event };
    loop {
        match desk.store.amend(&finished, finished.revision).await {
            Ok(Commit::Applied) => return Ok(finished),
            Err(error) if started.elapsed() >= TIME_MAX => return Err(error),
            Ok(Commit::Conflict(_)) | Err(StoreError::Unavailable(_)) => {}
            Err(error) => return Err(error),
        }
        match desk.store.load_event(&finished.id).await {
            Ok(Some(standing)) if standing.revision != finished.revision => return Ok(finished),
            Ok(Some(standing)) if !standing.is_changing => return Ok(finished),
            _ if started.elapsed() >= TIME_MAX => {
                return Err(StoreError::Unavailable("an event is busy".into()));
            }
            _ => tokio::time::sleep(jitter(desk.random(), PAUSE)).await,
        }
    }
}

/// A change that is written and not on all pools yet: the same request finishes it.
fn unfinished(error: StoreError) -> Problem {
    match error {
        StoreError::Rejected(cause) => StoreError::Unavailable(cause).into(),
        error @ (StoreError::Unavailable(_) | StoreError::Corrupt { .. }) => error.into(),
    }
}
