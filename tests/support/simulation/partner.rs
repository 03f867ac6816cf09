//! A simulated partner: orders, retries, cancels, looks, and tries what it must not.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use shared::access::{Caller, Role};
use shared::reservation::ReservationId;
use tokio::time::sleep;

use super::holder::Held;
use super::instance::Operation;
use super::{LAST_WRITE, Outcome, World};
use crate::support::requests::Parts;

/// How often a partner sends one request before it leaves the outcome unknown.
const SENDS_MAX: u32 = 4;

/// How often it sends what is unknown at the end: a storm is never so bad.
const RESOLVING_MAX: u32 = 1_000;

/// A partner and all it has asked for.
#[derive(Debug)]
pub(crate) struct Partner {
    pub(crate) caller: Caller,
    pub(crate) orders: Vec<Order>,
    pub(super) holds: Vec<Held>,
}

/// One order and what the partner knows of it.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) key: Option<String>,
    pub(crate) seats: u32,
    pub(crate) standing: Standing,
    pub(crate) cancelled: Known,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Sold(ReservationId),
    Refused,
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    No,
    Yes,
    Unknown,
}

impl Partner {
    pub(crate) fn new(number: u64) -> Self {
        let id = format!("partner-{number}").parse().expect("an id");
        Self { caller: Caller { id, role: Role::Partner }, orders: Vec::new(), holds: Vec::new() }
    }

    /// So many operations, one after another, each of its own choice.
    pub(crate) async fn live(mut self, world: Arc<World>, operations: u64) -> Self {
        for _ in 0..operations {
            sleep(Duration::from_micros(world.dice.between(0, 20_000))).await;
            if self.follow_habit(&world).await {
                continue;
            }
            match world.dice.between(0, 99) {
                0..55 => self.order(&world).await,
                55..75 => self.cancel_one(&world).await,
                75..83 => self.repeat_one(&world).await,
                83..90 => self.show_one(&world).await,
                90..95 => self.summarize(&world).await,
                _ => self.trespass(&world).await,
            }
        }
        self
    }

    /// Sends every request whose outcome is unknown again, until it is known; or until something is
    /// wrong, since then it may never be.
    pub(crate) async fn resolve(mut self, world: Arc<World>) -> Self {
        let mut sends = 0;
        let mut all_is_well = || {
            sends += 1;
            if sends > RESOLVING_MAX {
                world.auditor.object("a request is never answered, however often it is sent");
            }
            world.auditor.violation().is_none()
        };
        for position in 0..self.orders.len() {
            while self.orders[position].key.is_some()
                && self.orders[position].standing == Standing::Unknown
                && all_is_well()
            {
                sleep(LAST_WRITE).await;
                self.orders[position].standing =
                    self.send_order(&world, &self.orders[position]).await;
            }
            while let Standing::Sold(id) = self.orders[position].standing
                && self.orders[position].cancelled == Known::Unknown
                && all_is_well()
            {
                self.orders[position].cancelled =
                    self.send_cancel(&world, id, &self.orders[position], None).await;
            }
        }
        self
    }

    async fn order(&mut self, world: &World) {
        let seats = *world.dice.pick(&[1, 1, 2, 2, 3, 4, 6, 10]);
        // The same keys as every other partner's: they must not meet.
        let key = world.dice.chance(0.7).then(|| format!("order-{}", self.orders.len()));
        let mut order = Order { key, seats, standing: Standing::Unknown, cancelled: Known::No };
        order.standing = self.send_order(world, &order).await;
        self.orders.push(order);
    }

    /// Sends an order until its outcome is known; without a key only once, since each send would
    /// be another reservation. A refusal says nothing of an earlier send that may still be served.
    async fn send_order(&self, world: &World, order: &Order) -> Standing {
        let mut refused = Standing::Refused;
        let sends = if order.key.is_some() { SENDS_MAX } else { 1 };
        for _ in 0..sends {
            let send = async || {
                let body = json!({ "partnerId": self.caller.id.as_str(), "seats": order.seats });
                let request = Parts::order(&self.caller, body, &order.key);
                world.send(Operation::Reserve, request).await
            };
            let outcome = if order.key.is_some() && world.dice.chance(0.15) {
                let (first, second) = tokio::join!(send(), send());
                agree(world, first, second)
            } else {
                send().await
            };
            match outcome {
                Outcome::Success(body) => {
                    if body["seats"] != order.seats {
                        world.auditor.object("other seats were sold than ordered");
                    }
                    return Standing::Sold(id_of(&body));
                }
                Outcome::Refusal(code) if code == "not-enough-seats" => return refused,
                Outcome::Refusal(code) if world.is_refused_by_terms(&code) => return refused,
                Outcome::Refusal(code) if code == "version-conflict" => {
                    world.count("budget exhausted");
                    if order.key.is_none() {
                        return Standing::Refused;
                    }
                }
                Outcome::Refusal(code) => world.auditor.object(&format!("an order met {code}")),
                Outcome::Fault if order.key.is_none() => return Standing::Refused,
                Outcome::Fault => {}
                Outcome::Unknown => refused = Standing::Unknown,
            }
        }
        Standing::Unknown
    }

    async fn cancel_one(&mut self, world: &World) {
        let Some((position, id)) = self.pick_sold(world) else { return };
        let key = world.dice.chance(0.5).then(|| format!("c{}", world.dice.between(0, 9_999_999)));
        self.orders[position].cancelled =
            self.send_cancel(world, id, &self.orders[position], key).await;
    }

