//! The loop of every write: read, decide, commit; after a lost race, again, within bounds.
//!
//! A lost race is retried at once on what the failed commit found, and after that on a new
//! reading, so that a pause never holds a version. An unknown outcome is looked for: the version
//! guard makes a late write harmless, and the request's own work says that it is done.

mod doubt;
mod search;
mod turn;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use self::turn::Turn;
use crate::batch::Rule;
use crate::board::Shortage;
use crate::desk::Desk;
use crate::event::{Event, PoolIndex};
use crate::order::SeatCount;
use crate::pool::{Change, Pool, Stamp};
use crate::problem::Problem;
use crate::refusal::Refusal;
use crate::reservation::Reservation;
use crate::rules::Decision;
use crate::store::{Commit, Store, StoreError};
use crate::trail;
use crate::view::View;

/// After so many lost races the caller is told to try again.
const ATTEMPTS_MAX: u32 = 24;

/// No attempt starts later than this: well within the 8 s of the function, the 10 s of the gateway.
const TIME_MAX: Duration = Duration::from_secs(4);

/// The longest pause before the third attempt, and by how much it grows with each further one.
const PAUSE_MS: u64 = 40;
const PAUSE_MORE_MS: u64 = 5;

/// What was decided, and stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// The reservation as it is now.
    pub reservation: Reservation,
    /// Whether an earlier try had done the work.
    pub replayed: bool,
}

/// Where a request's reservation stands, or may come to stand.
#[derive(Debug, Clone, Copy)]
pub enum Home {
    /// In this pool, as its id says.
    Fixed(PoolIndex),
    /// In any pool: the request has no key, so no earlier try can have made the reservation.
    Any {
        /// The pool to try first.
        first: PoolIndex,
        /// How many seats it needs there.
        seats: SeatCount,
    },
}

/// Decides on the home pool, commits what was decided, and starts again when another came first.
///
/// Once the home pool refuses for want of seats, it decides on others with it; and a request that
/// may stand in any pool moves on to one that has enough.
///
/// # Errors
///
/// The rule's refusal, once it is sure; [`Problem::Contended`] when the bounds are reached; and
/// the store's errors, [`StoreError::Unavailable`] meaning that the outcome is unknown.
pub async fn decide_and_commit<S: Store>(
    desk: &Desk<S>,
    event: &Event,
    home: Home,
    decide: impl Fn(&View, Timestamp) -> Result<Decision, Refusal> + Send + Sync + 'static,
) -> Result<Settled, Problem> {
    let rule: Rule = Arc::new(decide);
    let (home, seats) = match home {
        Home::Fixed(index) => (index, None),
        Home::Any { first, seats } => (first, Some(seats)),
    };
    let (started, lost, looked) = (Instant::now(), 0, 0);
    let (has_guessed, tried, proof) = (false, Vec::new(), None);
    let mut race =
        Race { desk, event, home, seats, started, lost, looked, has_guessed, tried, proof };
    let settled = race.run(&rule).await;
    trail::note(|trail| {
        trail.pool = Some(race.home.get());
        trail.races_lost = race.lost;
    });
    settled.map_err(|problem| race.doubt(problem))
}

/// One request's race for its pools, and its bounds.
struct Race<'a, S> {
    desk: &'a Desk<S>,
    event: &'a Event,
    home: PoolIndex,
    /// How many seats a request needs that may stand in any pool.
    seats: Option<SeatCount>,
    started: Instant,
    /// How many races it has lost.
    lost: u32,
    /// How often it has looked for seats beside those of its home pool.
    looked: u32,
    /// Whether it has looked where this instance remembers seats.
    has_guessed: bool,
    /// The commits that may have been applied, or may yet be: where each expects its pools to
    /// stand, the home pool among them.
    tried: Vec<Vec<(PoolIndex, Stamp)>>,
    /// What proves a refusal, once the home pool shows that no try of this request took the seats.
    proof: Option<Shortage>,
}

