//! Ways to sell seats on DynamoDB: ours, the published API's, and three more to compare with.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use shared::access::{Caller, Role};
use shared::desk::Desk;
use shared::event::Event;
use shared::pool::Pool;
use shared::problem::Problem;
use shared::refusal::Refusal;
use shared::reservation::ReservationId;
use tokio::time::{Instant, sleep};

use crate::support::nouns;
use crate::support::requests::Parts;
use crate::support::simulated::Item;
use crate::support::simulated::SimulatedStore;
use crate::support::simulated::state::{Apply, Counts, Watch};
use crate::support::simulated::table::{Table, Written};
use crate::support::simulated::weather::{Dice, Weather};

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// TicketBoss: pools, one conditional update on a version, gathers.
    Ours,
    /// The published API: one counter with a version, no retry, then a second write.
    Published,
    /// One counter with a version and our retries, then a second write.
    Counter,
    /// Counter and reservation in one transaction, with our retries.
    Transaction,
    /// `free >= n` on one counter, no version: the least that DynamoDB must do.
    Unversioned,
}

/// What an order came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sale {
    Sold,
    Refused,
    GivenUp,
}

/// Counters retry within our own bounds.
const ATTEMPTS_MAX: u32 = 24;
const TIME_MAX: Duration = Duration::from_secs(4);

/// What stands in the table of the ways with one counter.
#[derive(Debug, Clone)]
pub(crate) enum Thing {
    Counter { version: u64, free: u32 },
    Reservation,
}

/// A seller, its table, and how to look at it.
#[derive(Debug, Clone)]
pub(crate) enum Seller {
    Ours(Arc<Event>, Arc<Vec<Desk<SimulatedStore>>>, Dice),
    Counter(Way, Table<Thing>),
}

impl Way {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Published => "published",
            Self::Counter => "counter + retries",
            Self::Transaction => "transaction",
            Self::Unversioned => "unversioned",
        }
    }
}

impl Seller {
    /// A seller of so many seats, who tells `free` of the free seats after every write.
    pub(crate) fn open(
        way: Way,
        seats: u32,
        instances: u64,
        seed: u64,
        free: impl Fn(u32) + Send + Sync + 'static,
    ) -> Self {
        let dice = Dice::new(seed);
        if way == Way::Ours {
            let event = nouns::event("on-sale", u64::from(seats));
            let store = SimulatedStore::under(Weather::aws(), dice.clone());
            store.put_event(&event);
            let pools = store.peek_pools(&event).into_iter();
            let known: BTreeMap<_, _> =
                pools.map(|pool| (pool.index(), pool.available())).collect();
            let known = Mutex::new(known);
            let watch: Watch<Item> = Arc::new(move |items| {
                let mut known = known.lock().expect("nobody panics");
                for item in items {
                    if let Item::Pool(pool) = item {
                        known.insert(pool.index(), pool.available());
                    }
                }
                free(known.values().sum());
            });
            store.table.set_watch(watch);
            let desks = (0..instances).map(|_| desk(&store, &dice)).collect();
            return Self::Ours(Arc::new(event), Arc::new(desks), dice);
        }
        let weigh = |thing: &Thing| match thing {
            Thing::Counter { .. } => 120,
            Thing::Reservation => 200,
        };
        let table = Table::new(dice, Weather::aws(), weigh);
        table.put("event".to_owned(), Thing::Counter { version: 0, free: seats });
        let watch: Watch<Thing> = Arc::new(move |items| {
            for item in items {
                if let Thing::Counter { free: seats, .. } = item {
                    free(*seats);
                }
            }
        });
        table.set_watch(watch);
        Self::Counter(way, table)
    }

    /// Ours, at an event of so many seats, all of which are taken.
    pub(crate) fn sold_out(seats: u32, instances: u64, seed: u64) -> Self {
        let dice = Dice::new(seed);
        let event = nouns::event("on-sale", u64::from(seats));
        let store = SimulatedStore::under(Weather::aws(), dice.clone());
        store.put(&event, Pool::open_all(&event).into_iter().map(taken).collect());
        let desks = (0..instances).map(|_| desk(&store, &dice)).collect();
        Self::Ours(Arc::new(event), Arc::new(desks), dice)
    }

    /// Reads what an instance knows after its first request.
    pub(crate) async fn warm_up(&self) {
        if let Self::Ours(event, desks, _) = self {
            for desk in desks.iter() {
                desk.event(&event.id).await.expect("the event is there");
            }
        }
    }

    pub(crate) async fn sell(
        &self,
        instance: usize,
        number: usize,
        seats: u32,
        keyed: bool,
    ) -> Sale {
        match self {
            Self::Ours(_, desks, _) => sell_ours(&desks[instance], number, seats, keyed).await,
            Self::Counter(Way::Transaction, table) => {
                sell_in_transaction(table, number, seats).await
            }
            Self::Counter(Way::Unversioned, table) => sell_unversioned(table, seats).await,
            Self::Counter(way, table) => {
                let attempts = if *way == Way::Published { 1 } else { ATTEMPTS_MAX };
                sell_from_counter(table, number, seats, attempts).await
            }
        }
    }

