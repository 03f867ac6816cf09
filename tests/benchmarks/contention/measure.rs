//! One row of a table: a way to sell, in one scenario, from the first order to the last answer.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Mutex as Queue;
use tokio::time::{Instant, sleep, sleep_until};

use crate::sellers::{Sale, Seller, Way};
use crate::support::simulated::state::Counts;

/// An instance that is not warm starts first.
const COLD_START: Duration = Duration::from_millis(500);

/// A refusal may rest on what was true so long ago.
const REFUSAL_AGE_MAX: Duration = Duration::from_secs(1);

/// A burst is spread over this.
const BURST_MS: u64 = 50;

/// When orders come.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Arrivals {
    /// So many at once.
    Burst(usize),
    /// So many a second.
    Steady(usize),
}

/// What is sold, to whom, by how many.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scenario {
    pub(crate) seats: u32,
    pub(crate) arrivals: Arrivals,
    pub(crate) keyed: bool,
    pub(crate) warm: u64,
    /// How many orders an instance serves at once.
    pub(crate) concurrency: u64,
}

impl Scenario {
    pub(crate) fn new(seats: u32, arrivals: Arrivals) -> Self {
        Self { seats, arrivals, keyed: false, warm: 1_000, concurrency: 1 }
    }

    fn orders(&self) -> usize {
        const SEATS_PER_ORDER: f64 = 2.4;
        match self.arrivals {
            Arrivals::Burst(orders) => orders,
            Arrivals::Steady(rate) => {
                let demand = f64::from(self.seats) * 1.3 / SEATS_PER_ORDER;
                let demand = format!("{demand:.0}").parse().unwrap_or(rate);
                demand.clamp(rate, rate * 10)
            }
        }
    }
}

/// How one order went.
struct Order {
    seats: u32,
    sale: Sale,
    took: Duration,
    false_refusal: bool,
}

/// Free seats of the event, each time they changed.
type Timeline = Arc<Mutex<Vec<(Instant, u32)>>>;

/// One sale, from the first order to the last answer.
struct Run {
    orders: Vec<Order>,
    left: u32,
    sold_out_after: Option<Duration>,
    spent: Counts,
}

/// Runs the scenario, a small one often, and gives its row.
pub(crate) fn measure(way: Way, scenario: Scenario) -> String {
    let runs = u64::try_from(3_000 / scenario.orders()).expect("few").clamp(1, 10);
    let runs: Vec<_> = (0..runs)
        .map(|run| {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = runtime.enable_time().start_paused(true).build().expect("a runtime");
            runtime.block_on(sell_out(way, scenario, 2_025 + run))
        })
        .collect();
    row(way, scenario, &runs)
}

async fn sell_out(way: Way, scenario: Scenario, seed: u64) -> Run {
    let timeline: Timeline = Arc::new(Mutex::new(vec![(Instant::now(), scenario.seats)]));
    let watched = Arc::clone(&timeline);
    let orders = scenario.orders();
    let instances = match scenario.concurrency {
        1 => u64::try_from(orders).expect("few orders").max(scenario.warm).min(4_000),
        _ => scenario.warm,
    };
    let seller = Seller::open(way, scenario.seats, instances, seed, move |free| {
        watched.lock().expect("nobody panics").push((Instant::now(), free));
    });
    seller.warm_up().await;
    let before = seller.counts();
    let opened = Instant::now();

    let idle = Idle::new(scenario.warm, instances, scenario.concurrency);
    let idle = Arc::new(Queue::new(idle));
    let placed: Vec<_> = (0..orders)
        .map(|number| {
            let (seller, idle) = (seller.clone(), Arc::clone(&idle));
            let (timeline, seats) = (Arc::clone(&timeline), size(&seller));
            let at = opened + arrival(&seller, scenario.arrivals, number);
            tokio::spawn(async move {
                sleep_until(at).await;
                let instance = Idle::take(&idle).await;
                let sale = seller.sell(instance, number, seats, scenario.keyed).await;
                idle.lock().await.warm.push(instance);
                let false_refusal = sale == Sale::Refused && was_enough(&timeline, seats);
                Order { seats, sale, took: at.elapsed(), false_refusal }
            })
        })
        .collect();
    let mut done = Vec::new();
    for order in placed {
        done.push(order.await.expect("orders do not panic"));
    }

    let after = seller.counts();
    let timeline = timeline.lock().expect("nobody panics").clone();
    let sold_out = timeline.iter().find(|(_, free)| *free == 0);
    Run {
        orders: done,
        left: timeline.last().map_or(0, |(_, free)| *free),
        sold_out_after: sold_out.map(|(at, _)| at.duration_since(opened)),
        spent: Counts {
            calls: after.calls - before.calls,
            writes: after.writes - before.writes,
            read_units: after.read_units - before.read_units,
            write_units: after.write_units - before.write_units,
            ..after
        },
    }
}

