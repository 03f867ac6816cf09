//! The loop of every write: read, decide, commit; after a lost race, again, within bounds.
//!
//! A lost race is retried at once on what the failed commit found, and after that on a new
//! reading, so that a pause never holds a version. An unknown outcome is looked for: the version
//! guard makes a late write harmless, and the request's own work says that it is done.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::desk::Desk;
use crate::event::{Event, PoolIndex};
use crate::pool::{Change, Pool};
use crate::problem::Problem;
use crate::refusal::Refusal;
use crate::reservation::Reservation;
use crate::rules::Decision;
use crate::store::{Commit, Store, StoreError};
use crate::view::View;

/// After so many lost races the caller is told to try again.
const ATTEMPTS_MAX: u32 = 24;

/// No attempt starts later than this: well within the 8 s of the function, the 10 s of the gateway.
const TIME_MAX: Duration = Duration::from_secs(4);

/// The longest pause before the third attempt; it doubles with each, up to the last.
const PAUSE_FIRST_MS: u64 = 10;
const PAUSE_LAST_MS: u64 = 160;

/// What was decided, and stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// The reservation as it is now.
    pub reservation: Reservation,
    /// Whether an earlier try had done the work.
    pub replayed: bool,
}

/// Decides on the home pool, and on all pools once it alone refuses for want of seats; commits
/// what was decided; and starts again when another came first.
///
/// # Errors
///
/// The rule's refusal, once it is sure; [`Problem::Contended`] when the bounds are reached; and
/// the store's errors, [`StoreError::Unavailable`] meaning that the outcome is unknown.
pub async fn decide_and_commit<S: Store>(
    desk: &Desk<S>,
    event: &Event,
    home: PoolIndex,
    decide: impl Fn(&View, Timestamp) -> Result<Decision, Refusal>,
) -> Result<Settled, Problem> {
    let mut race = Race { desk, event, home, started: Instant::now(), lost: 0, tried: None };
    let settled = race.run(decide).await;
    settled.map_err(|problem| race.doubt(problem))
}

/// One request's race for its pools, and its bounds.
struct Race<'a, S> {
    desk: &'a Desk<S>,
    event: &'a Event,
    home: PoolIndex,
    started: Instant,
    lost: u32,
    /// The home pool's version that the last commit started from, which may have been applied.
    tried: Option<u64>,
}

