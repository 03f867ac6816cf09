//! The SDK as the quick simulation models it: up to three attempts of each call, each with a fate
//! of its own, of which only the last is told.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::state::Apply;
use super::table::{Attempt, Table, Transacted, Written, pass};
use super::weather::{Fate, Latency};

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

impl<T: Clone + Send + 'static> Table<T> {
    /// `GetItem`, strongly consistent.
    pub(crate) async fn get(&self, key: String) -> Result<Option<T>, Failure> {
        let found = self.get_batch(vec![key]).await?;
        Ok(found.into_iter().next().flatten())
    }

    /// `BatchGetItem`, strongly consistent.
    pub(crate) async fn get_batch(&self, keys: Vec<String>) -> Result<Vec<Option<T>>, Failure> {
        let keys = Arc::new(keys);
        self.call(self.weather.get, move |table| table.serve_get(Arc::clone(&keys))).await
    }

    /// `UpdateItem`, conditional, with `ALL_OLD` if the condition fails.
    pub(crate) async fn write(&self, key: String, apply: Apply<T>) -> Result<Written<T>, Failure> {
        let write = move |table: Self| table.serve_write(key.clone(), Arc::clone(&apply));
        self.call(self.weather.update, write).await
    }

    /// `TransactWriteItems`: all or none. False if it was cancelled by a condition or a conflict.
    pub(crate) async fn transact(&self, writes: Vec<(String, Apply<T>)>) -> Result<bool, Failure> {
        let writes = Arc::new(writes);
        let transact = move |table: Self| table.serve_transact(Arc::clone(&writes));
        Ok(self.call(self.weather.transact, transact).await? == Transacted::Applied)
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
}
