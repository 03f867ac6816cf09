//! The callers: which request each sends next, and what it does with the answer.
//!
//! Before a request is sent, the books know of it; so at any moment they bound what the stack may
//! say. What nobody answered is left for [`settling`](super::settling).

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use shared::boot::random;
use shared::text::EventId;
use tokio::time::Instant;
use uuid::Uuid;

use super::answers::{Judgement, Outcome, Summary, Wrongs, judge};
use super::books::Books;
use super::operations::{Operation, Request, Standing, What};
use super::settings::Settings;
use super::stack::Stack;
use super::tally::Tally;

/// All callers, their stack, and the event whose seats they ask for.
#[derive(Debug)]
pub(crate) struct Crowd {
    pub(crate) stack: Stack,
    pub(crate) event: EventId,
    /// The event before anything was asked.
    pub(crate) before: Summary,
    /// Whether nobody else can know the event.
    pub(crate) is_alone: bool,
    pub(crate) start: Instant,
    settings: Settings,
    state: Mutex<State>,
}

/// What the callers know together.
#[derive(Debug)]
pub(crate) struct State {
    dice: StdRng,
    orders_left: Option<u32>,
    /// Reservations to be shown or cancelled.
    standing: Vec<Standing>,
    /// Every reservation there ever was.
    ids: HashSet<String>,
    pub(crate) books: Books,
    pub(crate) tally: Tally,
    pub(crate) wrongs: Wrongs,
    pub(crate) unsettled: Vec<Request>,
}

impl Crowd {
    pub(crate) fn new(
        settings: Settings,
        stack: Stack,
        event: EventId,
        before: Summary,
        is_alone: bool,
    ) -> Self {
        let state = State {
            dice: StdRng::from_seed(random()),
            orders_left: settings.orders,
            standing: Vec::new(),
            ids: HashSet::new(),
            books: Books::default(),
            tally: Tally::default(),
            wrongs: Wrongs::default(),
            unsettled: Vec::new(),
        };
        let (start, state) = (Instant::now(), Mutex::new(state));
        Self { stack, event, before, is_alone, start, settings, state }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics while it is locked")
    }

    /// Sends the next request, which is due at this time. `None` once all orders are sent.
    pub(crate) fn next(
        self: &Arc<Self>,
        due: Duration,
    ) -> Option<impl Future<Output = ()> + use<>> {
        let request = self.state().next(&self.settings, due, self.stack.keys())?;
        let crowd = Arc::clone(self);
        Some(async move {
            let sent = crowd.start.elapsed();
            let reply = crowd.stack.send(&crowd.event, &request).await;
            let answered = crowd.start.elapsed();
            let judgement = judge(&crowd.event, &request, &reply);
            let operation = request.operation();
            if let Some(due) = due.checked_sub(crowd.settings.warm_up) {
                let latency = answered.saturating_sub(crowd.settings.warm_up.saturating_add(due));
                crowd.state().tally.record(operation, &judgement.label, due, latency);
            }
            crowd.close(request, sent, judgement);
        })
    }

    /// Reads the event's numbers, for the record.
    pub(crate) async fn sample(self: Arc<Self>) {
        let request = Request { what: What::Summarize, key: 0, idempotency_key: None };
        let sent = self.start.elapsed();
        let reply = self.stack.send(&self.event, &request).await;
        let judgement = judge(&self.event, &request, &reply);
        if let (Outcome::Summarized(summary), Some(time)) =
            (&judgement.outcome, sent.checked_sub(self.settings.warm_up))
        {
            self.state().tally.record_seats_left(time, summary.available_seats);
        }
        self.close(request, sent, judgement);
    }

    /// Enters in the books what became of a request that was sent at this time.
    pub(crate) fn close(&self, request: Request, sent: Duration, judgement: Judgement) {
        let Judgement { outcome, label, wrong } = judgement;
        let wrong = wrong.or_else(|| self.contradiction(&outcome, sent));
        let mut state = self.state();
        if let Some(wrong) = wrong {
            let operation = request.operation().as_str();
            state.wrongs.add(format!("{operation}, {label}: {wrong}"));
        }
        state.enter(request, outcome);
    }

