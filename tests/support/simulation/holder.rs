//! A simulated partner that holds seats: confirms some in time, some too late, some at the last
//! moment, holds some for longer and gives some back.
//!
//! No clock of an instance is behind the auditor's, and none is more than a bound ahead of it. So
//! by the auditor's clock it is known whether a hold must still stand, or must be over.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use shared::reservation::ReservationId;
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
    /// As ordered, and as it has been told of last.
    pub(super) seats: u32,
    pub(super) has: u32,
    version: u64,
    /// Its reservation, once its order was answered; it may stand without that.
    pub(super) id: Option<ReservationId>,
    /// The end that an answer told of last.
    until: Timestamp,
    pub(super) confirmed: Known,
    /// Whether the partner has tried to give it back, or to extend it in vain.
    pub(super) is_vague: bool,
}

impl Partner {
    /// One thing that holders do.
    pub(super) async fn hold_or_so(&mut self, world: &World) {
        if world.dice.chance(0.4) {
            let seats = *world.dice.pick(&[1, 2, 4, 10]);
            let (key, until) = (format!("hold-{}", self.holds.len()), nouns::start_of_time());
            let (id, confirmed, is_vague) = (None, Known::No, false);
            let (has, version) = (seats, 0);
            self.holds.push(Held { key, seats, has, version, id, until, confirmed, is_vague });
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
            5 => self.extend(world, at).await,
            6 => self.amend(world, at).await,
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
                hold.version = version_of(&body);
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
                self.holds[at].version = version_of(&body);
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
                self.holds[at].version = version_of(&body);
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

    async fn amend(&mut self, world: &World, at: usize) {
        let hold = self.holds[at].clone();
        let seats = u32::try_from(world.dice.between(1, 10)).expect("few");
        let id = hold.id.expect("it was held");
        let mut request = Parts::reservation_with(&self.caller, &id, &json!({ "seats": seats }));
        let seen = format!("\"v{}\"", hold.version).parse().expect("a header");
        request.headers_mut().insert("If-Match", seen);
        match world.send(Operation::Amend, request).await {
            Outcome::Success(body) => {
                if body["seats"] != seats {
                    world.auditor.object("a reservation was changed to other seats");
                }
                (self.holds[at].has, self.holds[at].version) = (seats, version_of(&body));
                world.count(if seats > hold.has { "more seats" } else { "fewer seats" });
            }
            Outcome::Refusal(code) => {
                // An answer that was lost leaves its partner with an old version.
                let may_be_old = hold.is_vague || hold.confirmed == Known::Unknown;
                let is_wrong = match code.as_str() {
                    "precondition-failed" => !may_be_old,
                    "hold-expired" => may_stand(world, &hold) && !hold.is_vague,
                    "reservation-not-found" => !hold.is_vague,
                    "not-enough-seats" | "too-many-held" => seats <= hold.has && !may_be_old,
                    "version-conflict" => false,
                    _ => true,
                };
                if is_wrong {
                    world.auditor.object(&format!("a change met {code}"));
                }
            }
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
}

/// Whether no clock says yet that the hold is over.
fn may_stand(world: &World, hold: &Held) -> bool {
    let ahead = SignedDuration::from_millis(i64::try_from(SKEW_MS_MAX).expect("seconds"));
    world.auditor.now() + ahead < hold.until
}

fn version_of(body: &Value) -> u64 {
    body["version"].as_u64().expect("a version")
}

fn end_of(body: &Value) -> Timestamp {
    let text = body["expiresAt"].as_str();
    text.map_or_else(nouns::start_of_time, |text| text.parse().expect("a time"))
}
