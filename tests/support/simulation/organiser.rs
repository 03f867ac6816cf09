//! A simulated partner that is let do an organiser's work: it pauses the sale and lets it go on,
//! while others do the same, and while everybody orders.

use std::time::Duration;

use serde_json::{Value, json};
use shared::access::{Caller, Role};
use tokio::time::sleep;

use super::habit::Habit;
use super::instance::Operation;
use super::partner::Partner;
use super::{Outcome, World};
use crate::support::requests::Parts;

/// How often a change is asked for before its outcome stays unknown.
const SENDS_MAX: u32 = 4;

/// How often all are cancelled until it must be done: a storm is never so bad.
const CANCELLING_MAX: u32 = 1_000;

impl World {
    /// Whether the code says that the event's terms refused an order, as they may here.
    pub(super) fn is_refused_by_terms(&self, code: &str) -> bool {
        let is_of_terms = ["sales-closed", "order-too-large"].contains(&code);
        if is_of_terms && self.habit == Habit::Pauses {
            self.count("refused by the terms");
        }
        is_of_terms && self.habit == Habit::Pauses
    }
}

impl Partner {
    /// At the very end all that stands is cancelled, in whatever weather, until that is done: then
    /// no seat is taken, and none was given back twice.
    pub(super) async fn cancel_all(&self, world: &World) {
        let organiser = Caller { id: self.caller.id.clone(), role: Role::Organiser };
        for _ in 0..CANCELLING_MAX {
            let request = Parts::cancel_all(&organiser, &world.event);
            match world.send(Operation::CancelAll, request).await {
                Outcome::Success(done) if done["status"] == "done" => {
                    world.count("all cancelled");
                    if world.auditor.reservations().values().any(|one| one.is_live()) {
                        world.auditor.object("a reservation stands though all are cancelled");
                    }
                    return;
                }
                Outcome::Refusal(code) if code != "version-conflict" => {
                    world.auditor.object(&format!("a cancellation of all met {code}"));
                }
                Outcome::Success(_) | Outcome::Refusal(_) | Outcome::Fault | Outcome::Unknown => {
                    world.count("cancelled in part");
                }
            }
        }
        world.auditor.object("not all are cancelled, however often it is asked");
    }

    /// Changes the event. Once that is answered, every pool must know, and so must whoever looks.
    pub(super) async fn run_sale(&self, world: &World) {
        let body = match world.dice.between(0, 9) {
            0..4 => json!({"status": "paused"}),
            4..8 => json!({"status": "on_sale"}),
            8 => json!({"maxSeatsPerOrder": *world.dice.pick(&[Value::Null, json!(1), json!(3)])}),
            _ => json!({"name": format!("Renamed {}", world.dice.between(0, 9))}),
        };
        let organiser = Caller { id: self.caller.id.clone(), role: Role::Organiser };
        for sent in 0..SENDS_MAX {
            let request = Parts::amendment(&organiser, &world.event, &body);
            match world.send(Operation::AmendEvent, request).await {
                Outcome::Success(event) => {
                    if sent > 0 {
                        world.count("change finished that broke off");
                    }
                    world.count(if body["status"] == "paused" { "paused" } else { "changed" });
                    let revision = event["revision"].as_u64().unwrap_or_default();
                    world.auditor.impose(revision);
                    return self.look_for(world, revision).await;
                }
                Outcome::Refusal(code) if code == "version-conflict" => {}
                Outcome::Refusal(code) => world.auditor.object(&format!("a change met {code}")),
                Outcome::Fault => {}
                Outcome::Unknown => world.count("change broke off"),
            }
        }
    }

    /// Whoever looks a second later sees this change, or a later one.
    async fn look_for(&self, world: &World, revision: u64) {
        sleep(Duration::from_secs(1)).await;
        let outcome = world.send(Operation::Summarize, Parts::summary(&self.caller)).await;
        if let Outcome::Success(event) = outcome
            && event["revision"].as_u64().unwrap_or_default() < revision
        {
            world.auditor.object("an event was shown as it was before a change");
        }
    }
}
