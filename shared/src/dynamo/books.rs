//! The table as an audit reads it: every event that is listed, and every pool that there is.

use std::collections::BTreeMap;

use super::item;
use super::table::DynamoStore;
use super::verdict::failed;
use crate::event::{Event, PoolIndex};
use crate::store::{Books, Evidence, StoreError};

impl Books for DynamoStore {
    async fn list_events(&self) -> Result<Vec<String>, StoreError> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :events")
            .expression_attribute_values(":events", item::text(item::DIRECTORY))
            .projection_expression("sk")
            .consistent_read(true)
            .into_paginator()
            .items()
            .send();
        let mut events = Vec::new();
        while let Some(found) = pages.next().await {
            events.extend(item::sort_key(&found.map_err(failed)?));
        }
        Ok(events)
    }

    async fn inspect_pools(
        &self,
        event: &Event,
    ) -> Result<BTreeMap<PoolIndex, Evidence>, StoreError> {
        let key = |index| item::key_of(item::pool_partition(&event.id, index), item::POOL_SORT);
        let found = self.get_all(PoolIndex::all().map(key).collect()).await?;
        let indexed = |found| {
            let index = item::pool_index(found)?;
            Some((index, item::to_evidence(index, found)))
        };
        Ok(found.iter().filter_map(indexed).collect())
    }
}
