//! An order's own commit, applied while all pools are read, is no shortage.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::json;
use shared::access::{Caller, Role};
use shared::board::Board;
use shared::desk::Desk;
use shared::event::{Event, PoolCount, PoolIndex};
use shared::mark::RequestMark;
use shared::pool::{Change, Pool};
use shared::store::{Commit, CreationStep, Store, StoreError};
use shared::text::EventId;

use crate::support::nouns;
use crate::support::requests::Parts;
use crate::support::simulated::SimulatedStore;
use crate::support::simulated::weather::Dice;

/// The first commit is answered by nobody, and applied while all pools are read the second time:
/// after the first pool, before the rest.
struct LateStore {
    store: SimulatedStore,
    late: Mutex<Vec<Change>>,
    commits: AtomicU32,
    readings: AtomicU32,
}

impl Store for LateStore {
    async fn load_event(&self, id: &EventId) -> Result<Option<Event>, StoreError> {
        self.store.load_event(id).await
    }

    async fn load_pool(&self, event: &Event, index: PoolIndex) -> Result<Pool, StoreError> {
        self.store.load_pool(event, index).await
    }

    async fn load_some(
        &self,
        event: &Event,
        indices: Vec<PoolIndex>,
    ) -> Result<Vec<Pool>, StoreError> {
        let before = self.store.load_some(event, indices).await?;
        if self.readings.fetch_add(1, Ordering::Relaxed) != 1 {
            return Ok(before);
        }
        let late = self.late.lock().unwrap().clone();
        assert_eq!(self.store.commit(event, &late).await?, Commit::Applied);
        let after = self.store.load_pools(event).await?;
        Ok(before.into_iter().take(1).chain(after.into_iter().skip(1)).collect())
    }

    async fn load_board(&self, event: &Event) -> Result<Board, StoreError> {
        self.store.load_board(event).await
    }

    async fn post(
        &self,
        event: &Event,
        expected: &Board,
        after: &Board,
    ) -> Result<Commit, StoreError> {
        self.store.post(event, expected, after).await
    }

    async fn commit(&self, event: &Event, changes: &[Change]) -> Result<Commit, StoreError> {
        if self.commits.fetch_add(1, Ordering::Relaxed) == 0 {
            *self.late.lock().unwrap() = changes.to_vec();
            return Err(StoreError::Unavailable("no attempt was answered".into()));
        }
        self.store.commit(event, changes).await
    }

    async fn amend(&self, event: &Event, expected_revision: u64) -> Result<Commit, StoreError> {
        self.store.amend(event, expected_revision).await
    }

    async fn impose(&self, event: &Event, index: PoolIndex) -> Result<Commit, StoreError> {
        self.store.impose(event, index).await
    }

    async fn create(&self, event: &Event, step: CreationStep<'_>) -> Result<Commit, StoreError> {
        self.store.create(event, step).await
    }

    async fn load_directory(
        &self,
        from: Option<&EventId>,
        count: usize,
    ) -> Result<Vec<Event>, StoreError> {
        self.store.load_directory(from, count).await
    }

    async fn load_creation(&self, mark: RequestMark) -> Result<Option<EventId>, StoreError> {
        self.store.load_creation(mark).await
    }
}

#[tokio::test(start_paused = true)]
async fn an_order_is_not_refused_for_want_of_the_seats_that_it_took() {
    let mut event = nouns::event("on-sale", 3);
    event.pools = PoolCount::try_from(2).unwrap();
    let store = LateStore {
        store: SimulatedStore::calm(),
        late: Mutex::default(),
        commits: AtomicU32::new(0),
        readings: AtomicU32::new(0),
    };
    store.store.put_event(&event);
    let caller = Caller { id: nouns::partner("abc-corp"), role: Role::Partner };
    // A key whose home is the first pool, which is read before the commit is applied.
    let key = (0..).map(|tried: u32| format!("key-{tried}")).find(|key| {
        let key = key.parse().unwrap();
        let id = shared::reservation::ReservationId::of_key(&event, &caller.id, &key);
        id.pool() == PoolIndex::new(0)
    });
    let dice = Dice::new(1);
    let desk = Desk::new(store, event.id.clone(), nouns::start_of_time, move || dice.bytes());
    let request = Parts::order(&caller, json!({ "seats": 3 }), &key);
    let answer = reserve_seats::reserve_seats(&desk, &request).await;
    let taken: u32 = desk.store.store.peek_pools(&event).iter().map(Pool::available).sum();
    assert_eq!(taken, 0, "the order was served");
    assert!(answer.is_ok(), "and was answered {answer:?}");
}
