//! A store in which every commit loses its race: there is always somebody faster.

use shared::access::{Caller, Role};
use shared::board::Board;
use shared::event::{Event, PoolIndex};
use shared::mark::RequestMark;
use shared::pool::{Change, Pool};
use shared::reservation::ReservationId;
use shared::rules::Decision;
use shared::store::{Commit, CreationStep, Store, StoreError};
use shared::text::EventId;

use super::nouns;
use super::simulated::SimulatedStore;

/// The store inside it, to which a rival writes just before each of our commits.
#[derive(Debug)]
pub(crate) struct LosingStore(pub(crate) SimulatedStore);

impl Store for LosingStore {
    async fn load_event(&self, id: &EventId) -> Result<Option<Event>, StoreError> {
        self.0.load_event(id).await
    }

    async fn load_pool(&self, event: &Event, index: PoolIndex) -> Result<Pool, StoreError> {
        self.0.load_pool(event, index).await
    }

    async fn load_some(
        &self,
        event: &Event,
        indices: Vec<PoolIndex>,
    ) -> Result<Vec<Pool>, StoreError> {
        self.0.load_some(event, indices).await
    }

    async fn load_board(&self, event: &Event) -> Result<Board, StoreError> {
        self.0.load_board(event).await
    }

    async fn post(
        &self,
        event: &Event,
        expected: &Board,
        after: &Board,
    ) -> Result<Commit, StoreError> {
        self.0.post(event, expected, after).await
    }

    async fn commit(&self, event: &Event, changes: &[Change]) -> Result<Commit, StoreError> {
        for change in changes {
            let rival = rival_change(event, &self.load_pool(event, change.pool()).await?);
            assert_eq!(self.0.commit(event, &[rival]).await?, Commit::Applied);
        }
        self.0.commit(event, changes).await
    }

    async fn amend(&self, event: &Event, expected_revision: u64) -> Result<Commit, StoreError> {
        if let Some(standing) = self.load_event(&event.id).await? {
            let revision = standing.revision + 1;
            let rival = Event { revision, ..standing };
            assert_eq!(self.0.amend(&rival, revision - 1).await?, Commit::Applied);
        }
        self.0.amend(event, expected_revision).await
    }

    async fn impose(&self, event: &Event, index: PoolIndex) -> Result<Commit, StoreError> {
        self.0.impose(event, index).await
    }

    async fn create(&self, event: &Event, step: CreationStep<'_>) -> Result<Commit, StoreError> {
        self.0.create(event, step).await
    }

    async fn load_directory(
        &self,
        from: Option<&EventId>,
        count: usize,
    ) -> Result<Vec<Event>, StoreError> {
        self.0.load_directory(from, count).await
    }

    async fn load_creation(&self, mark: RequestMark) -> Result<Option<EventId>, StoreError> {
        self.0.load_creation(mark).await
    }
}

/// Somebody takes a seat of this pool, or gives back the one it took.
fn rival_change(event: &Event, pool: &Pool) -> Change {
    let now = nouns::start_of_time();
    let rival = Caller { id: nouns::partner("rival"), role: Role::Partner };
    let standing = pool.reservations().find(|one| one.partner == rival.id && one.is_live());
    let decided = if let Some(standing) = standing {
        pool.cancel(&standing.id, &rival, RequestMark::new(pool.version()), now)
    } else {
        let keys = (0..).map(|tried: u32| format!("{}-{tried}", pool.version()).parse());
        let mut ids = keys.map(|key| ReservationId::of_key(event, &rival.id, &key.expect("a key")));
        let id = ids.find(|id| id.pool() == pool.index()).expect("some id names this pool");
        pool.reserve(&id, &nouns::order("rival", 1), now)
    };
    match decided {
        Ok(Decision::Commit(mut changes, _)) => changes.remove(0),
        other => panic!("the rival finds a free seat: {other:?}"),
    }
}
