//! A sweep: something is done to every pool of an event, many at once, and again where another came
//! first or nobody answered, as long as there is time. What cannot be done to one pool is done to
//! all others.

use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use tokio::time::Instant;

use crate::desk::Desk;
use crate::event::{Event, PoolIndex};
use crate::store::{Store, StoreError};

/// So many pools at once: an event of 2,000 is done within a second or two in AWS.
const AT_ONCE: usize = 32;

/// No attempt starts later than this after its request came: within the 8 s of the function.
pub(crate) const TIME_MAX: Duration = Duration::from_secs(6);

/// The longest pause between two attempts at one pool.
pub(crate) const PAUSE: Duration = Duration::from_millis(60);

/// Does it to every pool. An attempt that says [`StoreError::Unavailable`] is made again, so it
/// must do no harm twice.
///
/// # Errors
///
/// One of those that attempts ended with.
pub(crate) async fn sweep<S: Store, F>(
    desk: &Desk<S>,
    event: &Event,
    started: Instant,
    attempt: impl Fn(PoolIndex) -> F,
) -> Result<(), StoreError>
where
    F: Future<Output = Result<(), StoreError>>,
{
    let attempt = &attempt;
    let pools: Vec<_> =
        event.pools.indices().map(|index| insist(desk, started, move || attempt(index))).collect();
    let mut pools = stream::iter(pools).buffer_unordered(AT_ONCE);
    let mut outcome = Ok(());
    while let Some(one) = pools.next().await {
        outcome = outcome.and(one);
    }
    outcome
}

/// Makes the attempt until it ends in another way than unknown, or there is no more time.
async fn insist<S: Store, F>(
    desk: &Desk<S>,
    started: Instant,
    attempt: impl Fn() -> F,
) -> Result<(), StoreError>
where
    F: Future<Output = Result<(), StoreError>>,
{
    loop {
        match attempt().await {
            Err(StoreError::Unavailable(_)) if started.elapsed() < TIME_MAX => {
                tokio::time::sleep(desk.jitter(PAUSE)).await;
            }
            ended => return ended,
        }
    }
}
