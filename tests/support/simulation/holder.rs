//! A simulated partner that holds seats: confirms some in time, some too late, some at the last
//! moment, holds some for longer and gives some back.
//!
//! No clock of an instance is behind the auditor's, and none is more than a bound ahead of it. So
//! by the auditor's clock it is known whether a hold must still stand, or must be over.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use shared::hold::HoldState;
use shared::reservation::{Reservation, ReservationId};
use tokio::time::sleep;

use super::instance::{Operation, SKEW_MS_MAX};
use super::partner::{Known, Partner, id_of};
use super::{Outcome, World};
use crate::support::nouns;
use crate::support::requests::Parts;

/// A hold, and what its partner knows of it.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    key: String,
    seats: u32,
    /// Its reservation, once its order was answered; it may stand without that.
    id: Option<ReservationId>,
    /// The end that an answer told of last.
    until: Timestamp,
    confirmed: Known,
    /// Whether the partner has tried to give it back, or to extend it in vain.
    is_vague: bool,
}

impl Partner {
    /// One thing that holders do.
    pub(super) async fn hold_or_so(&mut self, world: &World) {
        if world.dice.chance(0.4) {
            let seats = *world.dice.pick(&[1, 2, 4, 10]);
            let (key, until) = (format!("hold-{}", self.holds.len()), nouns::start_of_time());
            let (id, confirmed, is_vague) = (None, Known::No, false);
            self.holds.push(Held { key, seats, id, until, confirmed, is_vague });
            self.hold(world, self.holds.len() - 1).await;
            return;
        }
        let held: Vec<_> =
            (0..self.holds.len()).filter(|at| self.holds[*at].id.is_some()).collect();
        if held.is_empty() {
            return;
        }
        let at = *world.dice.pick(&held);
        match world.dice.between(0, 9) {
            0..4 => self.confirm(world, at).await,
            4 => self.hold(world, at).await,
            5..7 => self.extend(world, at).await,
            7..9 => self.show_hold(world, at).await,
            _ => self.release(world, at).await,
        }
    }

    /// Orders, for the first time or once more.
    async fn hold(&mut self, world: &World, at: usize) {
        let hold = &mut self.holds[at];
        let body = json!({"seats": hold.seats, "hold": {"expiresInSeconds": 60}});
        let request = Parts::order(&self.caller, body, &Some(hold.key.clone()));
        match world.send(Operation::Reserve, request).await {
            Outcome::Success(body) if hold.id.is_some_and(|id| id != id_of(&body)) => {
                world.auditor.object("a retried hold was two reservations");
            }
            Outcome::Success(body) if hold.id.is_none() => {
                (hold.id, hold.until) = (Some(id_of(&body)), end_of(&body));
                world.count("held");
            }
            Outcome::Success(_) => {}
            Outcome::Refusal(code) if hold.id.is_some() && code != "version-conflict" => {
                world.auditor.object(&format!("a hold's replay met {code}"));
            }
            Outcome::Refusal(code) => match code.as_str() {
                "too-many-held" => world.count("too many held"),
                "not-enough-seats" | "version-conflict" => {}
                other => world.auditor.object(&format!("a hold met {other}")),
            },
            Outcome::Fault | Outcome::Unknown => {}
        }
    }

    /// Waits until the hold is nearly over, or just over, at times.
    async fn wait_for_the_end(world: &World, hold: &Held) {
        let before = SignedDuration::from_millis(i64::try_from(SKEW_MS_MAX).expect("seconds"));
        let left = (hold.until - before).duration_since(world.auditor.now());
        if world.dice.chance(0.3)
            && let Ok(left) = Duration::try_from(left)
        {
            sleep(left + Duration::from_millis(world.dice.between(0, SKEW_MS_MAX * 3 / 2))).await;
        }
    }