impl<S: Store> Race<'_, S> {
    async fn run(&mut self, rule: &Rule) -> Result<Settled, Problem> {
        let mut next = None;

        loop {
            let view = match next.take() {
                Some(view) => view,
                None => match self.take_turn(rule).await? {
                    Turn::Settled(settled) => return Ok(settled),
                    Turn::Seen(pool) => View::of_home(pool),
                    Turn::Lost if self.is_over() => return self.look_last(rule).await,
                    Turn::Lost => {
                        self.pause().await;
                        continue;
                    }
                },
            };
            let now = self.desk.now();
            let (changes, reservation) = match rule(&view, now) {
                Ok(Decision::Standing(reservation)) => return Ok(self.recover(reservation)),
                Ok(Decision::Commit(changes, reservation)) => (changes, reservation),
                Err(Refusal::NotEnoughSeats { requested, .. }) => {
                    if let Some(shortage) = self.proof_for(&view, requested) {
                        return Err(shortage.refuse(requested).into());
                    }
                    if self.is_over() {
                        return self.look_last(rule).await;
                    }
                    next = self.look_further(view.into_settled(now), requested).await?;
                    continue;
                }
                // Time may refuse what it allowed a moment before. What was tried then may arrive.
                Err(_) if self.may_arrive(view.home()) => {
                    self.lost = self.lost.saturating_add(1);
                    if self.is_over() {
                        return self.look_last(rule).await;
                    }
                    next = self.read_again(&view).await?;
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
                return self.look_last(rule).await;
            }
            next = match found {
                Some(found) if self.lost == 1 => Some(View::of_home(found)),
                _ => self.read_again(&view).await?,
            };
        }
    }

    /// Writes what was decided on this view. An outcome that stays unknown is as good as a lost
    /// race of which nothing was found: what is read next tells.
    async fn commit(&mut self, view: &View, changes: &[Change]) -> Result<Commit, StoreError> {
        let tried = changes.iter().map(|one| (one.pool(), one.expected())).collect();
        let in_doubt = self.note_try(view.home().stamp(), tried);
        let commit = self.desk.store.commit(self.event, changes).await;
        if let Ok(Commit::Applied) = commit {
            self.desk.note(self.event, changes.iter().map(Change::after));
        }
        self.judge(commit, changes.len(), in_doubt)
    }

    fn is_over(&self) -> bool {
        is_over(self.started, self.lost.max(self.looked))
    }

    /// The answer of a request whose work an earlier try, or a hidden one of this, has done.
    fn recover(&self, reservation: Reservation) -> Settled {
        tracing::debug!(lost = self.lost, "own work found");
        trail::note(|trail| trail.own_work_found = true);
        Settled { reservation, replayed: true }
    }

    /// Waits before the next attempt.
    async fn pause(&self) {
        pause_after(self.desk, self.lost, 1).await;
    }

    /// Reads what was in view again, after a pause. The home pool alone is read when it is this
    /// request's turn there.
    async fn read_again(&self, view: &View) -> Result<Option<View>, Problem> {
        self.pause().await;
        let others: Vec<_> = view.others().map(Pool::index).collect();
        if others.is_empty() { Ok(None) } else { Ok(Some(self.read_with(others).await?)) }
    }

    async fn read_home(&self) -> Result<Pool, StoreError> {
        let home = self.desk.store.load_pool(self.event, self.home).await?;
        self.desk.note(self.event, std::iter::once(&home));
        Ok(home)
    }

    /// The home pool with these others.
    async fn read_with(&self, others: Vec<PoolIndex>) -> Result<View, Problem> {
        if others.is_empty() {
            return Ok(View::of_home(self.read_home().await?));
        }
        let all = std::iter::once(self.home).chain(others).collect();
        let pools = self.desk.store.load_some(self.event, all).await?;
        self.desk.note(self.event, pools.iter());
        self.view_of(pools)
    }

    /// Reads all pools, after `before` was read.
    async fn read_all(&self, before: &View) -> Result<View, Problem> {
        let pools = self.desk.store.load_pools(self.event).await?;
        self.desk.note(self.event, pools.iter());
        Ok(self.view_of(pools)?.after(before))
    }

    fn view_of(&self, pools: Vec<Pool>) -> Result<View, Problem> {
        let missing = || StoreError::Corrupt {
            what: format!("pool {} of event {}", self.home.get(), self.event.id),
            why: "it is missing".to_owned(),
        };
        Ok(View::of(pools, self.home).ok_or_else(missing)?)
    }
}

/// Whether a request that came then, and has made so many attempts, makes no more.
fn is_over(since: Instant, attempts: u32) -> bool {
    attempts >= ATTEMPTS_MAX || since.elapsed() >= TIME_MAX
}

/// Waits before the next attempt of so many requests together: not after the first loss, then for a
/// jittered pause. The more have met here, the fewer can meet them elsewhere.
async fn pause_after<S: Store>(desk: &Desk<S>, lost: u32, requests: usize) {
    if lost > 1 {
        let more = u64::from(lost).saturating_mul(PAUSE_MORE_MS);
        let pause_max = Duration::from_millis(PAUSE_MS.saturating_add(more));
        let requests = u32::try_from(requests).unwrap_or(u32::MAX).max(1);
        let pause_max = pause_max.checked_div(requests).unwrap_or_default();
        tokio::time::sleep(desk.jitter(pause_max)).await;
    }
}
