//! A DynamoDB table in virtual time, as its server sees it: conditional writes with `ALL_OLD`,
//! transactions that make other writers of their items fail, batches that are not of one moment.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::time::sleep;

use super::state::{Apply, Counts, State, Watch};
use super::weather::{Dice, Weather};

/// How a write of one item went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Written<T> {
    Applied,
    ConditionFailed(Option<T>),
    InTransaction,
}

/// How a transaction went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Transacted {
    Applied,
    /// One reason for each of its writes, in their order.
    Cancelled(Vec<Reason>),
}

/// Why a write of a transaction was not applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// Because another was not.
    None,
    ConditionFailed,
    InTransaction,
}

pub(crate) struct Table<T> {
    state: Arc<Mutex<State<T>>>,
    pub(crate) dice: Dice,
    pub(crate) weather: Weather,
    bytes: fn(&T) -> usize,
}

/// What one attempt came to, on the server's side.
#[derive(Debug)]
pub(crate) enum Attempt<R> {
    Answered(R),
    Throttled,
}

impl<T: Clone + Send + 'static> Table<T> {
    /// An empty table; `bytes` says what an item weighs.
    pub(crate) fn new(dice: Dice, weather: Weather, bytes: fn(&T) -> usize) -> Self {
        Self { state: Arc::new(Mutex::new(State::empty())), dice, weather, bytes }
    }

    /// The same table under other weather.
    pub(crate) fn under(&self, weather: Weather) -> Self {
        Self { weather, ..self.clone() }
    }

    /// Looks at an item without a call: what an auditor sees.
    pub(crate) fn peek(&self, key: &str) -> Option<T> {
        self.state().items.get(key).cloned()
    }

    /// Looks at all items without a call.
    pub(crate) fn peek_all(&self) -> HashMap<String, T> {
        self.state().items.clone()
    }

    /// Has `watch` look after every write from now on.
    pub(crate) fn set_watch(&self, watch: Watch<T>) {
        self.state().watch = Some(watch);
    }

    pub(crate) fn counts(&self) -> Counts {
        self.state().counts.clone()
    }

    /// Puts an item there without a call.
    pub(crate) fn put(&self, key: String, item: T) {
        self.state().items.insert(key, item);
    }

    /// What the server does for `BatchGetItem`, strongly consistent: every item as it is at some
    /// moment of the call.
    pub(crate) async fn serve_get(self, keys: Arc<Vec<String>>) -> Attempt<Vec<Option<T>>> {
        let mut found = Vec::new();
        for key in keys.iter() {
            pass(self.weather.lag(keys.len(), &self.dice)).await;
            found.push(self.peek(key));
        }
        let weights = found.iter().map(|item| item.as_ref().map_or(0, self.bytes));
        let read_units: f64 = weights.map(|bytes| units(bytes.div_ceil(4))).sum();
        self.state().counts.read_units += read_units;
        Attempt::Answered(found)
    }

    /// What the server does for `UpdateItem`, conditional, with `ALL_OLD` if the condition fails.
    pub(crate) async fn serve_write(self, key: String, apply: Apply<T>) -> Attempt<Written<T>> {
        self.write_now(&key, &apply)
    }

    /// What the server does for `TransactWriteItems`: all or none.
    pub(crate) async fn serve_transact(
        self,
        writes: Arc<Vec<(String, Apply<T>)>>,
    ) -> Attempt<Transacted> {
        if self.dice.chance(self.weather.busy) {
            return Attempt::Answered(Transacted::Cancelled(vec![Reason::InTransaction]));
        }
        if let Some(reasons) = self.state().enter(&writes) {
            return Attempt::Answered(Transacted::Cancelled(reasons));
        }
        pass(self.weather.transact.draw(&self.dice) / 3).await;
        self.transact_now(&writes)
    }

    fn transact_now(&self, writes: &[(String, Apply<T>)]) -> Attempt<Transacted> {
        let mut state = self.state();
        state.counts.writes += 1;
        let mut all_after = Vec::new();
        for (key, apply) in writes {
            state.in_transaction.remove(key);
            let before = state.items.get(key);
            let after = apply(before);
            let heavier = before.into_iter().chain(&after).map(self.bytes).max().unwrap_or(0);
            all_after.push((key, after, 2.0 * units(heavier)));
        }
        for (key, _, cost) in &all_after {
            if !state.affords(key, *cost, self.weather.write_units_per_second) {
                return Attempt::Throttled;
            }
        }
        if all_after.iter().any(|(_, after, _)| after.is_none()) {
            state.counts.conflicts += 1;
            let reason = |(_, after, _): &(_, Option<T>, _)| match after {
                Some(_) => Reason::None,
                None => Reason::ConditionFailed,
            };
            let reasons = all_after.iter().map(reason).collect();
            return Attempt::Answered(Transacted::Cancelled(reasons));
        }
        for (key, after, _) in all_after {
            state.items.extend(after.map(|after| (key.clone(), after)));
        }
        state.show(&writes.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>());
        Attempt::Answered(Transacted::Applied)
    }

    fn write_now(&self, key: &str, apply: &Apply<T>) -> Attempt<Written<T>> {
        let busy = self.dice.chance(self.weather.busy);
        let mut state = self.state();
        state.counts.writes += 1;
        if busy || state.in_transaction.contains(key) {
            state.count("write met a transaction");
            return Attempt::Answered(Written::InTransaction);
        }
        let before = state.items.get(key).cloned();
        let after = apply(before.as_ref());
        let heavier = before.iter().chain(&after).map(self.bytes).max().unwrap_or(0);
        if !state.affords(key, units(heavier), self.weather.write_units_per_second) {
            return Attempt::Throttled;
        }
        match after {
            Some(after) => {
                state.items.insert(key.to_owned(), after);
                state.show(&[key]);
                Attempt::Answered(Written::Applied)
            }
            None => {
                state.counts.conflicts += 1;
                Attempt::Answered(Written::ConditionFailed(before))
            }
        }
    }

    /// Does it after this time, whether or not its caller waits for that.
    pub(crate) fn spawn<R: Send + 'static>(
        &self,
        arrival: Duration,
        served: impl Future<Output = R> + Send + 'static,
    ) -> tokio::task::JoinHandle<R> {
        tokio::spawn(async move {
            pass(arrival).await;
            served.await
        })
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().expect("nothing panics while it holds the state")
    }
}

impl<T> Clone for Table<T> {
    fn clone(&self) -> Self {
        let (state, dice) = (Arc::clone(&self.state), self.dice.clone());
        Self { state, dice, weather: self.weather, bytes: self.bytes }
    }
}

impl<T> fmt::Debug for Table<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Table").field("weather", &self.weather).finish_non_exhaustive()
    }
}

/// Units are charged by the started KB, and never less than one.
fn units(bytes: usize) -> f64 {
    f64::from(u32::try_from(bytes.div_ceil(1_024).max(1)).expect("items are small"))
}

pub(crate) async fn pass(time: Duration) {
    if !time.is_zero() {
        sleep(time).await;
    }
}
