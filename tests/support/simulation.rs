//! A seeded world in virtual time: partners, function instances and a DynamoDB in bad weather.
//!
//! Every choice comes from the seed, so the seed alone replays a run. Partners call the real
//! handler functions on desks whose clocks disagree; requests are lost, killed between any two
//! steps, given up and sent again. The [`Auditor`] knows what must be true all the while.

pub(crate) mod auditor;
pub(crate) mod partner;

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lambda_http::{Body, Request, Response};
use serde_json::Value;
use shared::desk::Desk;
use shared::event::{Event, PoolCount, PoolIndex, TotalSeats};
use shared::order::Order;
use shared::pool::Pool;
use shared::problem::Problem;
use shared::refusal::Refusal;
use shared::reservation::ReservationId;
use shared::store::{Store, StoreError};
use tokio::task;
use tokio::time::{Instant, sleep, timeout};

use self::auditor::Auditor;
use self::partner::{Known, Partner, Standing};
use super::nouns;
use super::simulated::SimulatedStore;
use super::simulated::weather::{Dice, Weather};

/// How far the clocks of two instances may be apart.
const SKEW_MS_MAX: u64 = 4_000;

/// After this, no write that the SDK gave up is still on its way.
const LAST_WRITE: Duration = Duration::from_secs(10);

const INSTANCES: u64 = 4;

/// Whose reservations were there before anybody came.
const RESIDENT: &str = "resident-of-long-standing-and-with-a-name-of-some-length";

/// One run's event, instances and chance.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) dice: Dice,
    pub(crate) store: SimulatedStore,
    pub(crate) event: Arc<Event>,
    pub(crate) auditor: Arc<Auditor>,
    desks: Vec<Arc<Desk<SimulatedStore>>>,
    /// The handlers that refused in a crowd, by what was proved before: whoever observes what they
    /// say of themselves enters them here.
    pub(crate) in_crowd: Arc<Mutex<HashSet<task::Id>>>,
    /// How long a partner waits for an answer before it takes the outcome for unknown.
    patience: Duration,
    /// How often an instance dies with a request in its hands.
    deaths: f64,
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

/// Which operation a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Reserve,
    Cancel,
    Show,
    Summarize,
}

impl World {
    /// The world of this seed, with its own event and weather. In some, a pool has no room.
    pub(crate) fn create(seed: u64) -> Self {
        Self::with_pools(seed, 0.25)
    }

    /// As [`World::create`], and every pool has room.
    pub(crate) fn with_room(seed: u64) -> Self {
        Self::with_pools(seed, 0.0)
    }

    fn with_pools(seed: u64, crammed: f64) -> Self {
        let dice = Dice::new(seed);
        let (fair, bad, jam) = (Weather::aws(), Weather::storm(), Weather::jam());
        let outlawed = Weather::outlawed();
        let mut weather = *dice.pick(&[fair, fair, bad, bad, bad, outlawed, outlawed, jam]);
        let mut event = nouns::event("on-sale", *dice.pick(&[5, 12, 24, 60, 150]));
        event.pools = PoolCount::try_from(*dice.pick(&[1, 2, 3, 4, 8])).expect("1 to 2,000 pools");
        let mut pools = Pool::open_all(&event);
        if pools.len() > 1 && dice.chance(crammed) {
            // Its item is heavy: what that costs in throughput would hide all else.
            weather.write_units_per_second = None;
            let position = dice.between(0, u64::from(event.pools.get()) - 1);
            event.total_seats = cram(&mut pools, usize::try_from(position).expect("few pools"));
        }
        let store = SimulatedStore::under(weather, dice.clone());
        let auditor = Auditor::watch(&store, &event, &pools);
        let desks = (0..INSTANCES).map(|_| Arc::new(desk(&store, &dice))).collect();
        let deaths = *dice.pick(&[0.0, 0.05, 0.1]);
        let patience = Duration::from_millis(*dice.pick(&[300, 3_000, 20_000]));
        let (event, in_crowd, counts) = (Arc::new(event), Arc::default(), Mutex::default());
        let world = Self { dice, store, event, auditor, desks, in_crowd, patience, deaths, counts };
        world.store.put(&world.event, pools);
        world
    }

