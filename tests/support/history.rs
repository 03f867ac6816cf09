//! Histories: what concurrent callers asked of one event and were told, and the event of one caller
//! at a time that must explain them.
//!
//! Linearizable means: each request took effect at one moment between its question and its answer.
//! A request without an answer took effect at some moment after its question, or never.

use std::collections::BTreeMap;
use std::sync::Mutex;

use stateright::semantics::{ConsistencyTester as _, LinearizabilityTester, SequentialSpec};

use super::simulation::Outcome;

/// What a caller asks. Orders and cancellations are named by their `Idempotency-Key`s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    Reserve { order: u64, seats: u32 },
    Cancel { order: u64, key: Option<u64> },
    Show { order: u64 },
    Summarize,
}

/// What it is told, versions included where the event is one pool; else they are 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Told {
    Reservation {
        is_live: bool,
        version: u64,
    },
    Cancelled,
    Summary {
        free: u64,
        version: u64,
    },
    TooFew,
    KeyReused,
    NotFound,
    /// Every race was lost: no more is promised than that nothing was changed.
    NothingChanged,
}

impl Told {
    /// What the outcome says, or `None` if it is unknown.
    pub(crate) fn of(asked: Asked, outcome: &Outcome, one_pool: bool) -> Option<Self> {
        let body = match outcome {
            Outcome::Unknown => return None,
            Outcome::Refusal(code) => return Some(Self::of_code(code)),
            Outcome::Fault => return Some(Self::NothingChanged),
            Outcome::Success(body) => body,
        };
        let number = |name: &str| body[name].as_u64().unwrap_or_else(|| panic!("{name}: {body}"));
        let version = || if one_pool { number("version") } else { 0 };
        Some(match asked {
            Asked::Cancel { .. } => Self::Cancelled,
            Asked::Reserve { .. } | Asked::Show { .. } => {
                Self::Reservation { is_live: body["status"] == "confirmed", version: version() }
            }
            Asked::Summarize => {
                Self::Summary { free: number("availableSeats"), version: version() }
            }
        })
    }

    fn of_code(code: &str) -> Self {
        match code {
            "not-enough-seats" => Self::TooFew,
            "idempotency-key-reused" => Self::KeyReused,
            "reservation-not-found" => Self::NotFound,
            "version-conflict" => Self::NothingChanged,
            other => panic!("nobody asked for {other}"),
        }
    }
}

/// An event of one caller at a time: what the promises say, without pools, races and retries.
#[derive(Debug, Clone)]
pub(crate) struct Sequential {
    free: u32,
    version: Versions,
    /// By how much a commit raises the version that callers see.
    step: u64,
    orders: BTreeMap<u64, Taken>,
}

/// From the lowest to the highest version that there may be: what takes effect may have been
/// committed together with what took effect just before.
#[derive(Debug, Clone, Copy)]
struct Versions(u64, u64);

impl Versions {
    fn raised_by(self, step: u64) -> Self {
        Self(self.0.max(step), self.1 + step)
    }

    /// Whether it may be this version; from now on it is.
    fn settle(&mut self, version: u64) -> bool {
        let may_be = (self.0..=self.1).contains(&version);
        *self = Self(version, version);
        may_be
    }
}

/// An order that was sold.
#[derive(Debug, Clone, Copy)]
struct Taken {
    seats: u32,
    version: Versions,
    ended: Option<Ended>,
}

/// Which request gave the seats back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ended {
    key: Option<u64>,
}

impl Sequential {
    /// All seats free.
    pub(crate) fn event(seats: u32, one_pool: bool) -> Self {
        let (version, step) = (Versions(0, 0), u64::from(one_pool));
        Self { free: seats, version, step, orders: BTreeMap::new() }
    }

    fn reserve(&mut self, order: u64, seats: u32) -> Told {
        match self.orders.get(&order) {
            Some(taken) if taken.seats == seats => taken.told(),
            Some(_) => Told::KeyReused,
            None if seats > self.free => Told::TooFew,
            None => {
                self.free -= seats;
                self.version = self.version.raised_by(self.step);
                let taken = Taken { seats, version: self.version, ended: None };
                self.orders.insert(order, taken);
                taken.told()
            }
        }
    }

