//! What the ledger says of changes.

use shared::access::Caller;
use shared::order::Amendment;
use shared::refusal::Refusal;
use shared::reservation::{Reservation, ReservationId, Status};
use shared::rules::Decision;
use shared::view::View;

use super::World;

impl World {
    pub(super) fn amend(
        &mut self,
        id: &ReservationId,
        caller: &Caller,
        amendment: &Amendment,
        is_seen: bool,
    ) {
        let whole = View::of_all(self.pools.clone(), id.pool()).expect("the home pool is there");
        let decided = whole.amend(id, caller, amendment, |_| is_seen, self.now);
        let Some(standing) = self.held_for(id, caller, &decided) else { return };
        let seats = amendment.seats.expect("it names them");
        let more = seats.get().saturating_sub(standing.seats.get());
        let (free, is_held) = (self.free_seats(), standing.status() == Status::Held);
        let held = self.held_in(id, &standing.partner);
        if seats == standing.seats {
            assert_eq!(decided, Ok(Decision::Standing(standing)));
            self.seen.insert("as asked already");
        } else if !is_seen {
            assert_eq!(decided, Err(Refusal::ReservationChanged));
            self.seen.insert("changed unseen");
        } else if more > 0
            && let Err(refusal) = self.event.terms.admit(seats.get(), self.now)
        {
            assert_eq!(decided, Err(refusal));
            self.seen.insert("no more by the terms");
        } else if is_held && held + more > 25 {
            assert_eq!(decided, Err(Refusal::TooManyHeld));
        } else if free < more {
            let refusal = Refusal::NotEnoughSeats { requested: more, available: free };
            assert_eq!(decided, Err(refusal));
            self.seen.insert("not enough for more");
        } else {
            let Ok(Decision::Commit(changes, amended)) = decided else { panic!("{decided:?}") };
            assert!(amended.version > standing.version, "its version only grows");
            assert!(amended.ordered.is_some(), "it is known what was ordered");
            let (version, ordered) = (amended.version, amended.ordered);
            assert_eq!(Reservation { seats, version, ordered, ..standing }, amended);
            self.seen.insert(match (more, changes.len()) {
                (0, 1) => "fewer seats",
                (_, 1) => "more seats",
                _ => "gathered for more",
            });
            self.commit(&changes, amended);
        }
    }
}