    pub(crate) fn dice(&self) -> &Dice {
        match self {
            Self::Ours(_, _, dice) => dice,
            Self::Counter(_, table) => &table.dice,
        }
    }

    pub(crate) fn counts(&self) -> Counts {
        match self {
            Self::Ours(_, desks, _) => desks[0].store.table.counts(),
            Self::Counter(_, table) => table.counts(),
        }
    }
}

/// This pool, once orders of up to four seats have taken all of its.
fn taken(mut pool: Pool) -> Pool {
    let mut bits = [0; 32];
    while pool.available() > 0 {
        bits[12] += 1;
        let id = ReservationId::in_pool(pool.index(), bits);
        let order = nouns::order("abc-corp", pool.available().min(4).into());
        let sold = pool.take(0, &id, &order, nouns::start_of_time()).expect("there is room");
        pool = sold.0.after().clone();
    }
    pool
}

fn desk(store: &SimulatedStore, dice: &Dice) -> Desk<SimulatedStore> {
    let dice = dice.clone();
    let event = "on-sale".parse().expect("an id");
    Desk::new(store.clone(), event, nouns::start_of_time, move || dice.bytes())
}

async fn sell_ours(desk: &Desk<SimulatedStore>, number: usize, seats: u32, keyed: bool) -> Sale {
    let id = format!("partner-{}", number % 12).parse().expect("an id");
    let caller = Caller { id, role: Role::Partner };
    let key = keyed.then(|| format!("order-{number}"));
    let request = Parts::order(&caller, json!({ "seats": seats }), &key);
    match reserve_seats::reserve_seats(desk, &request).await {
        Ok(_) => Sale::Sold,
        Err(Problem::Refused(Refusal::NotEnoughSeats { .. })) => Sale::Refused,
        Err(_) => Sale::GivenUp,
    }
}

async fn sell_from_counter(table: &Table<Thing>, number: usize, seats: u32, attempts: u32) -> Sale {
    let started = Instant::now();
    for attempt in 0..attempts {
        pause(table, attempt).await;
        let Some((expected, free)) = read(table).await else { return Sale::GivenUp };
        if free < seats {
            return Sale::Refused;
        }
        let sold = table.write("event".to_owned(), take_at(expected, seats)).await;
        if matches!(sold, Ok(Written::Applied)) {
            let reservation: Apply<Thing> = Arc::new(|_| Some(Thing::Reservation));
            let written = table.write(format!("reservation-{number}"), reservation).await;
            return if written.is_ok() { Sale::Sold } else { Sale::GivenUp };
        }
        if started.elapsed() > TIME_MAX {
            break;
        }
    }
    Sale::GivenUp
}

async fn sell_in_transaction(table: &Table<Thing>, number: usize, seats: u32) -> Sale {
    let started = Instant::now();
    for attempt in 0..ATTEMPTS_MAX {
        pause(table, attempt).await;
        let Some((expected, free)) = read(table).await else { return Sale::GivenUp };
        if free < seats {
            return Sale::Refused;
        }
        let reservation: Apply<Thing> = Arc::new(|_| Some(Thing::Reservation));
        let counter = ("event".to_owned(), take_at(expected, seats));
        let writes = vec![counter, (format!("reservation-{number}"), reservation)];
        if matches!(table.transact(writes).await, Ok(true)) {
            return Sale::Sold;
        }
        if started.elapsed() > TIME_MAX {
            break;
        }
    }
    Sale::GivenUp
}

async fn sell_unversioned(table: &Table<Thing>, seats: u32) -> Sale {
    let take: Apply<Thing> = Arc::new(move |thing| match thing {
        Some(Thing::Counter { version, free }) if *free >= seats => {
            Some(Thing::Counter { version: version + 1, free: free - seats })
        }
        _ => None,
    });
    match table.write("event".to_owned(), take).await {
        Ok(Written::Applied) => Sale::Sold,
        Ok(Written::ConditionFailed(_)) => Sale::Refused,
        Ok(Written::InTransaction) | Err(_) => Sale::GivenUp,
    }
}

fn take_at(expected: u64, seats: u32) -> Apply<Thing> {
    Arc::new(move |thing| match thing {
        Some(Thing::Counter { version, free }) if *version == expected => {
            Some(Thing::Counter { version: version + 1, free: free.checked_sub(seats)? })
        }
        _ => None,
    })
}

async fn read(table: &Table<Thing>) -> Option<(u64, u32)> {
    match table.get("event".to_owned()).await {
        Ok(Some(Thing::Counter { version, free })) => Some((version, free)),
        Ok(_) | Err(_) => None,
    }
}

async fn pause(table: &Table<Thing>, attempt: u32) {
    if attempt > 0 {
        sleep(Duration::from_millis(table.dice.between(0, (10 << attempt.min(4)).min(160)))).await;
    }
}
