//! Concurrent callers are answered as if they had come one at a time: many small histories, each
//! searched for an order of its requests that explains every answer.
//!
//! An event of one pool is checked with its versions and summaries; one of several is checked
//! whole, gathers included, but for its summary, which is not of one moment.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use lambda_http::Request;
use serde_json::json;
use shared::access::{Caller, Role};
use shared::desk::Desk;
use shared::event::{Event, PoolCount};
use shared::reservation::ReservationId;
use tokio::{task::JoinSet, time::sleep};

use crate::support::answering::Answering;
use crate::support::desk::create;
use crate::support::history::{Asked, History, Sequential, Told};
use crate::support::requests::Parts;
use crate::support::sale::{Sale, unique};
use crate::support::simulated::weather::Dice;
use crate::support::simulation::World;
use crate::support::simulation::instance::Operation;
use crate::support::simulation::life::runtime;
use crate::support::{database, nouns, wire};

/// The search takes time without end when many requests overlap.
const CALLERS: u64 = 3;
const REQUESTS_EACH: u64 = 3;
const ORDERS: u64 = 4;

/// Callers of one partner, who share its few keys, so that they meet.
#[derive(Clone)]
struct Callers {
    partner: Caller,
    event: Arc<Event>,
    dice: Dice,
    history: Arc<History>,
}

impl Callers {
    fn of(event: Arc<Event>, dice: Dice) -> Self {
        let partner = Caller { id: nouns::partner("abc-corp"), role: Role::Partner };
        Self { partner, event, dice, history: Arc::default() }
    }

    fn one_pool(&self) -> bool {
        self.event.pools.get() == 1
    }

    /// All ask at once, one request after another; what they were told, `None` for no answer.
    async fn ask_at_once(&self, answering: &Arc<impl Answering>) -> Vec<Option<Told>> {
        let mut asking = JoinSet::new();
        for _ in 0..CALLERS {
            let (callers, answering) = (self.clone(), Arc::clone(answering));
            asking.spawn(async move {
                let mut all_told = Vec::new();
                for _ in 0..REQUESTS_EACH {
                    sleep(Duration::from_millis(callers.dice.between(0, 10))).await;
                    all_told.push(callers.ask(callers.choose(), &*answering).await);
                }
                all_told
            });
        }
        asking.join_all().await.into_iter().flatten().collect()
    }

    /// All ask at once; when they are done, one looks at what has become of each order. Where
    /// answers get lost, that is too much to search.
    async fn ask_at_once_and_look(&self, answering: Arc<impl Answering>) -> Vec<Option<Told>> {
        let mut all_told = self.ask_at_once(&answering).await;
        for order in 0..ORDERS {
            all_told.push(self.ask(Asked::Show { order }, &*answering).await);
        }
        all_told
    }

    async fn ask(&self, asked: Asked, answering: &impl Answering) -> Option<Told> {
        let (operation, request) = self.request(asked);
        let question = self.history.ask(asked);
        let outcome = answering.answer(operation, request).await;
        let told = Told::of(asked, &outcome, self.one_pool())?;
        self.history.tell(question, told);
        Some(told)
    }

    fn choose(&self) -> Asked {
        let order = self.dice.between(0, ORDERS - 1);
        match self.dice.between(0, 99) {
            0..60 => {
                let usual = [2, 3, 6, 10][usize::try_from(order).expect("few orders")];
                Asked::Reserve { order, seats: if self.dice.chance(0.9) { usual } else { 1 } }
            }
            60..85 => {
                Asked::Cancel { order, key: self.dice.chance(0.5).then(|| self.dice.between(0, 1)) }
            }
            85..95 if self.one_pool() => Asked::Summarize,
            _ => Asked::Show { order },
        }
    }

    fn request(&self, asked: Asked) -> (Operation, Request) {
        let key = |order| format!("order-{order}");
        let id = |order| {
            let key = key(order).parse().expect("a key");
            ReservationId::of_key(&self.event, &self.partner.id, &key)
        };
        let partner = &self.partner;
        match asked {
            Asked::Reserve { order, seats } => {
                let body = json!({ "seats": seats });
                (Operation::Reserve, Parts::order(partner, body, &Some(key(order))))
            }
            Asked::Cancel { order, key } => {
                let key = key.map(|key| format!("cancel-{key}"));
                (Operation::Cancel, Parts::reservation(partner, &id(order), &key))
            }
            Asked::Show { order } => {
                (Operation::Show, Parts::reservation(partner, &id(order), &None))
            }
            Asked::Summarize => (Operation::Summarize, Parts::summary(partner)),
        }
    }

    fn check(&self, run: &str) {
        let event = Sequential::event(self.event.total_seats.get(), self.one_pool());
        let explained = self.history.is_explained_by(event);
        assert!(explained, "{run}: no order of these explains them: {:?}", self.history);
    }
}

/// Everything that a caller can be told must have been, or the histories prove nothing.
fn check_variety(all_told: &[Option<Told>], kinds: &[&str]) {
    let kind = |told: &Option<Told>| match told {
        None => "no answer",
        Some(Told::Reservation { is_live: true, .. }) => "confirmed",
        Some(Told::Reservation { is_live: false, .. }) => "ended",
        Some(Told::Cancelled) => "cancelled",
        Some(Told::Summary { .. }) => "summary",
        Some(Told::TooFew) => "too few",
        Some(Told::KeyReused) => "key reused",
        Some(Told::NotFound) => "not found",
        Some(Told::NothingChanged) => "nothing changed",
    };
    let seen: BTreeSet<_> = all_told.iter().map(kind).collect();
    let missing = kinds.iter().find(|kind| !seen.contains(**kind));
    assert_eq!(missing, None, "of {seen:?}");
}

