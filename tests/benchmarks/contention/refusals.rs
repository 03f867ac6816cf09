//! One row of a table: a crowd that still orders after the last seat.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::measure::{count, count_of, percentile};
use crate::sellers::{Sale, Seller};

/// For how many seconds orders come.
const SECONDS: usize = 5;

/// An event that is sold out, and who still asks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Crowd {
    pub(crate) seats: u32,
    /// How many instances serve it. An order meets any of them.
    pub(crate) instances: u64,
    /// How many orders come a second.
    pub(crate) rate: usize,
    pub(crate) keyed: bool,
}

/// Refuses them all, and gives the row.
pub(crate) fn refuse(crowd: Crowd) -> String {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().expect("a runtime");
    let Crowd { seats, instances, rate, keyed } = crowd;
    runtime.block_on(async {
        let seller = Seller::sold_out(seats, instances, 2_025);
        seller.warm_up().await;
        let (before, opened) = (seller.counts(), Instant::now());
        let placed: Vec<_> = (0..rate * SECONDS)
            .map(|number| {
                let seller = seller.clone();
                let at = opened + Duration::from_secs_f64(count(number) / count(rate));
                tokio::spawn(async move {
                    sleep_until(at).await;
                    let instance = seller.dice().between(0, instances - 1);
                    let instance = usize::try_from(instance).expect("few");
                    let sale = seller.sell(instance, number, 2, keyed).await;
                    assert_eq!(sale, Sale::Refused, "there are no seats");
                    at.elapsed()
                })
            })
            .collect();
        let mut took = Vec::new();
        for order in placed {
            took.push(order.await.expect("orders do not panic"));
        }
        let (after, refused) = (seller.counts(), count(took.len()));
        format!(
            "| {seats} | {instances} | {rate}/s | {} | {:.2} | {:.2} | {:.2} | {} | {} |",
            if keyed { "yes" } else { "no" },
            count_of(after.calls - before.calls) / refused,
            (after.read_units - before.read_units) / refused,
            (after.write_units - before.write_units) / refused,
            percentile(took.iter().copied(), 50),
            percentile(took.into_iter(), 99),
        )
    })
}
