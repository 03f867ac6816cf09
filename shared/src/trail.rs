//! The trail of a request: what it met on its way, for its one line in the log.
//!
//! Whoever has something to say of the request under way notes it here, wherever it is, and knows
//! no log. Outside of a request nothing is noted. At the log's level debug, the loop also tells
//! each step when it takes it: that is what the simulation watches.

use std::error::Error;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

tokio::task_local! {
    static UNDER_WAY: Arc<Mutex<Trail>>;
}

/// What a request met. A number is 0, and a text empty, if there is nothing to say.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Trail {
    /// The function that serves it.
    pub(crate) operation: &'static str,
    /// Which version of the function.
    pub(crate) version: String,
    /// What X-Ray calls the request.
    pub(crate) trace_id: String,
    /// When it came.
    pub(crate) started: Option<Instant>,
    /// Whether it is the first of this process.
    pub(crate) is_cold: bool,
    /// The event that it was about.
    pub(crate) event: String,
    /// The pool that its reservation is in, or was to be in.
    pub(crate) pool: Option<u16>,
    /// The reservation that was made, shown or ended.
    pub(crate) reservation: String,
    /// Seats that were sold.
    pub(crate) seats_sold: u32,
    /// Seats that are held, and not sold yet.
    pub(crate) seats_held: u32,
    /// Seats that came back.
    pub(crate) seats_returned: u32,
    /// Whether an earlier try had done the work, and the caller is told so.
    pub(crate) is_replay: bool,
    /// Races for a pool that others won, or whose outcome was unknown.
    pub(crate) races_lost: u32,
    /// Pools that its commit changed: more than one is a gather.
    pub(crate) pools_committed: usize,
    /// Requests that its commit was for.
    pub(crate) batch: usize,
    /// Commits whose outcome was unknown, and had to be looked for.
    pub(crate) outcomes_unknown: u32,
    /// Why, the last time.
    pub(crate) doubt: String,
    /// Whether its work was found done, by an earlier try or by one that the SDK hid.
    pub(crate) own_work_found: bool,
    /// Whether it was refused by what another request had read of the pools.
    pub(crate) refused_in_crowd: bool,
    /// How long ago the moment was that the board proves something of, if it was asked.
    pub(crate) board_age: Option<Duration>,
    /// Attempts of calls to DynamoDB, retries among them.
    pub(crate) calls: u32,
    /// Read units, as far as DynamoDB tells: not of what failed.
    pub(crate) read_units: f64,
    /// Write units, as far as DynamoDB tells: not of a condition that failed.
    pub(crate) write_units: f64,
    /// How often DynamoDB throttled.
    pub(crate) throttles: u32,
    /// Its reason for that, the last time.
    pub(crate) throttled: String,
}

impl Trail {
    /// The outcome of a commit is unknown.
    pub(crate) fn doubt(&mut self, cause: &dyn Error) {
        one_more(&mut self.outcomes_unknown);
        self.doubt = cause.to_string();
    }
}

/// Notes something of the request under way, if there is one.
pub(crate) fn note(note: impl FnOnce(&mut Trail)) {
    let _ =
        UNDER_WAY.try_with(|trail| note(&mut trail.lock().unwrap_or_else(PoisonError::into_inner)));
}

/// Counts one more.
pub(crate) fn one_more(count: &mut u32) {
    *count = count.saturating_add(1);
}

/// Runs this as a request whose trail begins like this.
pub(crate) async fn follow<F: Future>(start: Trail, request: F) -> F::Output {
    UNDER_WAY.scope(Arc::new(Mutex::new(start)), request).await
}

/// This, to be spawned as a part of the request under way.
pub(crate) fn part<F: Future>(work: F) -> impl Future<Output = F::Output> {
    let trail = UNDER_WAY.try_with(Arc::clone).unwrap_or_default();
    UNDER_WAY.scope(trail, work)
}

/// The trail of the request under way; an empty one if there is none.
pub(crate) fn so_far() -> Trail {
    let read =
        |trail: &Arc<Mutex<Trail>>| trail.lock().unwrap_or_else(PoisonError::into_inner).clone();
    UNDER_WAY.try_with(read).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_request_has_a_trail_of_its_own_and_its_parts_share_it() {
        note(|trail| trail.calls = 9);
        let request = |calls| async move {
            note(|trail| trail.calls = calls);
            let spawned = tokio::spawn(part(async { note(|trail| trail.calls += 1) }));
            spawned.await.expect("it does not panic");
            so_far().calls
        };
        let start = Trail::default;
        let (one, other) = tokio::join!(follow(start(), request(1)), follow(start(), request(5)));
        assert_eq!((one, other, so_far()), (2, 6, Trail::default()));
    }
}
