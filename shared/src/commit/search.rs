//! The search for seats that the home pool lacks: by what this instance remembers, then by the
//! board; and the proof that there are too few.

use super::Race;
use crate::board::{Census, Memory, Shortage};
use crate::lookout::{self, Age};
use crate::pool::Pool;
use crate::problem::Problem;
use crate::store::Store;
use crate::trail;
use crate::view::View;

impl<S: Store> Race<'_, S> {
    /// What proves that there was a moment with too few seats for this order, none of which a try
    /// of this very order had taken: none stands in this view, whose home pool was read after that
    /// moment; and none may come to stand.
    pub(super) fn proof_for(&self, view: &View, requested: u32) -> Option<Shortage> {
        let may_stand_elsewhere = self.seats.is_none() && !view.is_conclusive();
        if may_stand_elsewhere || self.may_arrive(view.home()) {
            return None;
        }
        self.proof.filter(|proof| proof.is_of(requested) && proof.is_young())
    }

    /// Looks where there are seats, when the view has too few: what to decide on next, or `None`
    /// for another turn at the home pool. Or it finds a proof that there are too few.
    pub(super) async fn look_further(
        &mut self,
        view: View,
        requested: u32,
    ) -> Result<Option<View>, Problem> {
        let (event, home) = (self.event, view.home());
        // While a commit of this request may yet be applied, its seats may be those that lack.
        let in_doubt = self.may_arrive(home);
        let missing = requested.saturating_sub(home.available());
        let may_stand_elsewhere = home.is_overflowed() || home.is_heavy();
        if may_stand_elsewhere && self.seats.is_none() {
            return Ok(Some(self.look_everywhere(&view).await?));
        }
        if event.pools.get() == 1 {
            self.looked = self.looked.saturating_add(1);
            let shortage = Shortage::of_only(home, self.desk.now());
            return self.prove(shortage, view, None, in_doubt).await;
        }

        if !self.has_guessed {
            self.has_guessed = true;
            if !in_doubt && self.move_on() {
                return Ok(None);
            }
            if let Some(widened) = self.widen(missing).await? {
                return Ok(Some(widened));
            }
        }

        let age = if self.looked == 0 { Age::ASecondInCrowd } else { Age::New };
        let looked = lookout::look(self.desk, event, requested, age).await?;
        let shortage = looked.shortage(event);
        self.looked = self.looked.saturating_add(1);
        if shortage.is_of(requested) {
            return self.prove(shortage, view, looked.pools, in_doubt).await;
        }
        if self.seats.is_none()
            && let Some(pools) = looked.pools
        {
            return Ok(Some(self.view_of(pools)?));
        }
        if !in_doubt && self.move_on() {
            return Ok(None);
        }
        self.widen(missing).await
    }

    /// Decides once more, now that there is a proof. An earlier try of the order may have taken the
    /// very seats that are missing: then its home pool shows it, if it is read after that moment.
    async fn prove(
        &mut self,
        shortage: Shortage,
        view: View,
        pools: Option<Vec<Pool>>,
        in_doubt: bool,
    ) -> Result<Option<View>, Problem> {
        self.proof = Some(shortage);
        let is_older = shortage.at <= self.started;
        if is_older {
            tracing::debug!("refused in a crowd");
            trail::note(|trail| trail.refused_in_crowd = true);
        }
        if in_doubt {
            self.lost = self.lost.saturating_add(1);
            self.pause().await;
            return Ok(Some(self.settle().await?));
        }
        if is_older || self.seats.is_some() {
            return Ok(Some(view));
        }
        pools.map(|pools| self.view_of(pools)).transpose()
    }

    /// The home pool with those from which it can gather what is missing, as far as this instance
    /// remembers. `None` if they have too few.
    async fn widen(&self, missing: u32) -> Result<Option<View>, Problem> {
        let [high, low, ..] = self.desk.random();
        let start = usize::from(u16::from_be_bytes([high, low]));
        let (pools, home) = (self.event.pools, self.home);
        let donors = |memory: &mut Memory| memory.donors(missing, pools, home, start);
        let donors = self.desk.recall(self.event, donors);
        if donors.is_empty() { Ok(None) } else { Ok(Some(self.read_with(donors).await?)) }
    }

    /// Moves a request that may stand in any pool to one that had enough seats when it was seen
    /// last, if there is one. No commit in the pool before may be in doubt.
    fn move_on(&mut self) -> bool {
        let Some(seats) = self.seats else { return false };
        let (pools, random) = (self.event.pools, self.desk.random());
        let other = self.desk.recall(self.event, |memory| memory.pick_with(seats, pools, random));
        let Some(other) = other else { return false };
        self.home = other;
        self.tried.clear();
        true
    }

    /// Looks into every pool, when the home pool has no room or let an order stand in another. Only
    /// a look at all of them tells whether an earlier try of this one does.
    async fn look_everywhere(&mut self, before: &View) -> Result<View, Problem> {
        self.looked = self.looked.saturating_add(1);
        let earlier = lookout::own_sighting(self.desk, self.event);
        let view = self.read_all(before).await?;
        // Only its sums are looked at.
        let census = Census::of(view.pools(), self.desk.now());
        self.proof = Some(Shortage::of(self.event.total_seats, &earlier, &census));
        Ok(view)
    }
}