    fn cancel(&mut self, order: u64, key: Option<u64>) -> Told {
        let Some(taken) = self.orders.get_mut(&order) else { return Told::NotFound };
        match taken.ended {
            None => {
                self.free += taken.seats;
                self.version = self.version.raised_by(self.step);
                taken.version = self.version;
                taken.ended = Some(Ended { key });
                Told::Cancelled
            }
            Some(ended) if key.is_some() && ended.key == key => Told::Cancelled,
            Some(_) => Told::NotFound,
        }
    }
}

impl Taken {
    fn told(self) -> Told {
        Told::Reservation { is_live: self.ended.is_none(), version: self.version.1 }
    }
}

impl SequentialSpec for Sequential {
    type Op = Asked;
    type Ret = Told;

    fn invoke(&mut self, asked: &Asked) -> Told {
        match *asked {
            Asked::Reserve { order, seats } => self.reserve(order, seats),
            Asked::Cancel { order, key } => self.cancel(order, key),
            Asked::Show { order } => {
                self.orders.get(&order).map_or(Told::NotFound, |one| one.told())
            }
            Asked::Summarize => {
                Told::Summary { free: u64::from(self.free), version: self.version.1 }
            }
        }
    }

    fn is_valid_step(&mut self, asked: &Asked, told: &Told) -> bool {
        if *told == Told::NothingChanged {
            return true;
        }
        let (before, said) = (self.orders.len(), self.invoke(asked));
        match (*asked, said, *told) {
            (
                Asked::Reserve { order, .. } | Asked::Show { order },
                Told::Reservation { is_live: is, .. },
                Told::Reservation { is_live, version },
            ) => {
                if self.orders.len() > before {
                    self.version.settle(version);
                }
                let taken = self.orders.get_mut(&order).expect("it is there");
                is == is_live && taken.version.settle(version)
            }
            (Asked::Summarize, Told::Summary { free: is, .. }, Told::Summary { free, version }) => {
                is == free && self.version.settle(version)
            }
            _ => said == *told,
        }
    }
}

/// Questions and answers in the order in which they were asked and came.
#[derive(Debug, Default)]
pub(crate) struct History(Mutex<Vec<Entry>>);

/// One question, or the answer to an earlier one.
#[derive(Debug, Clone, Copy)]
enum Entry {
    Asked(Asked),
    Told { question: usize, told: Told },
}

impl History {
    /// Notes a question that is being asked, and gives its number.
    pub(crate) fn ask(&self, asked: Asked) -> usize {
        let mut entries = self.0.lock().expect("noting does not panic");
        entries.push(Entry::Asked(asked));
        entries.len() - 1
    }

    /// Notes the answer to a question.
    pub(crate) fn tell(&self, question: usize, told: Told) {
        self.0.lock().expect("noting does not panic").push(Entry::Told { question, told });
    }

    /// Whether the event, asked by one caller at a time, could have given these answers.
    ///
    /// An order whose seats were given back before it was answered is shown as it is then: it took
    /// effect, and was looked at later. So its question is asked twice, the first time in silence.
    pub(crate) fn is_explained_by(&self, event: Sequential) -> bool {
        let entries = self.0.lock().expect("noting does not panic");
        let shown_later = |number| {
            entries.iter().any(|entry| match *entry {
                Entry::Told { question, told: Told::Reservation { is_live, .. } } => {
                    question == number && !is_live
                }
                Entry::Told { .. } | Entry::Asked(_) => false,
            })
        };

        // Each question has a thread of its own: whoever knows no answer goes on asking.
        let mut tester = LinearizabilityTester::new(event);
        for (number, entry) in entries.iter().enumerate() {
            let noted = match *entry {
                Entry::Asked(asked) => {
                    if matches!(asked, Asked::Reserve { .. }) && shown_later(number) {
                        tester.on_invoke((number, "in silence"), asked).expect("a new thread");
                    }
                    tester.on_invoke((number, "aloud"), asked)
                }
                Entry::Told { question, told } => tester.on_return((question, "aloud"), told),
            };
            noted.expect("an answer follows its question");
        }
        tester.is_consistent()
    }
}