impl<S: Store> Race<'_, S> {
    async fn run(
        &mut self,
        decide: impl Fn(&View, Timestamp) -> Result<Decision, Refusal>,
    ) -> Result<Settled, Problem> {
        let mut view = View::of_home(self.read_home().await?);

        loop {
            let (changes, reservation) = match decide(&view, self.desk.now()) {
                Ok(Decision::Standing(reservation)) => return Ok(self.recover(reservation)),
                Ok(Decision::Commit(changes, reservation)) => (changes, reservation),
                Err(Refusal::NotEnoughSeats { requested, .. }) => {
                    if let Some(shortage) = self.refuse_unread(&view, requested) {
                        return Err(shortage.into());
                    }
                    let shortage = self.look_further(&mut view, requested).await?;
                    if let Some(shortage) = shortage
                        && view.is_conclusive()
                        && let Err(Refusal::NotEnoughSeats { .. }) = decide(&view, self.desk.now())
                    {
                        return Err(shortage.into());
                    }
                    if self.is_over() {
                        return self.look_last(decide).await;
                    }
                    continue;
                }
                Err(refusal) => return Err(refusal.into()),
            };

            let found = match self.commit(&view, &changes).await? {
                Commit::Applied => return Ok(Settled { reservation, replayed: false }),
                Commit::Conflict(found) => found,
            };
            self.lost = self.lost.saturating_add(1);
            if self.is_over() {
                return self.look_last(decide).await;
            }
            view = match found {
                Some(found) if self.lost == 1 => View::of_home(found),
                _ => self.read_again(&view).await?,
            };
        }
    }

    /// Writes what was decided on this view. An outcome that stays unknown is as good as a lost
    /// race of which nothing was found: what is read next tells.
    async fn commit(&mut self, view: &View, changes: &[Change]) -> Result<Commit, StoreError> {
        let expected = view.home().version();
        // It was decided to write, so nothing that was tried before stands in this view. Only what
        // was tried from this very version may still arrive.
        let in_doubt = self.tried.filter(|tried| *tried >= expected);
        self.tried = Some(expected);
        match self.desk.store.commit(self.event, changes).await {
            Ok(Commit::Applied) => {
                tracing::info!(lost = self.lost, pools = changes.len(), "committed");
                self.desk.note(self.event, changes.iter().map(Change::after));
                Ok(Commit::Applied)
            }
            Err(StoreError::Unavailable(cause)) => {
                tracing::warn!(lost = self.lost, cause, "outcome unknown, looking for it");
                Ok(Commit::Conflict(None))
            }
            Err(rejected @ StoreError::Rejected(_)) => {
                self.tried = in_doubt;
                Err(rejected)
            }
            other @ (Ok(Commit::Conflict(_)) | Err(StoreError::Corrupt { .. })) => other,
        }
    }

    fn is_over(&self) -> bool {
        self.lost >= ATTEMPTS_MAX || self.started.elapsed() >= TIME_MAX
    }

    /// The answer of a request whose work an earlier try, or a hidden one of this, has done.
    fn recover(&self, reservation: Reservation) -> Settled {
        tracing::info!(lost = self.lost, "own work found");
        Settled { reservation, replayed: true }
    }

    /// The problem that ended the request. While a commit of it may have been applied, no error is
    /// final, however certain it is about the call that met it: the outcome is unknown.
    fn doubt(&self, problem: Problem) -> Problem {
        if self.tried.is_none() {
            return problem;
        }
        let Problem::Store(error) = problem else { return problem };
        tracing::warn!(lost = self.lost, %error, "outcome unknown");
        StoreError::Unavailable(Box::new(error)).into()
    }

    /// The end of a race that was lost: was one of its commits applied after all, or can none be
    /// any more? The SDK tries again by itself and hides what became of the first try. A commit
    /// that is still on its way is harmless only once its home pool has moved on.
    async fn look_last(
        &self,
        decide: impl Fn(&View, Timestamp) -> Result<Decision, Refusal>,
    ) -> Result<Settled, Problem> {
        let home = self.read_home().await?;
        let version = home.version();
        let mut view = View::of_home(home);
        if view.home().is_overflowed() {
            view = self.read_all(&view).await?;
        }
        if let Ok(Decision::Standing(reservation)) = decide(&view, self.desk.now()) {
            return Ok(self.recover(reservation));
        }
        if self.tried.is_some_and(|tried| version <= tried) {
            return Err(StoreError::Unavailable("a commit may yet be applied".into()).into());
        }
        Err(Problem::Contended { attempts: self.lost })
    }

    /// Reads what was in view again: at once after the first loss, later after a jittered pause.
    async fn read_again(&self, view: &View) -> Result<View, Problem> {
        if self.lost > 1 {
            let doublings = self.lost.saturating_sub(2).min(8);
            let pause_max = PAUSE_FIRST_MS.saturating_mul(1 << doublings).min(PAUSE_LAST_MS);
            tokio::time::sleep(self.desk.jitter(Duration::from_millis(pause_max))).await;
        }
        if view.is_whole() {
            self.read_all(view).await
        } else {
            Ok(View::of_home(self.read_home().await?))
        }
    }

    /// The refusal that needs no further reading: many orders before this one were just refused,
    /// and the last proof holds for it, too. Not while a commit of this request may be on its way,
    /// since that commit may have taken the very seats that are missing; and not if an earlier try
    /// of it may stand in another pool.
    fn refuse_unread(&self, view: &View, requested: u32) -> Option<Refusal> {
        if view.home().is_overflowed() {
            return None;
        }
        let shortage = self.desk.look(self.event, |glance| glance.shortage_in_crowd(requested))?;
        self.tried.is_none().then(|| {
            tracing::info!("refused in a crowd");
            shortage.refuse(requested)
        })
    }

    /// Widens a view that had too few free seats to all pools; and gives the refusal, once it is
    /// certain that there was a moment with fewer than `requested`. A late commit of this very
    /// request may have taken the seats: that is not a shortage.
    ///
    /// What this instance saw of the pools at earlier requests proves as much as what it sees now:
    /// then one reading is enough for a refusal.
    async fn look_further(
        &mut self,
        view: &mut View,
        requested: u32,
    ) -> Result<Option<Refusal>, Problem> {
        let (earlier, at) = (self.desk.look(self.event, |known| known.clone()), Instant::now());
        let whole = self.read_all(view).await?;
        let before = std::mem::replace(view, whole);
        if let Some(shortage) = earlier.shortage(self.event.total_seats, view, at, requested) {
            self.desk.look(self.event, |glance| glance.remember(shortage));
            return Ok(Some(shortage.refuse(requested)));
        }
        if before.is_whole() {
            self.lost = self.lost.saturating_add(1);
        }
        Ok(None)
    }

    async fn read_home(&self) -> Result<Pool, StoreError> {
        let home = self.desk.store.load_pool(self.event, self.home).await?;
        self.desk.note(self.event, std::iter::once(&home));
        Ok(home)
    }

    /// Reads all pools, after `before` was read.
    async fn read_all(&self, before: &View) -> Result<View, Problem> {
        let pools = self.desk.store.load_pools(self.event).await?;
        self.desk.note(self.event, pools.iter());
        let missing = || StoreError::Corrupt {
            what: format!("pool {} of event {}", self.home.get(), self.event.id),
            why: "it is missing".to_owned(),
        };
        let view = View::of_all(pools, self.home).ok_or_else(missing)?;
        Ok(view.after(before))
    }
}
