//! The batch: requests that meet at one pool in one process, and commit together.
//!
//! Whoever comes while nobody is at the pool takes its turn there, alone. Whoever comes while
//! somebody is waits; and the next to take a turn takes everybody along who waits by then. There
//! is no timer, and a request that meets nobody is a batch of one.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::sync::{Mutex as Turn, oneshot};
use tokio::time::Instant;

use crate::event::PoolIndex;
use crate::pool::{Change, Pool, Stamp};
use crate::refusal::Refusal;
use crate::reservation::Reservation;
use crate::rules::Decision;
use crate::store::{Commit, StoreError};
use crate::text::EventId;
use crate::view::View;

/// What a request would do with the pools in view.
pub type Rule = Arc<dyn Fn(&View, Timestamp) -> Result<Decision, Refusal> + Send + Sync>;

/// How a request's turn at a pool went.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The pool stands like this, and the request was not committed with others: it decides alone.
    Seen(Pool),
    /// It was to be committed with others.
    Tried {
        /// What was decided for it.
        reservation: Reservation,
        /// How many races the batch has lost.
        lost: u32,
        /// How the commit went.
        commit: Result<Commit, StoreError>,
    },
}

/// The batches of one process: who is at which pool, and who waits there.
#[derive(Default)]
pub(crate) struct Batches(Mutex<Places>);

/// The places where somebody is, and how many requests.
type Places = BTreeMap<(EventId, PoolIndex), (u32, Arc<Place>)>;

/// Somebody at a pool's place.
pub(crate) struct Visit<'a> {
    batches: &'a Batches,
    key: (EventId, PoolIndex),
    pub(crate) place: Arc<Place>,
}

/// A pool, as far as a process meets there.
#[derive(Default)]
pub(crate) struct Place {
    /// Held by whoever has its turn.
    pub(crate) turn: Turn<()>,
    waiting: Mutex<Vec<Waiting>>,
    /// The pool as it was written here last, while others wait.
    written: Mutex<Option<Pool>>,
}

/// A request that waits for its outcome.
pub(crate) struct Waiting {
    rule: Rule,
    /// When it came.
    pub(crate) since: Instant,
    tried: Tried,
    outcome: oneshot::Sender<Result<Outcome, StoreError>>,
}

/// From where the pool stood when a commit of a request was begun last, if one was. It is all that
/// there is to know if whoever had its turn dies.
#[derive(Clone, Default)]
pub(crate) struct Tried(Arc<Mutex<Option<Stamp>>>);

/// What a batch comes to at one pool.
pub(crate) struct Decided {
    /// The pool with all that was decided, in one step. `None` if there is nothing to write.
    pub(crate) change: Option<Change>,
    /// Who is in it, with what was decided for each.
    pub(crate) joined: Vec<(Waiting, Reservation)>,
    /// Who is not.
    pub(crate) alone: Vec<Waiting>,
}

impl Batches {
    /// Goes to a pool's place.
    pub(crate) fn visit(&self, event: &EventId, pool: PoolIndex) -> Visit<'_> {
        let key = (event.clone(), pool);
        let mut places = self.places();
        let (requests, place) = places.entry(key.clone()).or_default();
        *requests = requests.saturating_add(1);
        Visit { batches: self, key, place: Arc::clone(place) }
    }

    /// The pools of an event where somebody is just now, and how many requests each.
    pub(crate) fn under_way(&self, event: &EventId) -> Vec<(PoolIndex, u32)> {
        let all = (event.clone(), PoolIndex::new(0))..=(event.clone(), PoolIndex::new(u16::MAX));
        let places = self.places();
        places.range(all).map(|((_, pool), (requests, _))| (*pool, *requests)).collect()
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whoever goes last forgets the place.
impl Drop for Visit<'_> {
    fn drop(&mut self) {
        let mut places = self.batches.places();
        if let Some((requests, _)) = places.get_mut(&self.key) {
            *requests = requests.saturating_sub(1);
            if *requests == 0 {
                places.remove(&self.key);
            }
        }
    }
}

impl Place {
    /// Lets a request wait here that came then, and tells where its outcome will come.
    pub(crate) fn wait(
        &self,
        rule: Rule,
        since: Instant,
    ) -> (Tried, oneshot::Receiver<Result<Outcome, StoreError>>) {
        let (outcome, receiver) = oneshot::channel();
        let tried = Tried::default();
        self.waiting().push(Waiting { rule, since, tried: tried.clone(), outcome });
        (tried, receiver)
    }

    /// Everybody who waits.
    pub(crate) fn take_all(&self) -> Vec<Waiting> {
        std::mem::take(&mut *self.waiting())
    }

    /// What was written here last, if that was not taken since.
    pub(crate) fn take_written(&self) -> Option<Pool> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Notes what was written here.
    pub(crate) fn note_written(&self, pool: &Pool) {
        *self.written.lock().unwrap_or_else(PoisonError::into_inner) = Some(pool.clone());
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    /// Notes that a commit of it begins, on condition that the pool stands here.
    pub(crate) fn begin_commit(&self, expected: Stamp) {
        *self.tried.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(expected);
    }

    /// Tells the request how it went. It may not listen any more.
    pub(crate) fn tell(self, outcome: Result<Outcome, StoreError>) {
        let _ = self.outcome.send(outcome);
    }
}

impl Tried {
    /// Where the last commit expected the pool to stand, if one was begun.
    pub(crate) fn expected(&self) -> Option<Stamp> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Decided {
    /// Applies the rule of everybody who waits, one after another, each to what the others leave.
    ///
    /// A rule that wants more than one step of this pool, that refuses, or that finds its work
    /// done, takes no part: it may have seen what is not committed yet. A rule that panics is
    /// dropped alone; its request hears nothing, and decides for itself.
    pub(crate) fn of(pool: &Pool, now: Timestamp, waiting: Vec<Waiting>) -> Self {
        let mut decided = Self { change: None, joined: Vec::new(), alone: Vec::new() };
        for one in waiting {
            let so_far = decided.change.as_ref().map_or_else(|| pool.clone(), Change::so_far);
            let view = View::of_home(so_far);
            match catch_unwind(AssertUnwindSafe(|| (one.rule)(&view, now))) {
                Ok(Ok(Decision::Commit(changes, reservation))) if changes.len() == 1 => {
                    decided.change = changes.into_iter().next();
                    decided.joined.push((one, reservation));
                }
                Ok(_) => decided.alone.push(one),
                Err(_) => {}
            }
        }
        decided
    }
}

impl fmt::Debug for Batches {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Batches").finish_non_exhaustive()
    }
}
