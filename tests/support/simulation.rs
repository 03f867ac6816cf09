//! A seeded world in virtual time: partners, function instances and a DynamoDB in bad weather.
//!
//! Every choice comes from the seed, so the seed alone replays a run. Partners call the real
//! handler functions on desks whose clocks disagree; requests are lost, killed between any two
//! steps, given up and sent again. The [`Auditor`] knows what must be true all the while.

pub(crate) mod auditor;
pub(crate) mod beginning;
pub(crate) mod closing;
pub(crate) mod habit;
pub(crate) mod holder;
pub(crate) mod instance;
pub(crate) mod life;
pub(crate) mod lister;
pub(crate) mod observer;
pub(crate) mod organiser;
pub(crate) mod partner;
pub(crate) mod sighting;

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lambda_http::Request;
use serde_json::Value;
use shared::event::Event;
use shared::problem::Problem;
use shared::refusal::Refusal;
use shared::store::StoreError;
use tokio::task;
use tokio::time::{Instant, sleep, timeout};

use self::auditor::Auditor;
use self::beginning::{Beginning, RESIDENT};
use self::habit::Habit;
use self::instance::{INSTANCES, Instance, Operation, body_of, instance};
use self::partner::{Known, Partner, Standing};
use self::sighting::Sighting;
use super::simulated::weather::{Dice, Weather};
use super::simulated::{Item, SimulatedStore};

/// After this, no write that the SDK gave up is still on its way.
const LAST_WRITE: Duration = Duration::from_secs(10);

pub(crate) type TableCounts = Box<dyn Fn() -> BTreeMap<&'static str, u64> + Send + Sync>;

/// One run's event, instances and chance.
pub(crate) struct World {
    pub(crate) dice: Dice,
    pub(crate) event: Arc<Event>,
    pub(crate) auditor: Arc<Auditor>,
    instances: Vec<Instance>,
    /// What happened in the table, by name.
    table_counts: TableCounts,
    /// The handlers that refused in a crowd, by what was proved before: whoever observes what they
    /// say of themselves enters them here.
    pub(crate) in_crowd: Arc<Mutex<HashSet<task::Id>>>,
    /// How long a partner waits for an answer before it takes the outcome for unknown.
    patience: Duration,
    /// Whether our permissions come and go.
    may_be_denied: bool,
    /// How often an instance dies with a request in its hands.
    deaths: f64,
    /// What partners do besides.
    pub(crate) habit: Habit,
    counts: Mutex<BTreeMap<&'static str, u64>>,
}

/// What a partner knows of a request afterwards.
#[derive(Debug, Clone)]
pub(crate) enum Outcome {
    /// 200, 201 or 204, and the body.
    Success(Value),
    /// Any refusal that says what became of the request, by its code.
    Refusal(String),
    /// 500: we are at fault, and nothing was changed.
    Fault,
    Unknown,
}

impl World {
    /// The world of this seed, with its own event and weather. In some, a pool has no room.
    pub(crate) fn create(seed: u64) -> Self {
        Self::on_simulated_store(Beginning::of(seed, 0.25))
    }

    /// As [`World::create`], and every pool has room.
    pub(crate) fn with_room(seed: u64) -> Self {
        Self::on_simulated_store(Beginning::of(seed, 0.0))
    }

    fn on_simulated_store(beginning: Beginning) -> Self {
        let Beginning { dice, event, pools, weather, habit } = beginning;
        let store = SimulatedStore::under(weather, dice.clone());
        let auditor = Auditor::of(&event, &pools);
        let watching = Arc::clone(&auditor);
        store.table.set_watch(Arc::new(move |items| {
            let pools = items.iter().filter_map(|item| match item {
                Item::Pool(pool) => Some(Sighting::from(pool)),
                Item::Event(_) | Item::Board(_) | Item::Claim(_) | Item::Created(_) => None,
            });
            watching.look(pools);
        }));
        let instances = (0..INSTANCES).map(|_| instance(&store, &dice)).collect();
        store.put(&event, pools);
        let counts = Box::new(move || store.table.counts().seen);
        Self::with(dice, event, weather, auditor, instances, counts).where_partners(habit)
    }

    /// The world of these instances, whose table the auditor watches.
    pub(crate) fn with(
        dice: Dice,
        event: Event,
        weather: Weather,
        auditor: Arc<Auditor>,
        instances: Vec<Instance>,
        table_counts: TableCounts,
    ) -> Self {
        let deaths = *dice.pick(&[0.0, 0.05, 0.1]);
        let patience = Duration::from_millis(*dice.pick(&[300, 3_000, 20_000]));
        let (event, in_crowd, counts) = (Arc::new(event), Arc::default(), Mutex::default());
        Self {
            dice,
            event,
            auditor,
            instances,
            table_counts,
            in_crowd,
            patience,
            may_be_denied: weather.denied > 0.0,
            deaths,
            habit: Habit::Usual,
            counts,
        }
    }

