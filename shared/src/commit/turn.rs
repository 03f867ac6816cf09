//! A request's turn at its home pool, with everybody who waits there: one reading, one commit.

use std::sync::Arc;

use super::{Race, Settled, is_over, pause_after};
use crate::batch::{Decided, Outcome, Place, Rule, Waiting};
use crate::pool::Pool;
use crate::problem::Problem;
use crate::store::{Commit, Store, StoreError};
use crate::trail;

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
    ///
    /// Whoever has the turn may die, with the request in its hands: then its outcome is unknown if
    /// a commit was begun, and it goes to see for itself.
    pub(super) async fn take_turn(&mut self, rule: &Rule) -> Result<Turn, Problem> {
        let (desk, event, home) = (self.desk, self.event, self.home);
        let visit = desk.batches.visit(&event.id, home);
        let (tried, mut outcome) = visit.place.wait(Arc::clone(rule), self.started);
        let told = tokio::select! {
            biased;
            told = &mut outcome => told,
            turn = visit.place.turn.lock() => {
                self.lead(&visit.place).await;
                drop(turn);
                outcome.await
            }
        };

        let mut in_doubt = self.tried.len();
        if let Some(expected) = tried.expected() {
            in_doubt = self.note_try(expected, vec![(home, expected)]);
        }
        match told {
            Ok(Ok(Outcome::Seen(pool))) => Ok(Turn::Seen(pool)),
            Ok(Ok(Outcome::Tried { reservation, lost, commit })) => {
                self.lost = self.lost.saturating_add(lost);
                match self.judge(commit, 1, in_doubt)? {
                    Commit::Applied => Ok(Turn::Settled(Settled { reservation, replayed: false })),
                    Commit::Conflict(_) => Ok(Turn::Lost),
                }
            }
            Ok(Err(error)) => Err(error.into()),
            Err(_) => Ok(Turn::Seen(self.read_home().await?)),
        }
    }

    /// Reads the pool, decides for all who wait, commits once, and tells each how it went. The
    /// first race that is lost is run again at once, on what was found; others on a new reading,
    /// with whoever has come meanwhile; until the time of whoever came first is over.
    ///
    /// What this process has just written here it need not read to write again: if another has
    /// written since, that is a lost race. But nobody is shown it: who decides alone is shown only
    /// how the pool stood after the request came.
    async fn lead(&self, place: &Place) {
        let (desk, event, index) = (self.desk, self.event, self.home);
        let (mut waiting, mut lost) = (place.take_all(), 0_u32);
        let mut known = place.take_written().map(|written| (written, false));
        while let Some(since) = waiting.iter().map(|one| one.since).min() {
            let (pool, is_current) = match known.take() {
                Some(known) => known,
                None => match desk.store.load_pool(event, index).await {
                    Ok(pool) => (pool, true),
                    Err(error) => return tell(waiting, || Err(error.again())),
                },
            };
            desk.note(event, std::iter::once(&pool));
            let Decided { change, joined, alone } = Decided::of(&pool, desk.now(), waiting);
            let mut current = is_current.then_some(pool);
            if let Some(change) = change {
                joined.iter().for_each(|(one, _)| one.begin_commit(change.expected()));
                let commit = desk.store.commit(event, std::slice::from_ref(&change)).await;
                if let Ok(Commit::Applied) = commit {
                    tracing::debug!(requests = joined.len(), lost, is_current, "batch committed");
                    trail::note(|trail| trail.batch = joined.len());
                    desk.note(event, std::iter::once(change.after()));
                    place.note_written(change.after());
                    current = Some(change.after().clone());
                } else {
                    lost = lost.saturating_add(1);
                }
                let in_all = self.lost.saturating_add(lost);
                if let Ok(Commit::Conflict(found)) = &commit
                    && !is_over(since, in_all)
                {
                    known = found.clone().filter(|_| in_all == 1).map(|found| (found, true));
                    waiting = joined.into_iter().map(|(one, _)| one).chain(alone).collect();
                    if known.is_none() {
                        pause_after(desk, in_all, waiting.len()).await;
                        waiting.extend(place.take_all());
                    }
                    continue;
                }
                for (one, reservation) in joined {
                    let commit = commit.as_ref().map(Commit::clone).map_err(StoreError::again);
                    one.tell(Ok(Outcome::Tried { reservation, lost, commit }));
                }
            }
            match current {
                Some(pool) => return tell(alone, || Ok(Outcome::Seen(pool.clone()))),
                None => waiting = alone,
            }
        }
    }
}

fn tell(waiting: Vec<Waiting>, outcome: impl Fn() -> Result<Outcome, StoreError>) {
    waiting.into_iter().for_each(|one| one.tell(outcome()));
}
