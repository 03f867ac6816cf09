//! A simulated partner that compares its books with ours: it walks through the list of its
//! reservations, page by page, while everybody goes on.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;
use shared::reservation::ReservationId;

use super::instance::Operation;
use super::partner::{Known, Partner, Standing, id_of};
use super::{Outcome, World};
use crate::support::requests::Parts;

/// How often a page is asked for before the partner gives the walk up.
const SENDS_MAX: u32 = 8;

impl Partner {
    /// Lists all it has. What it knew of before the first page must be there, once, as it is; and
    /// nothing of anybody else's.
    pub(super) async fn compare_books(&self, world: &World) {
        let limit = world.dice.between(1, 5).to_string();
        let (mut cursor, mut listed) = (None::<String>, BTreeMap::new());
        let mut pages = 0;
        loop {
            let steps = world.auditor.steps();
            let Some(page) = self.page(world, &limit, cursor.as_deref()).await else { return };
            pages += 1;
            for one in page["reservations"].as_array().expect("a list") {
                let id = id_of(one);
                if one["partnerId"] != self.caller.id.as_str() {
                    world.auditor.object("another partner's reservation was listed");
                }
                if listed.last_key_value().is_some_and(|(last, _)| *last >= id) {
                    world.auditor.object("a list was out of order, or showed one twice");
                }
                listed.insert(id, one["status"].clone());
            }
            let Some(next) = page["nextCursor"].as_str() else { break };
            cursor = Some(next.to_owned());
            if pages > 1 && world.auditor.steps() > steps {
                world.count("sold while a list was read");
            }
        }
        world.count(if pages > 1 { "listed on several pages" } else { "listed on one page" });
        self.compare(world, &listed);
    }

    fn compare(&self, world: &World, listed: &BTreeMap<ReservationId, Value>) {
        for order in &self.orders {
            let Standing::Sold(id) = order.standing else { continue };
            let is_right = match (order.cancelled, listed.get(&id)) {
                (_, None) => false,
                (Known::No, Some(status)) => status == "confirmed",
                (Known::Yes, Some(status)) => status == "cancelled",
                (Known::Unknown, Some(_)) => true,
            };
            if !is_right {
                world.auditor.object("a list left a reservation out, or did not know its state");
            }
        }
        let kept = world.auditor.reservations();
        if listed.keys().any(|id| kept.get(id).is_none_or(|one| one.partner != self.caller.id)) {
            world.auditor.object("a list showed what nobody sold");
        }
    }

    /// A page from this cursor on, asked for until it is answered.
    async fn page(&self, world: &World, limit: &str, cursor: Option<&str>) -> Option<Value> {
        for _ in 0..SENDS_MAX {
            let cursor = cursor.map(|cursor| ("cursor", cursor));
            let query: HashMap<_, _> = [("limit", limit)].into_iter().chain(cursor).collect();
            match world.send(Operation::List, Parts::list(&self.caller, query)).await {
                Outcome::Success(page) => return Some(page),
                Outcome::Refusal(code) => world.auditor.object(&format!("a list met {code}")),
                Outcome::Fault | Outcome::Unknown => {}
            }
        }
        None
    }
}
