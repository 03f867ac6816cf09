//! What the ledger says of holds.

use shared::access::Caller;
use shared::hold::{Hold, HoldState, HoldTime, latest};
use shared::refusal::Refusal;
use shared::reservation::{Reservation, ReservationId, Status};
use shared::rules::Decision;
use shared::text::PartnerId;

use super::World;

impl World {
    /// The seats of a hold whose time is over are free, and nobody has done anything.
    pub(super) fn let_holds_end(&mut self) {
        for one in self.ledger.values_mut() {
            if let Some(hold) = &mut one.hold
                && one.cancelled.is_none()
                && hold.state == HoldState::Held
                && hold.until <= self.now
            {
                hold.state = HoldState::Expired;
                self.seen.insert("expired");
            }
        }
    }

    /// What is held for the partner in the pool of this id.
    pub(super) fn held_in(&self, id: &ReservationId, partner: &PartnerId) -> u32 {
        let held = self.ledger.values().filter(|one| one.status() == Status::Held);
        let here = held.filter(|one| one.id.pool() == id.pool() && one.partner == *partner);
        here.map(|one| one.seats.get()).sum()
    }

    pub(super) fn confirm(&mut self, id: &ReservationId, caller: &Caller) {
        let decided = self.pools[usize::from(id.pool().get())].confirm(id, caller, self.now);
        let Some(standing) = self.held_for(id, caller, &decided) else { return };
        match standing.status() {
            Status::Held => {
                let hold = standing.hold.expect("it is held");
                let hold = Some(Hold { state: HoldState::Confirmed, ..hold });
                self.restate(decided, &Reservation { hold, ..standing });
                self.seen.insert("confirmed");
            }
            Status::Confirmed | Status::Cancelled | Status::Expired => {
                assert_eq!(decided, Ok(Decision::Standing(standing)));
                self.seen.insert("confirmed already");
            }
        }
    }

    pub(super) fn extend(&mut self, id: &ReservationId, caller: &Caller, time: HoldTime) {
        let decided = self.pools[usize::from(id.pool().get())].extend(id, caller, time, self.now);
        let Some(standing) = self.held_for(id, caller, &decided) else { return };
        let (until, latest) = (time.after(self.now), latest(standing.created_at));
        match standing.hold {
            Some(hold) if standing.status() == Status::Held => {
                if until > latest {
                    assert_eq!(decided, Err(Refusal::HoldLimitReached { latest }));
                    self.seen.insert("held for too long");
                } else if until <= hold.until {
                    assert_eq!(decided, Ok(Decision::Standing(standing)));
                    self.seen.insert("held long enough");
                } else {
                    let hold = Some(Hold { until, ..hold });
                    self.restate(decided, &Reservation { hold, ..standing });
                    self.seen.insert("extended");
                }
            }
            _ => {
                assert_eq!(decided, Err(Refusal::NotHeld));
                self.seen.insert("not held");
            }
        }
    }

    /// The caller's live reservation; what was decided of any other is checked here.
    pub(super) fn held_for(
        &mut self,
        id: &ReservationId,
        caller: &Caller,
        decided: &Result<Decision, Refusal>,
    ) -> Option<Reservation> {
        let own = self.ledger.get(id).filter(|one| caller.may_act_for(&one.partner)).cloned();
        match own.as_ref().map(Reservation::status) {
            None | Some(Status::Cancelled) => {
                assert_eq!(*decided, Err(Refusal::ReservationNotFound));
                None
            }
            Some(Status::Expired) => {
                assert_eq!(*decided, Err(Refusal::HoldExpired));
                self.seen.insert("hold expired");
                None
            }
            Some(_) => own,
        }
    }

    fn restate(&mut self, decided: Result<Decision, Refusal>, want: &Reservation) {
        let Ok(Decision::Commit(changes, changed)) = decided else { panic!("{decided:?}") };
        assert!(changed.version > want.version, "its version only grows");
        assert_eq!(Reservation { version: want.version, ..changed.clone() }, *want);
        assert_eq!(changes.len(), 1);
        self.commit(&changes, changed);
    }
}
