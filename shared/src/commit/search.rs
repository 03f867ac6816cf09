//! The search for seats that the home pool lacks: by what this instance remembers, then by the
//! board; and the refusal, once it is certain that there are too few.

use jiff::Timestamp;

use super::Race;
use crate::board::{Census, Memory, Shortage};
use crate::lookout;
use crate::problem::Problem;
use crate::refusal::Refusal;
use crate::rules::Decision;
use crate::store::Store;
use crate::view::View;

impl<S: Store> Race<'_, S> {
    /// Looks where there are seats, when the view has too few; and gives the refusal, once it is
    /// certain that there was a moment with fewer than `requested`.
    pub(super) async fn look_further(
        &mut self,
        view: &mut View,
        requested: u32,
        decide: impl Fn(&View, Timestamp) -> Result<Decision, Refusal>,
    ) -> Result<Option<Refusal>, Problem> {
        let (event, home) = (self.event, view.home());
        // While a commit of this request may yet be applied, its seats may be those that lack.
        let in_doubt = self.may_arrive(home);
        let may_stand_elsewhere = home.is_overflowed() || home.is_heavy();
        if may_stand_elsewhere && self.seats.is_none() {
            return self.look_everywhere(view, requested, decide).await;
        }
        if event.pools.get() == 1 && home.available() < requested {
            return Ok(Some(Refusal::NotEnoughSeats { requested, available: home.available() }));
        }

        if !self.has_guessed {
            self.has_guessed = true;
            let missing = requested.saturating_sub(home.available());
            if let Some(widened) = self.widen(missing, in_doubt).await? {
                *view = widened;
                return Ok(None);
            }
        }

        let is_in_crowd = lookout::is_in_crowd(self.desk, event);
        let known = self.desk.recall(event, |memory| memory.shortage(requested));
        if let Some(shortage) = known.filter(|_| is_in_crowd && !in_doubt) {
            tracing::info!("refused in a crowd");
            return Ok(Some(shortage.refuse(requested)));
        }

        let may_be_old = is_in_crowd && self.looked == 0;
        let looked = lookout::look(self.desk, event, requested, may_be_old).await?;
        let shortage = looked.shortage(event);
        if shortage.is_of(requested) && in_doubt {
            self.lost = self.lost.saturating_add(1);
            self.pause().await;
            *view = self.settle().await?;
            return Ok(None);
        }
        if shortage.is_of(requested) {
            if looked.before.at < self.started {
                tracing::info!("refused in a crowd");
            }
            self.desk.recall(event, |memory| memory.remember(shortage));
            return Ok(Some(shortage.refuse(requested)));
        }
        self.looked = self.looked.saturating_add(1);
        if self.seats.is_none()
            && let Some(pools) = looked.pools
        {
            *view = self.view_of(pools)?;
        } else if let Some(widened) = self.widen(requested, in_doubt).await? {
            *view = widened;
        }
        Ok(None)
    }

    /// What to decide on next, by what this instance remembers of the pools: another pool that has
    /// enough, or the home pool with those from which it can gather what is missing.
    async fn widen(&mut self, missing: u32, in_doubt: bool) -> Result<Option<View>, Problem> {
        if !in_doubt && self.move_on() {
            return Ok(Some(View::of_home(self.read_home().await?)));
        }
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
    async fn look_everywhere(
        &mut self,
        view: &mut View,
        requested: u32,
        decide: impl Fn(&View, Timestamp) -> Result<Decision, Refusal>,
    ) -> Result<Option<Refusal>, Problem> {
        let before = self.counted;
        *view = self.read_all(view).await?;
        let Some(before) = before else { return Ok(None) };
        let census = Census::of(&view.pools().cloned().collect::<Vec<_>>());
        let shortage = Shortage::of(self.event.total_seats, &before, &census);
        if shortage.is_of(requested)
            && view.is_conclusive()
            && let Err(Refusal::NotEnoughSeats { .. }) = decide(view, self.desk.now())
        {
            return Ok(Some(shortage.refuse(requested)));
        }
        self.looked = self.looked.saturating_add(1);
        Ok(None)
    }
}