    /// This world, with partners of this habit.
    pub(crate) fn where_partners(self, habit: Habit) -> Self {
        Self { habit, ..self }
    }

    /// Sends a request to some instance and waits for what becomes of it.
    pub(crate) async fn send(&self, operation: Operation, request: Request) -> Outcome {
        self.count("requests");
        let instance = Arc::clone(self.dice.pick(&self.instances));
        let sent = Instant::now();
        let handled = tokio::spawn(instance(operation, request));
        let handler = handled.id();
        if self.dice.chance(self.deaths) {
            let moment = Duration::from_micros(self.dice.between(0, 30_000));
            let victim = handled.abort_handle();
            tokio::spawn(async move {
                sleep(moment).await;
                victim.abort();
            });
        }
        match timeout(self.patience, handled).await {
            Ok(Ok(Ok(response))) => Outcome::Success(body_of(&response)),
            Ok(Ok(Err(problem))) => {
                if let Problem::Refused(Refusal::NotEnoughSeats { requested, .. }) = problem {
                    let in_crowd = self.in_crowd.lock().expect("entering does not panic");
                    let sent = (!in_crowd.contains(&handler)).then_some(sent);
                    self.auditor.check_refusal(requested, sent);
                }
                self.understand(&problem)
            }
            Ok(Err(death)) => {
                self.count("killed");
                if death.is_panic() {
                    self.auditor.object("a handler panicked");
                }
                Outcome::Unknown
            }
            Err(_) => {
                self.count("given up");
                Outcome::Unknown
            }
        }
    }

    pub(crate) fn count(&self, seen: &'static str) {
        *self.counts.lock().expect("counting does not panic").entry(seen).or_default() += 1;
    }

    /// What happened in this world, by name.
    pub(crate) fn counts(&self) -> BTreeMap<&'static str, u64> {
        let mut counts = self.counts.lock().expect("counting does not panic").clone();
        counts.extend((self.table_counts)());
        counts
    }

    fn understand(&self, problem: &Problem) -> Outcome {
        if let Problem::Store(StoreError::Rejected(_)) = problem {
            self.count("answered 500");
            if !self.may_be_denied {
                self.auditor.object("a fault of ours, though every call is allowed");
            }
            return Outcome::Fault;
        }
        // It is no 500 if a write of the request is in doubt, too.
        if let Problem::Store(StoreError::Unavailable(cause)) = problem
            && let Some(StoreError::Corrupt { .. }) = cause.downcast_ref()
        {
            self.auditor.object("a stored pool was corrupt");
        }
        match problem.status() {
            500 => {
                self.auditor.object("a stored pool was corrupt");
                Outcome::Unknown
            }
            503 => {
                self.count("answered 503");
                Outcome::Unknown
            }
            _ => Outcome::Refusal(problem.code().to_owned()),
        }
    }

    /// At the end, when every outcome is known and no write is under way: every reservation that
    /// was answered 201 is there, as cancelled as its partner knows, and nothing else is.
    pub(crate) async fn settle(&self, partners: &[Partner]) {
        sleep(LAST_WRITE).await;
        let mut kept = self.auditor.reservations();
        kept.retain(|_, one| one.partner.as_str() != RESIDENT);
        for order in partners.iter().flat_map(|partner| &partner.orders) {
            let Standing::Sold(id) = order.standing else { continue };
            match kept.remove(&id) {
                None => self.auditor.object("a reservation that was answered 201 is lost"),
                Some(one) if one.is_live() == (order.cancelled == Known::Yes) => {
                    self.auditor.object("a reservation is not as its partner was told");
                }
                Some(_) => {}
            }
        }
        for partner in partners {
            partner.settle_holds(self, &mut kept);
        }
        for partner in partners {
            let unknown = |order: &&partner::Order| order.standing == Standing::Unknown;
            for order in partner.orders.iter().filter(unknown) {
                let theirs = kept
                    .values()
                    .find(|one| one.partner == partner.caller.id && one.seats.get() == order.seats);
                if let Some(id) = theirs.map(|one| one.id) {
                    kept.remove(&id);
                }
            }
        }
        if !kept.is_empty() {
            self.auditor.object("seats are taken that nobody was sold");
        }
        match (self.habit, partners.first()) {
            (Habit::Holds, Some(partner)) => partner.see_all_holds_end(self).await,
            (Habit::Pauses, Some(partner)) => partner.cancel_all(self).await,
            (Habit::Usual | Habit::Lists, _) | (_, None) => {}
        }
    }
}

impl fmt::Debug for World {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("World").field("event", &self.event).finish_non_exhaustive()
    }
}
