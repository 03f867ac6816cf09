//! What a request has tried, and may yet be applied: nothing is final before that is settled.

use std::collections::BTreeSet;

use super::{Race, Settled};
use crate::batch::Rule;
use crate::event::PoolIndex;
use crate::pool::{Pool, Stamp};
use crate::problem::Problem;
use crate::rules::Decision;
use crate::store::{Commit, Store, StoreError};
use crate::trail;
use crate::view::View;

impl<S: Store> Race<'_, S> {
    /// Notes what is tried while the home pool stands here, and tells how much was in doubt before.
    /// It was decided to write, so nothing that was tried before stands in what was seen. Only what
    /// the home pool is not beyond may still arrive.
    pub(super) fn note_try(&mut self, expected: Stamp, tried: Vec<(PoolIndex, Stamp)>) -> usize {
        let home = self.home;
        let is_of_home =
            |(index, stamp): &(PoolIndex, Stamp)| *index == home && !expected.is_beyond(*stamp);
        self.tried.retain(|tried| tried.iter().any(is_of_home));
        self.tried.push(tried);
        self.tried.len().saturating_sub(1)
    }

    /// What the store's answer means for what has just been tried.
    pub(super) fn judge(
        &mut self,
        commit: Result<Commit, StoreError>,
        pools: usize,
        in_doubt: usize,
    ) -> Result<Commit, StoreError> {
        match commit {
            Ok(Commit::Applied) => {
                tracing::debug!(lost = self.lost, pools, "committed");
                trail::note(|trail| trail.pools_committed = pools);
                Ok(Commit::Applied)
            }
            Err(StoreError::Unavailable(cause)) => {
                tracing::debug!(lost = self.lost, cause, "outcome unknown, looking for it");
                trail::note(|trail| trail.doubt(cause.as_ref()));
                Ok(Commit::Conflict(None))
            }
            Err(rejected @ StoreError::Rejected(_)) => {
                self.tried.truncate(in_doubt);
                Err(rejected)
            }
            other @ (Ok(Commit::Conflict(_)) | Err(StoreError::Corrupt { .. })) => other,
        }
    }

    /// The problem that ended the request. While a commit of it may have been applied, no error is
    /// final, however certain it is about the call that met it: the outcome is unknown.
    pub(super) fn doubt(&self, problem: Problem) -> Problem {
        if self.tried.is_empty() {
            return problem;
        }
        let Problem::Store(error) = problem else { return problem };
        StoreError::Unavailable(Box::new(error)).into()
    }

    /// The end of a race that was lost: was one of its commits applied after all, or can none be
    /// any more? The SDK tries again by itself and hides what became of the first try. A commit
    /// that is still on its way is harmless only once its home pool has moved on.
    pub(super) async fn look_last(&mut self, rule: &Rule) -> Result<Settled, Problem> {
        let mut view = self.settle().await?;
        let may_arrive = self.may_arrive(view.home());
        if view.home().is_overflowed() {
            view = self.read_all(&view).await?;
        }
        if let Ok(Decision::Standing(reservation)) = rule(&view, self.desk.now()) {
            return Ok(self.recover(reservation));
        }
        if may_arrive {
            return Err(StoreError::Unavailable("a commit may yet be applied".into()).into());
        }
        Err(Problem::Contended { attempts: self.lost })
    }

    /// Whether a commit that was tried may yet be applied: not if the home pool has moved on.
    pub(super) fn may_arrive(&self, home: &Pool) -> bool {
        let stands = |(index, stamp): &(PoolIndex, Stamp)| {
            *index == home.index() && !home.stamp().is_beyond(*stamp)
        };
        self.tried.iter().any(|pools| pools.iter().any(stands))
    }

    /// Reads the home pool, and what tells that a commit which was tried can no longer be applied:
    /// another of its pools had moved on, and after that the home pool still stood where it was.
    pub(super) async fn settle(&mut self) -> Result<View, Problem> {
        let others = self.pools_tried();
        let before = self.read_with(others).await?;
        if before.others().next().is_none() {
            return Ok(before);
        }
        let home = self.read_home().await?;
        if self.may_arrive(&home) {
            let has_moved = |(index, stamp): &(PoolIndex, Stamp)| {
                before.others().any(|pool| pool.index() == *index && pool.stamp().is_beyond(*stamp))
            };
            self.tried.retain(|pools| !pools.iter().any(has_moved));
        }
        Ok(View::of_home(home))
    }

    /// The pools that a commit was tried with, beside the home pool.
    fn pools_tried(&self) -> Vec<PoolIndex> {
        let all = self.tried.iter().flatten().map(|(index, _)| *index);
        let others: BTreeSet<_> = all.filter(|index| *index != self.home).collect();
        others.into_iter().collect()
    }
}
