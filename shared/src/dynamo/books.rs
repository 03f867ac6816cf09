//! The table as an audit reads it: every event that is listed, and every pool that there is.

use std::collections::BTreeMap;

use super::item;
use super::table::DynamoStore;
use super::verdict::failed;
use crate::event::{Event, PoolCount, PoolIndex};
use crate::store::{Books, Evidence, Listed, StoreError};
use crate::text::EventId;

impl Books for DynamoStore {
    async fn list_events(&self) -> Result<Vec<Listed>, StoreError> {
        let mut pages = self.query_directory(None).into_paginator().items().send();
        let mut events = Vec::new();
        while let Some(found) = pages.next().await {
            events.extend(item::event::to_listed(&found.map_err(failed)?));
        }
        Ok(events)
    }

    async fn inspect_pools(
        &self,
        event: &Event,
    ) -> Result<BTreeMap<PoolIndex, Evidence>, StoreError> {
        let key = |index| {
            item::key_of(item::pool::pool_partition(&event.id, index), item::pool::POOL_SORT)
        };
        let indices = (0..looked_at(event.pools)).map(PoolIndex::new);
        let found = self.get_all(indices.map(key).collect()).await?;
        let indexed = |found| {
            let index = item::pool::pool_index(found)?;
            Some((index, item::pool::to_evidence(&event.id, index, found)))
        };
        Ok(found.iter().filter_map(indexed).collect())
    }
}

impl DynamoStore {
    /// Removes the event's board: of a table that was restored from a backup, since the board may
    /// count sales that the backup has lost, and orders would be refused for them.
    ///
    /// Only while nothing is sold there: who has seen the board counts on its going on.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] when the table does not answer.
    pub async fn remove_board(&self, event: &EventId) -> Result<(), StoreError> {
        let key = item::board::board_key(event);
        let delete = self.client.delete_item().table_name(&self.table).set_key(Some(key));
        delete.send().await.map_err(failed)?;
        Ok(())
    }
}

/// How many pools are looked for: all that the event has, and the rest of the last batch of 100, in
/// case it had more once.
fn looked_at(pools: PoolCount) -> u16 {
    pools.get().saturating_add(1).next_multiple_of(100)
}
