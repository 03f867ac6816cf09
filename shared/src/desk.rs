//! The desk: everything that a handler works with. Its store, its clock, its source of randomness,
//! and the events that it remembers.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use crate::batch::Batches;
use crate::board::Memory;
use crate::event::Event;
use crate::order::SeatCount;
use crate::pool::Pool;
use crate::problem::Problem;
use crate::reservation::ReservationId;
use crate::store::Store;
use crate::text::EventId;

/// How many events an instance remembers.
const EVENTS_KNOWN_MAX: usize = 1_000;

/// What every handler works with. Time and randomness come from here and nowhere else, so that a
/// simulation can decide about both.
pub struct Desk<S> {
    /// Where events and their pools stand.
    pub store: S,
    /// The event of the paths that name none.
    pub default_event: EventId,
    clock: Box<dyn Fn() -> Timestamp + Send + Sync>,
    random: Box<dyn Fn() -> [u8; 32] + Send + Sync>,
    events_known: Mutex<HashMap<EventId, Known>>,
    /// Who is at which pool just now.
    pub(crate) batches: Batches,
}

/// What an instance remembers of an event from one request to the next.
struct Known {
    event: Arc<Event>,
    memory: Memory,
}

impl<S: Store> Desk<S> {
    /// A desk on this store, with this clock and this source of random bytes.
    pub fn new(
        store: S,
        default_event: EventId,
        clock: impl Fn() -> Timestamp + Send + Sync + 'static,
        random: impl Fn() -> [u8; 32] + Send + Sync + 'static,
    ) -> Self {
        Self {
            store,
            default_event,
            clock: Box::new(clock),
            random: Box::new(random),
            events_known: Mutex::default(),
            batches: Batches::default(),
        }
    }

    /// The time, to the millisecond that is stored.
    pub fn now(&self) -> Timestamp {
        let now = (self.clock)();
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }

    /// 32 random bytes that no caller can foresee.
    pub fn random(&self) -> [u8; 32] {
        (self.random)()
    }

    /// A pause of any length up to `pause_max`.
    pub(crate) fn jitter(&self, pause_max: Duration) -> Duration {
        jitter(self.random(), pause_max)
    }

    /// The event, remembered once seen. Its organiser may have changed it meanwhile: what decides
    /// about its seats stands in its pools, and [`Desk::event_since`] looks again.
    ///
    /// # Errors
    ///
    /// [`Problem::EventNotFound`], and the store's errors.
    pub async fn event(&self, id: &EventId) -> Result<Arc<Event>, Problem> {
        if let Some(known) = self.events_known().get(id) {
            return Ok(Arc::clone(&known.event));
        }
        let event = self.store.load_event(id).await?.ok_or(Problem::EventNotFound)?;
        let event = Arc::new(event);
        let mut events_known = self.events_known();
        if events_known.len() >= EVENTS_KNOWN_MAX {
            events_known.clear();
        }
        let known = Known { event: Arc::clone(&event), memory: Memory::default() };
        events_known.insert(id.clone(), known);
        Ok(event)
    }

    /// The event as it is, if its pools are of this revision.
    ///
    /// # Errors
    ///
    /// As [`Desk::event`].
    pub async fn event_since(
        &self,
        known: Arc<Event>,
        revision: u64,
    ) -> Result<Arc<Event>, Problem> {
        if known.revision >= revision && !known.is_changing {
            return Ok(known);
        }
        let event = self.store.load_event(&known.id).await?.ok_or(Problem::EventNotFound)?;
        let event = Arc::new(event);
        if let Some(known) = self.events_known().get_mut(&event.id) {
            known.event = Arc::clone(&event);
        }
        Ok(event)
    }

    /// A new id for an order without a key, in a pool that had enough seats when this instance saw
    /// it last, if there is one; else in any. Where others are just now, it can commit with them.
    pub fn draw_id(&self, event: &Event, seats: SeatCount) -> ReservationId {
        let (random, under_way) = (self.random(), self.batches.under_way(&event.id));
        let index = self.recall(event, |memory| {
            let joined = memory.pick_among(&under_way, seats);
            joined.or_else(|| memory.pick_with(seats, event.pools, random))
        });
        ReservationId::in_pool(index.unwrap_or_else(|| event.pools.pick(random)), random)
    }

    /// Remembers pools of the event as they stand.
    pub(crate) fn note<'a>(&self, event: &Event, pools: impl Iterator<Item = &'a Pool>) {
        self.recall(event, |memory| pools.for_each(|pool| memory.note(pool)));
    }

    /// Recalls what this instance knows of the event's board and pools, and may add to it. An event
    /// that it has forgotten meanwhile gives what is known of one that was never seen.
    pub(crate) fn recall<T: Default>(
        &self,
        event: &Event,
        recall: impl FnOnce(&mut Memory) -> T,
    ) -> T {
        let mut events_known = self.events_known();
        events_known.get_mut(&event.id).map(|known| recall(&mut known.memory)).unwrap_or_default()
    }

    fn events_known(&self) -> MutexGuard<'_, HashMap<EventId, Known>> {
        self.events_known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The pause of any length up to `pause_max` that these bytes choose.
pub(crate) fn jitter(random: [u8; 32], pause_max: Duration) -> Duration {
    let [first, second, ..] = random;
    let share = f64::from(u16::from_be_bytes([first, second])) / f64::from(u16::MAX);
    pause_max.mul_f64(share)
}

impl<S: fmt::Debug> fmt::Debug for Desk<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Desk")
            .field("store", &self.store)
            .field("default_event", &self.default_event)
            .finish_non_exhaustive()
    }
}
