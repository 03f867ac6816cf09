//! A DynamoDB table in virtual time: conditional writes with `ALL_OLD`, transactions that make
//! other writers of their items fail, batches that are not of one moment, and the SDK's own
//! retries, which hide what became of the first try.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::time::sleep;

use super::state::{Apply, Counts, State, Watch};
use super::weather::{Dice, Fate, Latency, Weather};

/// How long the SDK waits for one attempt, and how often it tries: as `DynamoStore` sets it.
const ATTEMPT_TIMEOUT: Duration = Duration::from_millis(300);
const ATTEMPTS: u32 = 3;

/// Why a call failed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Failure {
    /// Some attempt was not answered: what was asked for may have been done, or may yet be.
    Unknown,
    /// The call was denied, and no attempt of it was done.
    Denied,
}

/// How a write of one item went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Written<T> {
    Applied,
    ConditionFailed(Option<T>),
    InTransaction,
}

pub(crate) struct Table<T> {
    state: Arc<Mutex<State<T>>>,
    pub(crate) dice: Dice,
    pub(crate) weather: Weather,
    bytes: fn(&T) -> usize,
}

/// What one attempt came to, on the server's side.
enum Attempt<R> {
    Answered(R),
    Throttled,
}

impl<T: Clone + Send + 'static> Table<T> {
    /// An empty table; `bytes` says what an item weighs.
    pub(crate) fn new(dice: Dice, weather: Weather, bytes: fn(&T) -> usize) -> Self {
        Self { state: Arc::new(Mutex::new(State::empty())), dice, weather, bytes }
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

    /// `GetItem`, strongly consistent.
    pub(crate) async fn get(&self, key: String) -> Result<Option<T>, Failure> {
        let found = self.get_batch(vec![key]).await?;
        Ok(found.into_iter().next().flatten())
    }

    /// `BatchGetItem`, strongly consistent: every item as it is at some moment of the call.
    pub(crate) async fn get_batch(&self, keys: Vec<String>) -> Result<Vec<Option<T>>, Failure> {
        let keys = Arc::new(keys);
        self.call(self.weather.get, move |table| {
            let keys = Arc::clone(&keys);
            async move {
                let mut found = Vec::new();
                for key in keys.iter() {
                    pass(table.weather.lag(keys.len(), &table.dice)).await;
                    found.push(table.peek(key));
                }
                let weights = found.iter().map(|item| item.as_ref().map_or(0, table.bytes));
                let read_units: f64 = weights.map(|bytes| units(bytes.div_ceil(4))).sum();
                table.state().counts.read_units += read_units;
                Attempt::Answered(found)
            }
        })
        .await
    }

    /// `UpdateItem`, conditional, with `ALL_OLD` if the condition fails.
    pub(crate) async fn write(&self, key: String, apply: Apply<T>) -> Result<Written<T>, Failure> {
        self.call(self.weather.update, move |table| {
            let (key, apply) = (key.clone(), Arc::clone(&apply));
            async move { table.write_now(&key, &apply) }
        })
        .await
    }

    /// `TransactWriteItems`: all or none. False if it was cancelled by a condition or a conflict.
    pub(crate) async fn transact(&self, writes: Vec<(String, Apply<T>)>) -> Result<bool, Failure> {
        let writes = Arc::new(writes);
        self.call(self.weather.transact, move |table| {
            let writes = Arc::clone(&writes);
            async move {
                let busy = table.dice.chance(table.weather.busy);
                if busy || !table.state().enter(&writes) {
                    return Attempt::Answered(false);
                }
                pass(table.weather.transact.draw(&table.dice) / 3).await;
                table.transact_now(&writes)
            }
        })
        .await
    }

    fn transact_now(&self, writes: &[(String, Apply<T>)]) -> Attempt<bool> {
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
            return Attempt::Answered(false);
        }
        for (key, after, _) in all_after {
            state.items.extend(after.map(|after| (key.clone(), after)));
        }
        state.show();
        Attempt::Answered(true)
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
                state.show();
                Attempt::Answered(Written::Applied)
            }
            None => {
                state.counts.conflicts += 1;
                Attempt::Answered(Written::ConditionFailed(before))
            }
        }
    }

    /// One operation of the SDK: up to three attempts, each with its own fate. What the server
    /// does goes on when the caller is gone.
    async fn call<R, F, S>(&self, latency: Latency, serve: F) -> Result<R, Failure>
    where
        R: Send + 'static,
        F: Fn(Self) -> S,
        S: Future<Output = Attempt<R>> + Send + 'static,
    {
        let mut failure = Failure::Denied;
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                let pause = self.dice.between(0, 25 << attempt.min(3));
                pass(Duration::from_millis(pause)).await;
            }
            self.state().counts.calls += 1;
            let fate = self.weather.fate(&self.dice);
            let way = latency.draw(&self.dice) / 2;
            if fate != Fate::Served {
                self.state().count(fate.name());
            }
            if matches!(fate, Fate::LostBefore | Fate::LostAfter | Fate::Late) {
                failure = Failure::Unknown;
            }
            match fate {
                Fate::Throttled => pass(way).await,
                // The SDK does not try again after what is certain, and tells of nothing else.
                Fate::Denied => {
                    pass(way).await;
                    if matches!(failure, Failure::Unknown) {
                        self.state().count("denied after an attempt in doubt");
                    }
                    return Err(failure);
                }
                Fate::LostBefore => sleep(ATTEMPT_TIMEOUT).await,
                Fate::Served | Fate::Slow => {
                    let slow = if fate == Fate::Slow { self.dice.between(50, 250) } else { 0 };
                    let arrival = way + Duration::from_millis(slow);
                    let answered = self.spawn(arrival, serve(self.clone())).await;
                    pass(way).await;
                    if let Attempt::Answered(answer) = answered.expect("serving does not panic") {
                        return Ok(answer);
                    }
                }
                Fate::LostAfter => {
                    drop(self.spawn(way, serve(self.clone())));
                    sleep(ATTEMPT_TIMEOUT).await;
                }
                Fate::Late => {
                    let late = Duration::from_millis(self.dice.between(1, 3_000));
                    drop(self.spawn(ATTEMPT_TIMEOUT + late, serve(self.clone())));
                    sleep(ATTEMPT_TIMEOUT).await;
                }
            }
        }
        Err(Failure::Unknown)
    }

    fn spawn<R: Send + 'static>(
        &self,
        arrival: Duration,
        served: impl Future<Output = R> + Send + 'static,
    ) -> tokio::task::JoinHandle<R> {
        tokio::spawn(async move {
            pass(arrival).await;
            served.await
        })
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
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

async fn pass(time: Duration) {
    if !time.is_zero() {
        sleep(time).await;
    }
}
