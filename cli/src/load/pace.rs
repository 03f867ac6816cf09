//! When requests are sent: at their scheduled times, whatever became of those before them (open
//! loop), or as fast as so many callers get answers (closed loop).
//!
//! In an open loop, a request's latency counts from the time it was due. What waits for a free
//! place among the open requests, or for a slow machine, has waited: nothing is left out.

use std::fmt;
use std::num::NonZero;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// How requests follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// So many a second fall due; at most `open_max` are under way.
    Open {
        /// Requests a second.
        rate: NonZero<u32>,
        /// How many may be under way at once.
        open_max: usize,
    },
    /// Each caller sends its next request when the one before is answered.
    Closed {
        /// How many callers.
        callers: u16,
    },
}

impl Pace {
    /// Sends what `next` gives for the time at which it is due, until that is nothing, `stop` says
    /// so, or it is `end`; all times are since `start`. Waits until all is answered, and returns
    /// how many fell due and could not be sent in time.
    pub async fn send<Sending>(
        self,
        start: Instant,
        end: Duration,
        stop: watch::Receiver<bool>,
        next: impl Fn(Duration) -> Option<Sending> + Send + Sync + 'static,
    ) -> u64
    where
        Sending: Future<Output = ()> + Send + 'static,
    {
        match self {
            Self::Open { rate, open_max } => open(rate, open_max, start, end, stop, next).await,
            Self::Closed { callers } => {
                let next = Arc::new(next);
                let mut calling = JoinSet::new();
                for _ in 0..callers {
                    calling.spawn(call(start, end, stop.clone(), Arc::clone(&next)));
                }
                calling.join_all().await;
                0
            }
        }
    }
}

impl fmt::Display for Pace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open { rate, open_max } => write!(
                formatter,
                "open loop: {rate} requests a second, at most {open_max} under way"
            ),
            Self::Closed { callers } => write!(formatter, "closed loop: {callers} callers"),
        }
    }
}

async fn open<Sending>(
    rate: NonZero<u32>,
    open_max: usize,
    start: Instant,
    mut end: Duration,
    mut stop: watch::Receiver<bool>,
    next: impl Fn(Duration) -> Option<Sending>,
) -> u64
where
    Sending: Future<Output = ()> + Send + 'static,
{
    let mut sent: u64 = 0;
    let mut under_way = JoinSet::new();
    loop {
        let due = due(sent, rate);
        if due >= end {
            break;
        }
        let room = async {
            sleep_until(at(start, due)).await;
            while under_way.len() >= open_max {
                under_way.join_next().await;
            }
        };
        tokio::select! {
            () = room => {}
            () = sleep_until(at(start, end)) => break,
            _ = stop.wait_for(|stop| *stop) => {
                end = start.elapsed();
                break;
            }
        }
        let Some(sending) = next(due) else {
            end = due;
            break;
        };
        under_way.spawn(sending);
        sent = sent.saturating_add(1);
        while under_way.try_join_next().is_some() {}
    }
    under_way.join_all().await;
    fallen_due(end, rate).saturating_sub(sent)
}

/// One caller of a closed loop.
async fn call<Sending: Future<Output = ()>>(
    start: Instant,
    end: Duration,
    stop: watch::Receiver<bool>,
    next: Arc<impl Fn(Duration) -> Option<Sending>>,
) {
    loop {
        let now = start.elapsed();
        if now >= end || *stop.borrow() {
            return;
        }
        let Some(sending) = next(now) else { return };
        sending.await;
    }
}

/// When the request of this number is due, the first being 0. Not added up, so nothing drifts.
fn due(number: u64, rate: NonZero<u32>) -> Duration {
    Duration::from_secs(number).checked_div(rate.get()).expect("a rate is not 0")
}

/// How many are due before this time.
fn fallen_due(time: Duration, rate: NonZero<u32>) -> u64 {
    let product = time.as_nanos().saturating_mul(rate.get().into());
    u64::try_from(product.div_ceil(1_000_000_000)).unwrap_or(u64::MAX)
}

fn at(start: Instant, time: Duration) -> Instant {
    start.checked_add(time).expect("a load is short")
}