    async fn confirm(&mut self, world: &World, at: usize) {
        Self::wait_for_the_end(world, &self.holds[at]).await;
        let (hold, sent) = (self.holds[at].clone(), world.auditor.now());
        let outcome = self.ask(world, Operation::Confirm, &hold, Value::Null).await;
        let auditor = &world.auditor;
        let is_near = (hold.until.duration_since(sent).as_secs()).abs() <= 5;
        match outcome {
            Outcome::Success(body) => {
                if body["status"] != "confirmed" {
                    auditor.object("a confirmed hold is not confirmed");
                }
                let was_in_doubt = hold.confirmed != Known::No || hold.is_vague;
                if sent >= hold.until && !was_in_doubt {
                    auditor.object("a hold was confirmed after its end");
                }
                world.count(if is_near { "confirmed at the last moment" } else { "confirmed" });
                self.holds[at].confirmed = Known::Yes;
            }
            Outcome::Refusal(code) if code == "hold-expired" => {
                if hold.confirmed == Known::Yes {
                    auditor.object("what was confirmed has expired");
                }
                if may_stand(world, &hold) && !hold.is_vague {
                    auditor.object("a hold was over before its end");
                }
                world.count(if is_near { "expired a moment ago" } else { "expired" });
            }
            Outcome::Refusal(code) => {
                let is_known = code == "version-conflict" || code == "reservation-not-found";
                if !is_known || (code == "reservation-not-found" && !hold.is_vague) {
                    auditor.object(&format!("a confirmation met {code}"));
                }
            }
            Outcome::Fault => {}
            Outcome::Unknown if hold.confirmed == Known::No => {
                self.holds[at].confirmed = Known::Unknown;
            }
            Outcome::Unknown => {}
        }
    }

    async fn extend(&mut self, world: &World, at: usize) {
        Self::wait_for_the_end(world, &self.holds[at]).await;
        let hold = self.holds[at].clone();
        let body = json!({"expiresInSeconds": 60 + world.dice.between(0, 60)});
        match self.ask(world, Operation::Extend, &hold, body).await {
            Outcome::Success(body) => {
                let until = end_of(&body);
                if until < hold.until {
                    world.auditor.object("a hold was made shorter");
                }
                self.holds[at].until = until;
                world.count("extended");
            }
            Outcome::Refusal(code) => {
                let is_wrong = match code.as_str() {
                    "hold-expired" => may_stand(world, &hold) && !hold.is_vague,
                    "not-held" => hold.confirmed == Known::No && !hold.is_vague,
                    "reservation-not-found" => !hold.is_vague,
                    "version-conflict" | "hold-limit-reached" => false,
                    _ => true,
                };
                if is_wrong {
                    world.auditor.object(&format!("an extension met {code}"));
                }
            }
            // It may last longer than is known.
            Outcome::Fault | Outcome::Unknown => self.holds[at].is_vague = true,
        }
    }

    async fn show_hold(&mut self, world: &World, at: usize) {
        Self::wait_for_the_end(world, &self.holds[at]).await;
        let (hold, sent) = (self.holds[at].clone(), world.auditor.now());
        let shown = match self.ask(world, Operation::Show, &hold, Value::Null).await {
            Outcome::Success(body) => body["status"].clone(),
            Outcome::Refusal(_) if hold.is_vague => return,
            Outcome::Refusal(code) => json!(code),
            Outcome::Fault | Outcome::Unknown => return,
        };
        let is_right = match (hold.confirmed, hold.is_vague) {
            (Known::Yes, false) => shown == "confirmed",
            (Known::No, false) if sent >= hold.until => shown == "expired",
            (Known::No, false) if may_stand(world, &hold) => shown == "held",
            _ => true,
        };
        if !is_right {
            world.auditor.object(&format!("a hold was shown as {shown}"));
        }
    }

    async fn release(&mut self, world: &World, at: usize) {
        let hold = self.holds[at].clone();
        self.holds[at].is_vague = true;
        if let Outcome::Refusal(code) = self.ask(world, Operation::Cancel, &hold, Value::Null).await
        {
            let is_over = !may_stand(world, &hold) && hold.confirmed != Known::Yes;
            let is_known = code == "version-conflict" || hold.is_vague || is_over;
            if !is_known || !["version-conflict", "reservation-not-found"].contains(&&*code) {
                world.auditor.object(&format!("a release met {code}"));
            }
        }
    }

    async fn ask(&self, world: &World, operation: Operation, hold: &Held, body: Value) -> Outcome {
        let id = hold.id.expect("it was held");
        let request = Parts::reservation_with(&self.caller, &id, &body);
        world.send(operation, request).await
    }

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
            if !is_right {
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
            let bought = bought.values().filter(|one| one.status() == "confirmed");
            let bought: u32 = bought.map(|one| one.seats.get()).sum();
            let free = world.event.total_seats.get() - bought;
            if body["availableSeats"] != free || body["heldSeats"] != 0 {
                world.auditor.object("seats are held that nobody holds");
            }
            return;
        }
    }
}

/// Whether no clock says yet that the hold is over.
fn may_stand(world: &World, hold: &Held) -> bool {
    let ahead = SignedDuration::from_millis(i64::try_from(SKEW_MS_MAX).expect("seconds"));
    world.auditor.now() + ahead < hold.until
}

fn end_of(body: &Value) -> Timestamp {
    let text = body["expiresAt"].as_str();
    text.map_or_else(nouns::start_of_time, |text| text.parse().expect("a time"))
}