    /// Cancels a reservation until the outcome is known.
    async fn send_cancel(
        &self,
        world: &World,
        id: ReservationId,
        order: &Order,
        key: Option<String>,
    ) -> Known {
        let mut unknown = order.cancelled == Known::Unknown;
        for _ in 0..SENDS_MAX {
            let request = Parts::reservation(&self.caller, &id, &key);
            match world.send(Operation::Cancel, request).await {
                Outcome::Success(_) => {
                    if order.cancelled == Known::Yes {
                        world.auditor.object("a reservation was cancelled twice");
                    }
                    return Known::Yes;
                }
                Outcome::Refusal(code) if code == "reservation-not-found" => {
                    if order.cancelled == Known::No && !unknown {
                        world.auditor.object("what was sold was not there to cancel");
                    }
                    return Known::Yes;
                }
                Outcome::Refusal(code) if code == "version-conflict" => {}
                Outcome::Refusal(code) => world.auditor.object(&format!("a cancel met {code}")),
                Outcome::Fault => {}
                Outcome::Unknown => unknown = true,
            }
        }
        if unknown { Known::Unknown } else { order.cancelled }
    }

    /// Promise 2: the same key gives the same reservation, and 422 with another order.
    async fn repeat_one(&mut self, world: &World) {
        let Some((position, id)) = self.pick_sold(world) else { return };
        let order = self.orders[position].clone();
        if order.key.is_none() {
            return;
        }
        if world.dice.chance(0.3) {
            let body = json!({ "seats": order.seats % 10 + 1 });
            let other = Parts::order(&self.caller, body, &order.key);
            match world.send(Operation::Reserve, other).await {
                Outcome::Refusal(code) if code == "idempotency-key-reused" => {}
                Outcome::Refusal(code) => world.auditor.object(&format!("a reused key met {code}")),
                Outcome::Success(_) => world.auditor.object("a reused key sold other seats"),
                Outcome::Fault | Outcome::Unknown => {}
            }
            return;
        }
        match self.send_order(world, &order).await {
            Standing::Sold(again) if again != id => {
                world.auditor.object("a retried request was two reservations");
            }
            Standing::Refused => world.auditor.object("a replay was refused"),
            Standing::Sold(_) | Standing::Unknown => {}
        }
    }

    async fn show_one(&mut self, world: &World) {
        let Some((position, id)) = self.pick_sold(world) else { return };
        let request = Parts::reservation(&self.caller, &id, &None);
        let shown = match world.send(Operation::Show, request).await {
            Outcome::Success(body) => body["status"].clone(),
            Outcome::Refusal(_) => Value::Null,
            Outcome::Fault | Outcome::Unknown => return,
        };
        let expected = match self.orders[position].cancelled {
            Known::No => shown == "confirmed",
            Known::Yes => shown == "cancelled",
            Known::Unknown => shown != Value::Null,
        };
        if !expected {
            world.auditor.object(&format!("a sold reservation was shown as {shown}"));
        }
    }

    async fn summarize(&self, world: &World) {
        let outcome = world.send(Operation::Summarize, Parts::summary(&self.caller)).await;
        if let Outcome::Success(body) = outcome {
            let total = u64::from(world.event.total_seats.get());
            if body["availableSeats"].as_u64().is_none_or(|available| available > total) {
                world.auditor.object("more seats were free than there are");
            }
        }
    }

    /// Promise 4: what is another partner's does not exist.
    async fn trespass(&self, world: &World) {
        let all = world.auditor.reservations();
        let others: Vec<_> = all.values().filter(|one| one.partner != self.caller.id).collect();
        if others.is_empty() {
            return;
        }
        let request = Parts::reservation(&self.caller, &world.dice.pick(&others).id, &None);
        let operation = *world.dice.pick(&[Operation::Show, Operation::Cancel]);
        match world.send(operation, request).await {
            Outcome::Refusal(code) if code == "reservation-not-found" => {}
            Outcome::Refusal(code) => world.auditor.object(&format!("a trespass met {code}")),
            Outcome::Success(_) => world.auditor.object("another partner's reservation was given"),
            Outcome::Fault | Outcome::Unknown => {}
        }
    }

    fn pick_sold(&self, world: &World) -> Option<(usize, ReservationId)> {
        let sold =
            self.orders.iter().enumerate().filter_map(|(position, order)| match order.standing {
                Standing::Sold(id) => Some((position, id)),
                Standing::Refused | Standing::Unknown => None,
            });
        let sold: Vec<_> = sold.collect();
        (!sold.is_empty()).then(|| *world.dice.pick(&sold))
    }
}

pub(super) fn id_of(body: &Value) -> ReservationId {
    body["reservationId"].as_str().and_then(|id| id.parse().ok()).expect("a reservation id")
}

/// Two copies of one request at once are one reservation.
fn agree(world: &World, first: Outcome, second: Outcome) -> Outcome {
    match (first, second) {
        (Outcome::Success(one), Outcome::Success(other)) => {
            if id_of(&one) != id_of(&other) {
                world.auditor.object("two copies of a request were two reservations");
            }
            Outcome::Success(one)
        }
        (sold @ Outcome::Success(_), _) | (_, sold @ Outcome::Success(_)) => sold,
        (Outcome::Unknown, _) | (_, Outcome::Unknown) => Outcome::Unknown,
        (Outcome::Fault, other) | (other, Outcome::Fault) => other,
        (refusal @ Outcome::Refusal(_), Outcome::Refusal(_)) => refusal,
    }
}
