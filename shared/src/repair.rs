//! The repair of an event whose table was restored from a backup.
//!
//! A backup is not of one moment: of a gather, which moves free seats between pools in one
//! transaction, it may have one half. Then all pools together have too few seats, or too many, and
//! each pool for itself adds up. Nothing that sells, cancels or gathers changes their sum, so the
//! difference is what the backup lost or doubled, all of it free seats: it is put into one pool, or
//! taken from those that have free seats. What cannot be explained like this is left as it is.

use jiff::Timestamp;

use crate::audit::{Pools, inspect};
use crate::event::Event;
use crate::findings::{Findings, Violation};
use crate::pool::Change;
use crate::store::{Books, StoreError};

/// How many pools one commit may change: DynamoDB's bound on a transaction.
const POOLS_MAX: usize = 100;

/// How often seats may be sold in between before it gives up.
const ROUNDS_MAX: u32 = 10;

/// What became of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repair {
    /// Nothing was wrong.
    Sound,
    /// So many free seats were put in (or, below zero, taken out), and all is well now.
    Mended(i64),
    /// What is wrong with it can only be mended by a person who knows what happened. Nothing of it
    /// was changed.
    Left(Findings),
}

/// Mends the event as far as arithmetic proves how. One repair at a time: two would each put in
/// what is missing.
///
/// # Errors
///
/// [`StoreError`] when the store does not answer. Begin again then: what was mended stays so.
pub async fn repair_event<B: Books>(
    books: &B,
    event: &Event,
    now: Timestamp,
) -> Result<Repair, StoreError> {
    let mut put_in = 0;
    for _ in 0..ROUNDS_MAX {
        let (findings, pools) = inspect(books, event).await?;
        let (capacity, total) = match findings.violations.as_slice() {
            [] if !findings.unsettled && put_in == 0 => return Ok(Repair::Sound),
            [] if !findings.unsettled => return Ok(Repair::Mended(put_in)),
            [Violation::TotalWrong { capacity, total }] => (*capacity, u64::from(*total)),
            _ => return Ok(Repair::Left(findings)),
        };
        let Some(changes) = plan(event, &pools, capacity, total, now) else {
            return Ok(Repair::Left(findings));
        };
        // A race that seems lost may be lost to a try of this very commit that the SDK hid.
        // Nobody else mends: if the total is right afterwards, this did it.
        put_in = total.checked_signed_diff(capacity).unwrap_or_default();
        books.commit(event, &changes).await?;
    }
    Ok(Repair::Left(inspect(books, event).await?.0))
}

/// The changes after which all pools together have `total` seats, or `None` if too many are sold.
fn plan(
    event: &Event,
    pools: &Pools,
    capacity: u64,
    total: u64,
    now: Timestamp,
) -> Option<Vec<Change>> {
    let own = event.pools.indices().filter_map(|index| pools.get(&index)?.0.as_ref().ok());
    let own = own.map(|pool| pool.settled(now));
    if let Some(missing) = total.checked_sub(capacity) {
        let pool = own.into_iter().next()?;
        return Some(vec![pool.find_lost(u32::try_from(missing).ok()?, now)]);
    }
    let mut doubled = u32::try_from(capacity.checked_sub(total)?).ok()?;
    let mut changes = Vec::new();
    for pool in own {
        let seats = pool.available().min(doubled);
        if seats > 0 {
            changes.push(pool.give(seats, now));
            doubled = doubled.saturating_sub(seats);
        }
    }
    (doubled == 0 && changes.len() <= POOLS_MAX).then_some(changes)
}
