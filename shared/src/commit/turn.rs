//! A request's turn at its home pool, with everybody who waits there: one reading, one commit.

use std::sync::Arc;

use super::{Race, Settled};
use crate::batch::{Decided, Outcome, Rule, Tried, Waiting};
use crate::desk::Desk;
use crate::event::{Event, PoolIndex};
use crate::pool::Pool;
use crate::problem::Problem;
use crate::store::{Commit, Store, StoreError};

/// How a request's turn went, for its race.
pub(super) enum Turn {
    /// Its work is done.
    Settled(Settled),
    /// It decides alone, on the home pool as it stands.
    Seen(Pool),
    /// Another came first, or the outcome is unknown.
    Lost,
}

impl<S: Store> Race<'_, S> {
    /// Waits for a turn at the home pool, and takes all along who wait there; or is taken along.
    pub(super) async fn take_turn(&mut self, rule: &Rule) -> Result<Turn, Problem> {
        match self.wait_for_turn(rule).await? {
            Outcome::Seen(pool) => Ok(Turn::Seen(pool)),
            Outcome::Tried { reservation, expected, lost, commit } => {
                self.lost = self.lost.saturating_add(lost);
                let in_doubt = self.note_try(expected, vec![(self.home, expected)]);
                if let Commit::Applied = self.judge(commit, 1, in_doubt)? {
                    return Ok(Turn::Settled(Settled { reservation, replayed: false }));
                }
                self.lost = self.lost.saturating_add(1);
                Ok(Turn::Lost)
            }
        }
    }

    /// Whoever has the turn may die, with the request in its hands: then its outcome is unknown if
    /// a commit was begun, and it goes to see for itself.
    async fn wait_for_turn(&mut self, rule: &Rule) -> Result<Outcome, Problem> {
        let (desk, event, home) = (self.desk, self.event, self.home);
        let visit = desk.batches.visit(&event.id, home);
        let (tried, mut outcome) = visit.place.wait(Arc::clone(rule));
        let told = tokio::select! {
            biased;
            told = &mut outcome => told,
            turn = visit.place.turn.lock() => {
                lead(desk, event, home, visit.place.take_all()).await;
                drop(turn);
                outcome.await
            }
        };
        match told {
            Ok(told) => Ok(told?),
            Err(_) => self.see_for_itself(&tried).await,
        }
    }

    async fn see_for_itself(&mut self, tried: &Tried) -> Result<Outcome, Problem> {
        if let Some(expected) = tried.expected() {
            tracing::warn!("outcome unknown: whoever committed for it has died");
            self.tried.push(vec![(self.home, expected)]);
        }
        Ok(Outcome::Seen(self.read_home().await?))
    }
}

/// Reads the pool, decides for all, commits once, and tells each how it went. A race that is lost
/// at first is run again at once, on what was found.
async fn lead<S: Store>(
    desk: &Desk<S>,
    event: &Event,
    index: PoolIndex,
    mut waiting: Vec<Waiting>,
) {
    if waiting.is_empty() {
        return;
    }
    let mut pool = match desk.store.load_pool(event, index).await {
        Ok(pool) => pool,
        Err(error) => return waiting.into_iter().for_each(|one| one.tell(Err(error.again()))),
    };
    for lost in 0..=1 {
        desk.note(event, std::iter::once(&pool));
        let Decided { change, joined, alone } = Decided::of(&pool, desk.now(), waiting);
        let Some(change) = change else { return see(alone, &pool) };
        joined.iter().for_each(|(one, _)| one.try_from(change.expected_version()));
        match desk.store.commit(event, std::slice::from_ref(&change)).await {
            Ok(Commit::Conflict(Some(found))) if lost == 0 => {
                pool = found;
                waiting = joined.into_iter().map(|(one, _)| one).chain(alone).collect();
            }
            commit => {
                if let Ok(Commit::Applied) = commit {
                    tracing::info!(requests = joined.len(), lost, "batch committed");
                    pool = change.after().clone();
                    desk.note(event, std::iter::once(&pool));
                }
                see(alone, &pool);
                let expected = change.expected_version();
                for (one, reservation) in joined {
                    let commit = commit.as_ref().map(Commit::clone).map_err(StoreError::again);
                    one.tell(Ok(Outcome::Tried { reservation, expected, lost, commit }));
                }
                return;
            }
        }
    }
}

/// Shows the pool to all who decide alone.
fn see(alone: Vec<Waiting>, pool: &Pool) {
    alone.into_iter().for_each(|one| one.tell(Ok(Outcome::Seen(pool.clone()))));
}