const EVERY_ANSWER: [&str; 7] =
    ["confirmed", "ended", "cancelled", "summary", "too few", "key reused", "not found"];

#[test]
fn simulated_callers_are_answered_as_if_one_at_a_time_whatever_fails() {
    check_worlds(1_000, async |seed| World::with_room(seed));
}

#[test]
fn callers_at_the_wire_are_answered_as_if_one_at_a_time_whatever_dynamodb_answers() {
    check_worlds(150, async |seed| wire::world::create(seed, 0.0).await);
}

fn check_worlds(seeds: u64, create: impl AsyncFn(u64) -> World) {
    let mut all_told = Vec::new();
    for seed in 0..seeds {
        runtime().block_on(async {
            let world = Arc::new(create(seed).await);
            let callers = Callers::of(Arc::clone(&world.event), world.dice.clone());
            all_told.append(&mut callers.ask_at_once(&world).await);
            callers.check(&format!("seed {seed}"));
        });
    }
    check_variety(&all_told, &[&EVERY_ANSWER[..], &["no answer"]].concat());
}

#[tokio::test]
async fn callers_of_dynamodb_are_answered_as_if_one_at_a_time() {
    let mut all_told = Vec::new();
    for (seed, pools) in (0..60).zip([1, 1, 3].into_iter().cycle()) {
        let store = database::store();
        let mut event = nouns::event(&unique("history"), 12);
        event.pools = PoolCount::try_from(pools).expect("1 to 2,000 pools");
        create(&store, &event).await.expect("DynamoDB answers");
        let (dice, chance) = (Dice::new(seed), Dice::new(seed));
        let desk = Desk::new(store, event.id.clone(), nouns::start_of_time, move || chance.bytes());

        let callers = Callers::of(Arc::new(event), dice);
        all_told.append(&mut callers.ask_at_once_and_look(Arc::new(desk)).await);
        callers.check(&format!("event {}", callers.event.id));
    }
    check_variety(&all_told, &EVERY_ANSWER);
}

#[tokio::test]
async fn callers_over_http_are_answered_as_if_one_at_a_time() {
    let mut all_told = Vec::new();
    for seed in 0..30 {
        let sale = Sale::of(12).await;
        let event = Arc::new(nouns::event(&sale.event, 12));
        let callers = Callers::of(event, Dice::new(seed));
        all_told.append(&mut callers.ask_at_once_and_look(Arc::new(sale)).await);
        callers.check(&format!("event {}", callers.event.id));
    }
    check_variety(&all_told, &EVERY_ANSWER);
}

#[test]
fn an_answer_that_no_order_explains_is_rejected() {
    let sold = |version| Told::Reservation { is_live: true, version };
    let ended = |version| Told::Reservation { is_live: false, version };
    let first = (Asked::Reserve { order: 1, seats: 3 }, sold(1));
    let cancel = |key| Asked::Cancel { order: 1, key };
    let show = Asked::Show { order: 1 };
    let free = |free, version| Told::Summary { free, version };
    // What went before; then a question with its right answer, and with a wrong one.
    let cases = [
        ("sold twice", vec![first], Asked::Reserve { order: 2, seats: 3 }, Told::TooFew, sold(2)),
        (
            "refused in vain",
            vec![first],
            Asked::Reserve { order: 2, seats: 2 },
            sold(2),
            Told::TooFew,
        ),
        ("a retry bought twice", vec![first], first.0, sold(1), sold(2)),
        (
            "a version that was skipped",
            vec![first],
            Asked::Reserve { order: 2, seats: 1 },
            sold(2),
            sold(3),
        ),
        (
            "another's order",
            vec![first],
            Asked::Reserve { order: 1, seats: 2 },
            Told::KeyReused,
            sold(1),
        ),
        ("lost", vec![first], show, sold(1), Told::NotFound),
        ("a stale reading", vec![first], Asked::Summarize, free(2, 1), free(5, 0)),
        (
            "not given back",
            vec![first, (cancel(None), Told::Cancelled)],
            Asked::Summarize,
            free(5, 2),
            free(2, 2),
        ),
        (
            "given back twice",
            vec![first, (cancel(None), Told::Cancelled)],
            cancel(None),
            Told::NotFound,
            Told::Cancelled,
        ),
        (
            "a retry refused",
            vec![first, (cancel(Some(1)), Told::Cancelled)],
            cancel(Some(1)),
            Told::Cancelled,
            Told::NotFound,
        ),
        ("risen again", vec![first, (cancel(None), Told::Cancelled)], show, ended(2), sold(1)),
    ];
    for (what, before, asked, right, wrong) in cases {
        let is_explained = |last| {
            let history = History::default();
            for (asked, told) in before.iter().copied().chain([(asked, last)]) {
                history.tell(history.ask(asked), told);
            }
            history.is_explained_by(Sequential::event(5, true))
        };
        assert!(is_explained(right), "{what}: {right:?} is right");
        assert!(!is_explained(wrong), "{what}: {wrong:?} is wrong");
    }
}

#[test]
fn a_request_without_an_answer_took_effect_once_or_never() {
    let lost = Asked::Reserve { order: 1, seats: 3 };
    let free = |free, version| Told::Summary { free, version };
    let cases = [
        (vec![free(5, 0), free(5, 0)], true),
        (vec![free(5, 0), free(2, 1)], true),
        (vec![free(2, 1), free(5, 0)], false),
        (vec![free(2, 1), free(5, 2)], false),
    ];
    for (all_told, want) in cases {
        let history = History::default();
        history.ask(lost);
        for told in &all_told {
            history.tell(history.ask(Asked::Summarize), *told);
        }
        let explained = history.is_explained_by(Sequential::event(5, true));
        assert_eq!(explained, want, "{all_told:?}");
    }
}
