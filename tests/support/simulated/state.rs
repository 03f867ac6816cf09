//! What the simulated table holds: its items, who is in a transaction, what each may still be
//! charged, and what happened so far.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use tokio::time::Instant;

use super::table::Reason;

/// What a write makes of an item, or `None` if its condition fails.
pub(crate) type Apply<T> = Arc<dyn Fn(Option<&T>) -> Option<T> + Send + Sync>;

/// What happened, counted.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Counts {
    pub(crate) calls: u64,
    /// Writes that arrived, applied or not.
    pub(crate) writes: u64,
    pub(crate) read_units: f64,
    pub(crate) write_units: f64,
    pub(crate) throttled: u64,
    pub(crate) conflicts: u64,
    /// By the name of the misfortune, or of the rare thing that was seen.
    pub(crate) seen: BTreeMap<&'static str, u64>,
}

/// Looks after every write at the items that it wrote, as they stand now.
pub(crate) type Watch<T> = Arc<dyn Fn(&[&T]) + Send + Sync>;

/// A table from the inside.
pub(crate) struct State<T> {
    pub(super) items: HashMap<String, T>,
    pub(super) in_transaction: HashSet<String>,
    pub(super) buckets: HashMap<String, (f64, Instant)>,
    pub(crate) counts: Counts,
    pub(super) watch: Option<Watch<T>>,
}

impl<T> State<T> {
    pub(super) fn empty() -> Self {
        Self {
            items: HashMap::new(),
            in_transaction: HashSet::new(),
            buckets: HashMap::new(),
            counts: Counts::default(),
            watch: None,
        }
    }

    pub(crate) fn count(&mut self, seen: &'static str) {
        *self.counts.seen.entry(seen).or_default() += 1;
    }

    pub(super) fn show(&self, written: &[&str]) {
        if let Some(watch) = &self.watch {
            let written: Vec<_> = written.iter().filter_map(|key| self.items.get(*key)).collect();
            watch(&written);
        }
    }

    /// Begins a transaction on these items; or tells why not, if another is under way on one.
    pub(super) fn enter(&mut self, writes: &[(String, Apply<T>)]) -> Option<Vec<Reason>> {
        let is_taken = |(key, _): &(String, _)| self.in_transaction.contains(key);
        if writes.iter().any(is_taken) {
            let reason = |write| {
                if is_taken(write) { Reason::InTransaction } else { Reason::None }
            };
            let reasons = writes.iter().map(reason).collect();
            self.count("transactions collided");
            return Some(reasons);
        }
        self.in_transaction.extend(writes.iter().map(|(key, _)| key.clone()));
        None
    }

    /// Charges the item's partition, which takes so many units a second, and saves one second's.
    pub(super) fn affords(&mut self, key: &str, cost: f64, per_second: Option<f64>) -> bool {
        if let Some(per_second) = per_second {
            let now = Instant::now();
            let bucket = self.buckets.entry(key.to_owned()).or_insert((per_second, now));
            let earned = now.duration_since(bucket.1).as_secs_f64() * per_second;
            *bucket = ((bucket.0 + earned).min(per_second), now);
            if bucket.0 < cost {
                self.counts.throttled += 1;
                return false;
            }
            bucket.0 -= cost;
        }
        self.counts.write_units += cost;
        true
    }
}
