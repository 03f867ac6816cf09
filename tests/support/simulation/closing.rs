//! The end of a world's holds: each is as its partner was told, and time frees what nobody bought.

use std::collections::BTreeMap;
use std::time::Duration;

use shared::hold::HoldState;
use shared::reservation::{Reservation, ReservationId, Status};
use tokio::time::sleep;

use super::instance::Operation;
use super::partner::{Known, Partner};
use super::{Outcome, World};
use crate::support::requests::Parts;

impl Partner {
    /// At the end, when no write is under way: what was held is there, and bought if that is known.
    pub(super) fn settle_holds(
        &self,
        world: &World,
        kept: &mut BTreeMap<ReservationId, Reservation>,
    ) {
        // An answer that was lost leaves its partner without the id: any that is left may be it.
        let (known, unknown): (Vec<_>, Vec<_>) =
            self.holds.iter().partition(|hold| hold.id.is_some());
        for hold in known.into_iter().chain(unknown) {
            let is_theirs = |one: &Reservation| {
                let order = one.hold.is_some() && one.seats.get() == hold.seats;
                one.partner == self.caller.id && order
            };
            let id = hold.id.or_else(|| {
                let all = kept.values().find(|one| is_theirs(one));
                all.map(|one| one.id)
            });
            let Some(one) = id.and_then(|id| kept.remove(&id)) else {
                if hold.id.is_some() {
                    world.auditor.object("a hold that was answered 201 is lost");
                }
                continue;
            };
            let is_confirmed = one.hold.map(|hold| hold.state) == Some(HoldState::Confirmed);
            let is_right = match hold.confirmed {
                Known::Yes => is_confirmed,
                Known::No => !is_confirmed,
                Known::Unknown => true,
            };
            let has_its_seats = hold.id.is_none() || hold.is_vague || one.seats.get() == hold.has;
            if !is_right || !has_its_seats {
                world.auditor.object("a hold is not as its partner was told");
            }
        }
    }

    /// Nobody confirms any more, and no job runs: at last only what was bought is taken.
    pub(super) async fn see_all_holds_end(&self, world: &World) {
        sleep(Duration::from_secs(31 * 60)).await;
        for _ in 0..100 {
            let request = Parts::summary(&self.caller);
            let Outcome::Success(body) = world.send(Operation::Summarize, request).await else {
                continue;
            };
            let bought = world.auditor.reservations();
            let bought = bought.values().filter(|one| one.status() == Status::Confirmed);
            let bought: u32 = bought.map(|one| one.seats.get()).sum();
            let free = world.event.total_seats.get() - bought;
            if body["availableSeats"] != free || body["heldSeats"] != 0 {
                world.auditor.object("seats are held that nobody holds");
            }
            return;
        }
    }
}
