//! The books of a load: the seats that the answers say are sold, against the seats that are gone.
//!
//! A seat counts as asked for before its order is sent, and as sold once that is answered. So at
//! any moment the stack's own count lies between two bounds, and when every outcome is known,
//! they are one number.

use std::num::Saturating;
use std::ops::RangeInclusive;
use std::time::Duration;

use serde::Serialize;

/// The summary is at most so old, by contract, and so is the reason of a refusal.
const STALE_MAX: Duration = Duration::from_secs(1);

/// Seats, by what became of the requests about them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Seats {
    /// Of all orders that were sent.
    pub asked_for: Saturating<i64>,
    /// Of those, sold.
    pub sold: Saturating<i64>,
    /// Of those, not sold.
    pub refused: Saturating<i64>,
    /// Of all cancellations that were sent.
    pub given_back: Saturating<i64>,
    /// Of those, free again.
    pub freed: Saturating<i64>,
    /// Of those, not free.
    pub kept: Saturating<i64>,
}

/// How many seats are gone, as far as it can be told.
pub type Bounds = RangeInclusive<i64>;

impl Seats {
    /// Bounds of the seats that were gone at any one moment since `then`.
    pub fn gone_since(&self, then: &Self) -> Bounds {
        let least = then.sold - (self.given_back - self.kept);
        let most = (self.asked_for - self.refused) - then.freed;
        least.0..=most.0
    }
}

/// All seats of this load, now and as they were.
#[derive(Debug, Default)]
pub struct Books {
    /// As they are now.
    pub seats: Seats,
    past: Vec<(Duration, Seats)>,
}

impl Books {
    /// Remembers how they are at this time, which is not before the last one.
    pub fn remember(&mut self, now: Duration) {
        self.past.push((now, self.seats));
    }

    /// Bounds of the seats that can be seen gone by a request that was sent at this time and is
    /// answered now.
    pub fn gone_for(&self, sent: Duration) -> Bounds {
        let known = match sent.checked_sub(STALE_MAX) {
            Some(seen) => self.past.partition_point(|(time, _)| *time <= seen),
            None => 0,
        };
        let then = known.checked_sub(1).and_then(|last| self.past.get(last));
        self.seats.gone_since(&then.map_or_else(Seats::default, |(_, seats)| *seats))
    }
}

/// The check at the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// What the answers say.
    pub seats: Seats,
    /// The fewest seats that are gone by the answers.
    pub gone_least: i64,
    /// The most seats that are gone by the answers.
    pub gone_most: i64,
    /// The seats that are gone by the summaries before and after, if there is one after.
    pub gone: Option<i64>,
    /// Whether nobody else can have sold the event.
    pub is_alone: bool,
    /// Wrong answers.
    pub wrong_answers: u64,
}

impl Check {
    /// Holds the answers against the summaries.
    pub fn of(seats: Seats, gone: Option<i64>, is_alone: bool, wrong_answers: u64) -> Self {
        let bounds = seats.gone_since(&seats);
        let (gone_least, gone_most) = (*bounds.start(), *bounds.end());
        Self { seats, gone_least, gone_most, gone, is_alone, wrong_answers }
    }

    /// Whether the books balance, as far as it can be told.
    pub fn balances(&self) -> bool {
        self.gone.is_some_and(|gone| (self.gone_least..=self.gone_most).contains(&gone))
    }

    /// Whether nothing at all is wrong.
    pub fn is_sound(&self) -> bool {
        self.balances() && self.wrong_answers == 0
    }

    /// The verdict, in words.
    pub fn verdict(&self) -> String {
        let Seats { sold, freed, .. } = self.seats;
        let is_known = self.gone_least == self.gone_most;
        let told = if is_known {
            format!("{sold} seats sold and {freed} given back make {}", self.gone_least)
        } else {
            let (least, most) = (self.gone_least, self.gone_most);
            format!(
                "{sold} seats sold, {freed} given back and unknown outcomes make {least} to {most}"
            )
        };
        let mut verdict = match self.gone {
            None => format!("The books cannot be closed: {told}, and no summary can be read."),
            Some(gone) if self.balances() => {
                let known = if is_known { "" } else { ", as far as it can be known" };
                format!("The books balance{known}: {told}, and {gone} are gone.")
            }
            Some(gone) => {
                let others = if self.is_alone { "" } else { ", unless others sold the event, too" };
                format!("The books do not balance{others}: {told}, but {gone} are gone.")
            }
        };
        if self.wrong_answers > 0 {
            let wrong = self.wrong_answers;
            verdict = format!("{verdict} Answers that may not be: {wrong}.");
        }
        verdict
    }
}
