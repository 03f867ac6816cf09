//! The weather over the simulated DynamoDB: how long its calls take, and what goes wrong with them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng as _, RngExt as _, SeedableRng as _};
use rand_distr::{Distribution as _, LogNormal};

/// Every choice of a simulated run, from one seed.
#[derive(Debug, Clone)]
pub(crate) struct Dice(Arc<Mutex<StdRng>>);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(StdRng::seed_from_u64(seed))))
    }

    /// True so often in 1.
    pub(crate) fn chance(&self, share: f64) -> bool {
        share > 0.0 && self.throw(|random| random.random_bool(share))
    }

    /// Any number from `low` up to and including `high`.
    pub(crate) fn between(&self, low: u64, high: u64) -> u64 {
        self.throw(|random| random.random_range(low..=high))
    }

    /// Any of these.
    pub(crate) fn pick<'a, T>(&self, from: &'a [T]) -> &'a T {
        let last = u64::try_from(from.len()).expect("few choices").checked_sub(1);
        let position = self.between(0, last.expect("something to choose from"));
        &from[usize::try_from(position).expect("few choices")]
    }

    pub(crate) fn bytes(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        self.throw(|random| random.fill_bytes(&mut bytes));
        bytes
    }

    fn throw<T>(&self, draw: impl FnOnce(&mut StdRng) -> T) -> T {
        draw(&mut self.0.lock().expect("no draw panics"))
    }
}

/// How long a call takes: lognormal about its median.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Latency {
    pub(crate) median_ms: f64,
    pub(crate) spread: f64,
}

impl Latency {
    pub(crate) fn draw(self, dice: &Dice) -> Duration {
        if self.median_ms <= 0.0 {
            return Duration::ZERO;
        }
        let about = LogNormal::new(self.median_ms.ln(), self.spread).expect("a finite spread");
        Duration::from_secs_f64(dice.throw(|random| about.sample(random)) / 1_000.0)
    }
}

/// What becomes of one attempt of the SDK to call DynamoDB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is answered.
    Served,
    /// It is answered, after 50 to 250 ms.
    Slow,
    /// It is refused for want of throughput, and not done.
    Throttled,
    /// It never arrives.
    LostBefore,
    /// It is done, and the answer never arrives.
    LostAfter,
    /// The SDK gives it up, and then it is done all the same.
    Late,
    /// It is refused for certain, and not done: a key has expired, a permission is gone.
    Denied,
}

impl Fate {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Served => "served",
            Self::Slow => "slow",
            Self::Throttled => "throttled",
            Self::LostBefore => "lost before it arrived",
            Self::LostAfter => "answer lost",
            Self::Late => "done late",
            Self::Denied => "denied",
        }
    }
}

/// Latencies, throughput, and how often each misfortune befalls an attempt.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Weather {
    pub(crate) get: Latency,
    pub(crate) update: Latency,
    pub(crate) transact: Latency,
    /// What one item takes; without end if `None`.
    pub(crate) write_units_per_second: Option<f64>,
    pub(crate) slow: f64,
    pub(crate) throttled: f64,
    pub(crate) lost_before: f64,
    pub(crate) lost_after: f64,
    pub(crate) late: f64,
    pub(crate) denied: f64,
    /// How often a write meets somebody else's transaction on its item.
    pub(crate) busy: f64,
}

impl Weather {
    /// Everything is answered, and at once.
    pub(crate) const fn calm() -> Self {
        let at_once = Latency { median_ms: 0.0, spread: 0.0 };
        Self {
            get: at_once,
            update: at_once,
            transact: at_once,
            write_units_per_second: None,
            slow: 0.0,
            throttled: 0.0,
            lost_before: 0.0,
            lost_after: 0.0,
            late: 0.0,
            denied: 0.0,
            busy: 0.0,
        }
    }

    /// As measured by others on AWS, with the limit of 1,000 write units a second and item.
    pub(crate) const fn aws() -> Self {
        Self {
            get: Latency { median_ms: 3.0, spread: 0.25 },
            update: Latency { median_ms: 4.5, spread: 0.25 },
            transact: Latency { median_ms: 20.0, spread: 0.25 },
            write_units_per_second: Some(1_000.0),
            ..Self::calm()
        }
    }

    /// One attempt in four goes wrong, each in its own way.
    pub(crate) const fn storm() -> Self {
        Self {
            slow: 0.06,
            throttled: 0.05,
            lost_before: 0.04,
            lost_after: 0.06,
            late: 0.04,
            ..Self::aws()
        }
    }

    /// Nearly every write is in the way of a transaction, and many arrive when they are given up.
    pub(crate) const fn jam() -> Self {
        Self { busy: 0.9, late: 0.2, ..Self::storm() }
    }

    /// A storm in which our permissions come and go.
    pub(crate) const fn outlawed() -> Self {
        Self { denied: 0.2, late: 0.12, ..Self::storm() }
    }

    /// How much later than the one before it an item of a batch is read: partitions are not equally
    /// fast, and in bad weather some are slow.
    pub(crate) fn lag(&self, items: usize, dice: &Dice) -> Duration {
        let later = 4.0 / f64::from(u32::try_from(items).expect("at most 100"));
        if items > 1 && dice.chance(self.slow * 4.0) {
            Duration::from_millis(dice.between(5, 50))
        } else if items > 1 && dice.chance(later.min(0.5)) {
            self.get.draw(dice) / 4
        } else {
            Duration::ZERO
        }
    }

    pub(crate) fn fate(&self, dice: &Dice) -> Fate {
        let misfortunes = [
            (self.slow, Fate::Slow),
            (self.throttled, Fate::Throttled),
            (self.lost_before, Fate::LostBefore),
            (self.lost_after, Fate::LostAfter),
            (self.late, Fate::Late),
            (self.denied, Fate::Denied),
        ];
        let befalls = misfortunes.into_iter().find(|(share, _)| dice.chance(*share));
        befalls.map_or(Fate::Served, |(_, fate)| fate)
    }
}