fn row(way: Way, scenario: Scenario, runs: &[Run]) -> String {
    let orders: Vec<_> = runs.iter().flat_map(|run| &run.orders).collect();
    let times =
        |sale: Sale| orders.iter().filter(move |order| order.sale == sale).map(|order| order.took);
    let number = |which: fn(&Order) -> bool| {
        orders.iter().filter(|order| which(order)).count().div_ceil(runs.len())
    };
    let total = |what: fn(&Counts) -> f64| runs.iter().map(|run| what(&run.spent)).sum::<f64>();
    let per_sale = |spent: f64| spent / count(times(Sale::Sold).count().max(1));
    let left = runs.iter().map(|run| run.left).max().unwrap_or(0);
    let is_wanted = runs.iter().any(|run| {
        run.orders.iter().any(|order| order.sale != Sale::Sold && order.seats <= run.left)
    });
    let sold_out = runs.iter().map(|run| run.sold_out_after).max().flatten();
    format!(
        "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {:.2} | {:.2} | {:.1} | {:.2} \
         | {} | {} | {} | {} |",
        way.name(),
        scenario.seats,
        match scenario.arrivals {
            Arrivals::Burst(orders) => format!("{orders} at once"),
            Arrivals::Steady(rate) => format!("{rate}/s"),
        },
        if scenario.keyed { "yes" } else { "no" },
        runs.len(),
        number(|order| order.sale == Sale::Sold),
        number(|order| order.false_refusal),
        number(|order| order.sale == Sale::GivenUp),
        if is_wanted { format!("**{left}**") } else { left.to_string() },
        per_sale(total(|spent| count_of(spent.writes))),
        total(|spent| count_of(spent.calls)) / count(orders.len()),
        per_sale(total(|spent| spent.read_units)),
        per_sale(total(|spent| spent.write_units)),
        percentile(times(Sale::Sold), 50),
        percentile(times(Sale::Sold), 99),
        percentile(times(Sale::Refused), 99),
        sold_out.map_or("-".to_owned(), |after| format!("{:.2}", after.as_secs_f64())),
    )
}

/// The function's instances: warm ones are taken first, the last used before the others.
struct Idle {
    warm: Vec<usize>,
    cold: Vec<usize>,
}

impl Idle {
    /// An instance that serves several orders at once stands there so often, in turn with others.
    fn new(warm: u64, instances: u64, concurrency: u64) -> Self {
        let [warm, instances] = [warm, instances].map(|one| usize::try_from(one).expect("few"));
        let warm_once = 0..warm.min(instances);
        let warm_ones = (0..concurrency).flat_map(|_| warm_once.clone()).collect();
        Self { warm: warm_ones, cold: (warm..instances).collect() }
    }

    async fn take(idle: &Queue<Self>) -> usize {
        loop {
            let cold = {
                let mut idle = idle.lock().await;
                if let Some(instance) = idle.warm.pop() {
                    return instance;
                }
                idle.cold.pop()
            };
            if let Some(instance) = cold {
                sleep(COLD_START).await;
                return instance;
            }
            sleep(Duration::from_millis(1)).await;
        }
    }
}

/// Orders of 1 to 10 seats, 2.4 on average.
fn size(seller: &Seller) -> u32 {
    const SIZES: [u32; 20] = [1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 4, 6, 9];
    *seller.dice().pick(&SIZES)
}

fn arrival(seller: &Seller, arrivals: Arrivals, number: usize) -> Duration {
    match arrivals {
        Arrivals::Burst(_) => Duration::from_micros(seller.dice().between(0, BURST_MS * 1_000)),
        Arrivals::Steady(rate) => Duration::from_secs_f64(count(number) / count(rate)),
    }
}

/// Whether at no moment of the last second there were fewer free seats than asked for.
fn was_enough(timeline: &Timeline, seats: u32) -> bool {
    let timeline = timeline.lock().expect("nobody panics");
    let now = Instant::now();
    let old = |at: Instant| now.duration_since(at) > REFUSAL_AGE_MAX;
    let first = timeline.partition_point(|(at, _)| old(*at)).saturating_sub(1);
    timeline[first..].iter().all(|(_, free)| *free >= seats)
}

pub(crate) fn percentile(times: impl Iterator<Item = Duration>, percent: usize) -> String {
    let mut times: Vec<_> = times.collect();
    times.sort_unstable();
    let position = (times.len() * percent / 100).min(times.len().saturating_sub(1));
    times.get(position).map_or("-".to_owned(), |time| format!("{:.0}", time.as_secs_f64() * 1e3))
}

pub(crate) fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).expect("few"))
}

pub(crate) fn count_of(number: u64) -> f64 {
    f64::from(u32::try_from(number).expect("few"))
}
