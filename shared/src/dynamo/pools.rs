//! Events and their pools in the table.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::TransactWriteItem;

use super::item;
use super::table::{DynamoStore, Transacted, Updated};
use crate::event::{Event, PoolIndex};
use crate::pool::{Change, Pool};
use crate::store::{Commit, Creation, Store, StoreError};
use crate::text::EventId;

impl Store for DynamoStore {
    async fn load_event(&self, id: &EventId) -> Result<Option<Event>, StoreError> {
        let found = self.get(item::key_of(item::event_partition(id), item::EVENT_SORT)).await?;
        found.map(|found| item::to_event(id, &found)).transpose()
    }

    async fn load_pool(&self, event: &Event, index: PoolIndex) -> Result<Pool, StoreError> {
        let partition = item::pool_partition(&event.id, index);
        let found = self.get(item::key_of(&partition, item::POOL_SORT)).await?;
        let found = found.ok_or_else(|| missing(partition))?;
        item::to_pool(&event.id, index, &found)
    }

    async fn load_pools(&self, event: &Event) -> Result<Vec<Pool>, StoreError> {
        let partition = |index| item::pool_partition(&event.id, index);
        let keys =
            event.pools.indices().map(|index| item::key_of(partition(index), item::POOL_SORT));
        let mut found = BTreeMap::new();
        for item in self.get_all(keys.collect()).await? {
            found.extend(item::pool_index(&item).map(|index| (index, item)));
        }
        let read = |index| match found.get(&index) {
            Some(item) => item::to_pool(&event.id, index, item),
            None => Err(missing(partition(index))),
        };
        event.pools.indices().map(read).collect()
    }

    async fn commit(&self, event: &Event, changes: &[Change]) -> Result<Commit, StoreError> {
        if let [only] = changes {
            return match self.update(&item::update_of(&event.id, only)).await? {
                Updated::Applied => Ok(Commit::Applied),
                Updated::Lost(found) => {
                    let found = found.map(|found| item::to_pool(&event.id, only.pool(), &found));
                    Ok(Commit::Conflict(found.transpose()?))
                }
            };
        }
        let updates = changes.iter().map(|change| {
            let update = item::update_of(&event.id, change).table_name(&self.table);
            let update = update.build().expect("key, expression and table are set");
            TransactWriteItem::builder().update(update).build()
        });
        match self.transact(updates.collect()).await? {
            Transacted::Applied => Ok(Commit::Applied),
            Transacted::Cancelled => Ok(Commit::Conflict(None)),
        }
    }

    async fn create_event(&self, event: &Event) -> Result<Creation, StoreError> {
        let mut listed = item::key_of(item::DIRECTORY, event.id.as_str());
        listed.insert("name".to_owned(), item::text(event.name.as_str()));
        let pools = Pool::open_all(event);
        let pools = pools.iter().map(|pool| item::of_pool(&event.id, pool));
        let items = [item::of_event(event), listed].into_iter().chain(pools);
        match self.transact(items.map(|item| self.put_new(item)).collect()).await? {
            Transacted::Applied => Ok(Creation::Created),
            Transacted::Cancelled => Ok(Creation::Exists),
        }
    }
}

fn missing(what: String) -> StoreError {
    StoreError::Corrupt { what, why: "it is missing".to_owned() }
}