    /// Sends a request to some instance and waits for what becomes of it.
    pub(crate) async fn send(&self, operation: Operation, request: Request) -> Outcome {
        self.count("requests");
        let desk = Arc::clone(self.dice.pick(&self.desks));
        let sent = Instant::now();
        let handled = tokio::spawn(async move { handle(operation, &desk, &request).await });
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
        counts.extend(self.store.table.counts().seen);
        counts
    }

    fn understand(&self, problem: &Problem) -> Outcome {
        if let Problem::Store(StoreError::Rejected(_)) = problem {
            self.count("answered 500");
            return Outcome::Fault;
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
    }
}

/// Fills one pool with the longest reservations of one seat, until there is no room for another;
/// and gives the seats of all pools. Such a pool is filled once, since it is the same each time.
fn cram(pools: &mut [Pool], position: usize) -> TotalSeats {
    static CRAMMED: Mutex<BTreeMap<(PoolIndex, u32), Pool>> = Mutex::new(BTreeMap::new());
    let (index, free) = (pools[position].index(), pools[position].capacity());
    let mut crammed = CRAMMED.lock().expect("filling does not panic");
    let full = crammed.entry((index, free)).or_insert_with(|| crammed_pool(index, free));
    pools[position] = full.clone();
    let total = pools.iter().map(|pool| u64::from(pool.capacity())).sum::<u64>();
    TotalSeats::try_from(total).expect("some hundred seats")
}

fn crammed_pool(index: PoolIndex, free: u32) -> Pool {
    let reference = Some("🎟".repeat(64).parse().expect("64 characters"));
    let order = Order { reference, ..nouns::order(RESIDENT, 1) };
    let mut pool = Pool::open(index, 400);
    for number in 0_u32.. {
        if !pool.has_room_for(&order) {
            break;
        }
        let mut bits = [0; 32];
        bits[12..16].copy_from_slice(&number.to_be_bytes());
        let id = ReservationId::in_pool(index, bits);
        let (change, _) = pool.take(0, &id, &order, nouns::start_of_time()).expect("there is room");
        pool = change.after().clone();
    }
    let too_many = pool.available().checked_sub(free).expect("it had enough");
    pool.give(too_many, nouns::start_of_time()).after().clone()
}

fn desk(store: &SimulatedStore, dice: &Dice) -> Desk<SimulatedStore> {
    let (started, skew) = (Instant::now(), dice.between(0, SKEW_MS_MAX));
    let skew = SignedDuration::from_millis(i64::try_from(skew).expect("seconds"));
    let clock = move || -> Timestamp {
        let elapsed = SignedDuration::try_from(started.elapsed()).expect("minutes");
        nouns::start_of_time() + skew + elapsed
    };
    let dice = dice.clone();
    Desk::new(store.clone(), "on-sale".parse().expect("an id"), clock, move || dice.bytes())
}

/// Hands a request to the function that serves it.
pub(crate) async fn handle<S: Store>(
    operation: Operation,
    desk: &Desk<S>,
    request: &Request,
) -> Result<Response<Body>, Problem> {
    match operation {
        Operation::Reserve => reserve_seats::reserve_seats(desk, request).await,
        Operation::Cancel => cancel_reservation::cancel_reservation(desk, request).await,
        Operation::Show => show_reservation::show_reservation(desk, request).await,
        Operation::Summarize => summarize_event::summarize_event(desk, request).await,
    }
}

pub(crate) fn body_of(response: &Response<Body>) -> Value {
    serde_json::from_slice(response.body().as_ref()).unwrap_or(Value::Null)
}
