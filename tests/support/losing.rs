//! A store in which every commit loses its race: there is always somebody faster.

use shared::event::{Event, PoolIndex};
use shared::pool::{Change, Pool};
use shared::store::{Commit, Creation, Store, StoreError};
use shared::text::EventId;

use super::simulated::SimulatedStore;

/// Reads like the store inside it.
#[derive(Debug)]
pub(crate) struct LosingStore(pub(crate) SimulatedStore);

impl Store for LosingStore {
    async fn load_event(&self, id: &EventId) -> Result<Option<Event>, StoreError> {
        self.0.load_event(id).await
    }

    async fn load_pool(&self, event: &Event, index: PoolIndex) -> Result<Pool, StoreError> {
        self.0.load_pool(event, index).await
    }

    async fn load_pools(&self, event: &Event) -> Result<Vec<Pool>, StoreError> {
        self.0.load_pools(event).await
    }

    async fn commit(&self, event: &Event, changes: &[Change]) -> Result<Commit, StoreError> {
        match changes {
            [one] => {
                self.load_pool(event, one.pool()).await.map(|found| Commit::Conflict(Some(found)))
            }
            _ => Ok(Commit::Conflict(None)),
        }
    }

    async fn create_event(&self, event: &Event) -> Result<Creation, StoreError> {
        self.0.create_event(event).await
    }
}