    /// What in an answer contradicts all that was asked and answered before. Where others may sell
    /// the event, too, its seats are not checked.
    fn contradiction(&self, outcome: &Outcome, sent: Duration) -> Option<String> {
        let state = self.state();
        let gone = state.books.gone_for(sent);
        let (is_false, why) = match outcome {
            Outcome::Sold(standing) => {
                (state.ids.contains(&standing.id), "the reservation is another order's")
            }
            Outcome::SoldOut { available } => {
                let left = i64::from(self.before.available_seats).saturating_sub(*gone.end());
                let is_false = self.is_alone && i64::from(*available) < left;
                (is_false, "more seats must have been left")
            }
            Outcome::Summarized(summary) => {
                let seen = i64::from(summary.gone()).saturating_sub(self.before.gone().into());
                let is_same = summary.total_seats == self.before.total_seats;
                let is_false = !is_same || (self.is_alone && !gone.contains(&seen));
                (is_false, "it is not what the answers come to")
            }
            Outcome::Cancelled | Outcome::Read | Outcome::Refused | Outcome::Unknown => {
                return None;
            }
        };
        is_false.then(|| why.to_owned())
    }
}

impl State {
    fn next(&mut self, settings: &Settings, due: Duration, keys: usize) -> Option<Request> {
        let is_measured = due >= settings.warm_up;
        if is_measured && self.orders_left == Some(0) {
            return None;
        }
        let what = match settings.mix.choose(&mut self.dice) {
            Operation::Cancel => {
                self.draw().map(|index| What::Cancel(self.standing.swap_remove(index)))
            }
            Operation::Show => {
                self.draw().and_then(|index| self.standing.get(index)).cloned().map(What::Show)
            }
            Operation::Summarize => Some(What::Summarize),
            Operation::Reserve => None,
        };
        // What nobody has reserved cannot be cancelled or shown: it is reserved instead.
        let what = what.unwrap_or_else(|| What::Reserve {
            seats: self.dice.random_range(1..=settings.seats_max).into(),
        });
        let drawn = self.dice.random_range(0..keys);
        let (key, is_write) = match &what {
            What::Reserve { seats } => {
                self.books.seats.asked_for += i64::from(*seats);
                let left = self.orders_left.filter(|_| is_measured);
                self.orders_left = left.map(|left| left.saturating_sub(1)).or(self.orders_left);
                (drawn, true)
            }
            What::Cancel(standing) => {
                self.books.seats.given_back += i64::from(standing.seats);
                (standing.key, true)
            }
            What::Show(standing) => (standing.key, false),
            What::Summarize => (drawn, false),
        };
        let is_keyed = settings.is_keyed && is_write;
        let idempotency_key = is_keyed.then(|| Uuid::new_v4().to_string());
        Some(Request { what, key, idempotency_key })
    }

    /// Any reservation's place.
    fn draw(&mut self) -> Option<usize> {
        let count = self.standing.len();
        (count > 0).then(|| self.dice.random_range(0..count))
    }

    fn enter(&mut self, request: Request, outcome: Outcome) {
        let seats = &mut self.books.seats;
        match (&request.what, outcome) {
            (What::Reserve { seats: asked_for }, Outcome::Sold(standing)) => {
                seats.sold += i64::from(*asked_for);
                self.ids.insert(standing.id.clone());
                self.standing.push(standing);
            }
            (What::Reserve { seats: asked_for }, Outcome::SoldOut { .. } | Outcome::Refused) => {
                seats.refused += i64::from(*asked_for);
            }
            (What::Cancel(standing), Outcome::Cancelled) => {
                seats.freed += i64::from(standing.seats);
            }
            (What::Cancel(standing), Outcome::Refused) => {
                seats.kept += i64::from(standing.seats);
                self.standing.push(standing.clone());
            }
            (What::Reserve { .. } | What::Cancel(_), _) => self.unsettled.push(request),
            (What::Show(_) | What::Summarize, _) => {}
        }
    }
}
