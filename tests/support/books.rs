//! Books that are written to while they are read: in the middle of each reading of all pools,
//! something happens to them. And books that take their time.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use shared::board::Board;
use shared::event::{Event, PoolIndex};
use shared::mark::RequestMark;
use shared::pool::{Change, Pool};
use shared::store::{Books, Commit, CreationStep, Evidence, Listed, Store, StoreError};
use shared::text::EventId;

use super::simulated::SimulatedStore;

/// What happens during the reading of this number, the first being 0, to these pools.
type Meanwhile = dyn Fn(u8, &[Pool]) -> Vec<Change> + Send + Sync;

/// The store inside it, whose pools change once the first half of them is read.
pub(crate) struct RacedBooks {
    store: SimulatedStore,
    meanwhile: Box<Meanwhile>,
    readings: AtomicU8,
    listed: Vec<Listed>,
    pause: Duration,
}

impl RacedBooks {
    pub(crate) fn new(
        store: SimulatedStore,
        meanwhile: impl Fn(u8, &[Pool]) -> Vec<Change> + Send + Sync + 'static,
    ) -> Self {
        let (meanwhile, readings) = (Box::new(meanwhile), AtomicU8::new(0));
        Self { store, meanwhile, readings, listed: Vec::new(), pause: Duration::ZERO }
    }

    /// Books of these events, which nobody writes to; each reading takes so long.
    pub(crate) fn slow(store: SimulatedStore, listed: Vec<Listed>, pause: Duration) -> Self {
        Self { listed, pause, ..Self::new(store, |_, _| Vec::new()) }
    }

    /// How often all pools were read.
    pub(crate) fn readings(&self) -> u8 {
        self.readings.load(Ordering::Relaxed)
    }
}

impl Books for RacedBooks {
    async fn list_events(&self) -> Result<Vec<Listed>, StoreError> {
        Ok(self.listed.clone())
    }

    async fn inspect_pools(
        &self,
        event: &Event,
    ) -> Result<BTreeMap<PoolIndex, Evidence>, StoreError> {
        tokio::time::sleep(self.pause).await;
        let reading = self.readings.fetch_add(1, Ordering::Relaxed);
        let before = self.store.peek_pools(event);
        let changes = (self.meanwhile)(reading, &before);
        if !changes.is_empty() {
            assert_eq!(self.store.commit(event, &changes).await?, Commit::Applied);
        }
        let after = self.store.peek_pools(event);
        let half = before.len() / 2;
        let read = before.into_iter().take(half).chain(after.into_iter().skip(half));
        Ok(read.map(|pool| (pool.index(), Evidence::from(pool))).collect())
    }
}

impl Store for RacedBooks {
    async fn load_event(&self, id: &EventId) -> Result<Option<Event>, StoreError> {
        tokio::time::sleep(self.pause).await;
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
        self.store.load_some(event, indices).await
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
