//! How an event comes to be changed: its own item first, then each of its pools, then its item once
//! more, to say that all pools know.
//!
//! Once that is answered, no pool takes an order against the new terms: a commit is on condition of
//! the terms that it read. A change that breaks off half-way leaves the event marked. The next one,
//! or the same asked again, puts all pools on its own terms, which are whole, so nothing is left
//! to undo.

use tokio::time::Instant;

use crate::desk::Desk;
use crate::event::{Event, EventAmendment, PoolIndex};
use crate::problem::Problem;
use crate::store::{Commit, Store, StoreError};
use crate::sweep::{PAUSE, TIME_MAX, sweep};
use crate::text::EventId;
use crate::trail;

/// How often it begins again after another change came in between.
const ROUNDS_MAX: u32 = 8;

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
                if !event.is_changing {
                    return Ok(Amended { event, replayed: replayed && !in_doubt });
                }
                let imposed = sweep(desk, &event, started, |index| impose(desk, &event, index));
                imposed.await.map_err(unfinished)?;
                let event = finish(desk, event, started).await.map_err(unfinished)?;
                return Ok(Amended { event, replayed: replayed && !in_doubt });
            }
            Ok(None) => {}
            Err(problem @ Problem::Store(StoreError::Unavailable(_))) => last = problem,
            // While it may have been changed, no error is final.
            Err(Problem::Store(error)) if in_doubt => {
                return Err(StoreError::Unavailable(Box::new(error)).into());
            }
            Err(problem) => return Err(problem),
        }
        if round == ROUNDS_MAX || started.elapsed() >= TIME_MAX {
            break;
        }
        tokio::time::sleep(desk.jitter(PAUSE)).await;
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
            if let StoreError::Unavailable(cause) = &error {
                trail::note(|trail| trail.doubt(cause.as_ref()));
                *in_doubt = true;
            }
            Err(error.into())
        }
    }
}

/// Puts one pool on the event's terms, if it is not on later ones.
async fn impose<S: Store>(
    desk: &Desk<S>,
    event: &Event,
    index: PoolIndex,
) -> Result<(), StoreError> {
    match desk.store.impose(event, index).await? {
        Commit::Applied => Ok(()),
        // An earlier try, or a later change, was here.
        Commit::Conflict(Some(pool)) if pool.revision() >= event.revision => Ok(()),
        Commit::Conflict(_) => Err(StoreError::Unavailable("a pool is busy".into())),
    }
}

/// Notes at the event that all pools know, unless a later change is under way, which says so
/// itself.
async fn finish<S: Store>(
    desk: &Desk<S>,
    event: Event,
    started: Instant,
) -> Result<Event, StoreError> {
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
            _ => tokio::time::sleep(desk.jitter(PAUSE)).await,
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
