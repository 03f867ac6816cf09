//! How all reservations of an event come to be cancelled: the sale is closed first, then each pool
//! gives all its seats back, in one commit.
//!
//! A commit cancels what is live, on condition of what it read: so each reservation is cancelled
//! once, and whatever broke off can be begun again. What was done is seen in the pools themselves.

use tokio::time::Instant;

use crate::amending::amend_event;
use crate::desk::Desk;
use crate::event::{Event, EventAmendment, PoolIndex};
use crate::mark::RequestMark;
use crate::problem::Problem;
use crate::store::{Commit, Store, StoreError};
use crate::sweep::sweep;
use crate::terms::Sale;
use crate::text::EventId;

/// What has become of the reservations of an event whose organiser cancels all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// How many it has cancelled, of those that are still kept.
    pub cancelled: u64,
    /// Their seats.
    pub seats: u64,
    /// How many are left to cancel.
    pub live: u64,
}

/// How the cancellation of all stands after a request for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cancelling {
    /// The event, whose sale is closed.
    pub event: Event,
    /// How far it came.
    pub progress: Progress,
    /// Whether an earlier try had begun it.
    pub replayed: bool,
}

/// Closes the sale and cancels all reservations, as far as there is time. The same request again
/// goes on with it.
///
/// # Errors
///
/// Those of [`amend_event`], and the store's when no pool can be read.
pub async fn cancel_all<S: Store>(
    desk: &Desk<S>,
    id: &EventId,
    by: RequestMark,
) -> Result<Cancelling, Problem> {
    let started = Instant::now();
    let standing = desk.store.load_event(id).await?.ok_or(Problem::EventNotFound)?;
    // If its organiser has opened the sale again since, a late retry does not close it.
    let replayed = standing.cancelled_by == Some(by);
    if replayed && standing.terms.sale != Sale::Closed {
        let progress = progress(desk, &standing).await?;
        return Ok(Cancelling { event: standing, progress, replayed });
    }
    let (sale, cancelled_by) = (Some(Sale::Closed), Some(by));
    let amendment = EventAmendment { sale, cancelled_by, ..EventAmendment::default() };
    let event = amend_event(desk, id, &amendment, |_| true).await?.event;

    let outcome = sweep(desk, &event, started, |index| cancel_in(desk, &event, index, by)).await;
    let progress = progress(desk, &event).await?;
    // What is left is told, if it is only a matter of time.
    match outcome {
        Ok(()) | Err(StoreError::Unavailable(_)) => Ok(Cancelling { event, progress, replayed }),
        Err(error) => Err(error.into()),
    }
}

/// Gives all seats of one pool back, unless its sale was opened again meanwhile: what was sold
/// since is not meant.
async fn cancel_in<S: Store>(
    desk: &Desk<S>,
    event: &Event,
    index: PoolIndex,
    by: RequestMark,
) -> Result<(), StoreError> {
    let pool = desk.store.load_pool(event, index).await?;
    if pool.terms().sale != Sale::Closed {
        return Ok(());
    }
    let Some(change) = pool.cancel_all(by, desk.now()) else { return Ok(()) };
    match desk.store.commit(event, &[change]).await? {
        Commit::Applied => Ok(()),
        Commit::Conflict(_) => Err(StoreError::Unavailable("a pool is busy".into())),
    }
}

/// What the pools show of the event's last cancellation of all.
///
/// # Errors
///
/// The store's.
pub async fn progress<S: Store>(desk: &Desk<S>, event: &Event) -> Result<Progress, StoreError> {
    let mut progress = Progress::default();
    for pool in desk.store.load_pools(event).await? {
        let pool = pool.settled(desk.now());
        for one in pool.reservations() {
            match one.cancelled {
                Some(cancellation) if Some(cancellation.by) == event.cancelled_by => {
                    progress.cancelled = progress.cancelled.saturating_add(1);
                    progress.seats = progress.seats.saturating_add(one.seats.get().into());
                }
                None if one.is_live() => progress.live = progress.live.saturating_add(1),
                Some(_) | None => {}
            }
        }
    }
    Ok(progress)
}
