//! What an organiser does, as the ledger has it: other terms for all pools, and all reservations
//! cancelled.

use jiff::SignedDuration;
use shared::mark::RequestMark;
use shared::pool::Pool;
use shared::reservation::{Cancellation, ReservationId};
use shared::terms::Terms;

use super::{World, has};

impl World {
    /// All pools are on these terms from now on.
    pub(super) fn change_terms(&mut self, terms: Terms) {
        self.event.terms = terms;
        self.event.revision += 1;
        let event = &self.event;
        self.pools = self.pools.drain(..).map(|pool| pool.on_terms_of(event)).collect();
    }

    /// Each pool gives back, in one step, all that the ledger knows to be taken there.
    pub(super) fn cancel_all(&mut self, by: RequestMark) {
        for position in 0..self.pools.len() {
            let pool = self.pools[position].clone();
            let is_here = |id: &ReservationId| id.pool() == pool.index();
            let here = self.ledger.values().filter(|one| one.is_live() && is_here(&one.id));
            let live: Vec<_> = here.map(|one| one.id).collect();
            let Some(change) = pool.cancel_all(by, self.now) else {
                assert!(live.is_empty(), "none is left out");
                continue;
            };
            let after = change.after();
            assert_eq!(change.expected_version(), pool.version());
            assert_eq!((after.available(), after.version()), (pool.capacity(), pool.version() + 1));
            for id in live {
                let standing = self.ledger.get_mut(&id).expect("it is there");
                standing.cancelled = Some(Cancellation { at: self.now, by });
                standing.version = after.version();
            }
            self.forget_dropped(&pool, after);
            self.pools[position] = after.clone();
            self.seen.insert("all cancelled");
        }
    }

    /// Forgets what a step has dropped, which must have ended a day ago.
    pub(super) fn forget_dropped(&mut self, before: &Pool, after: &Pool) {
        for id in before.reservations().map(|one| one.id).filter(|id| !has(after, id)) {
            let dropped = self.ledger.remove(&id).expect("only what is there can be dropped");
            let ended_at = dropped.ended_at().expect("what is live is never dropped");
            assert!(self.now.duration_since(ended_at) > SignedDuration::from_hours(24));
            self.seen.insert("dropped");
        }
    }
}
