//! Events and their pools in the table.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{
    ConditionCheck, Delete, Put, ReturnConsumedCapacity, TransactWriteItem,
};

use super::item;
use super::spend;
use super::table::{DynamoStore, Transacted, Updated};
use super::verdict::failed;
use crate::board::Board;
use crate::event::{Event, PoolIndex};
use crate::mark::RequestMark;
use crate::pool::{Change, Pool};
use crate::store::{Commit, CreationStep, Store, StoreError};
use crate::text::EventId;

impl Store for DynamoStore {
    async fn load_event(&self, id: &EventId) -> Result<Option<Event>, StoreError> {
        let found = self
            .get(item::key_of(item::event::event_partition(id), item::event::EVENT_SORT))
            .await?;
        found.map(|found| item::event::to_event(id, &found)).transpose()
    }

    async fn load_pool(&self, event: &Event, index: PoolIndex) -> Result<Pool, StoreError> {
        let partition = item::pool::pool_partition(&event.id, index);
        let found = self.get(item::key_of(&partition, item::pool::POOL_SORT)).await?;
        let found = found.ok_or_else(|| missing(partition))?;
        item::pool::to_pool(&event.id, index, &found)
    }

    async fn load_some(
        &self,
        event: &Event,
        indices: Vec<PoolIndex>,
    ) -> Result<Vec<Pool>, StoreError> {
        let partition = |index| item::pool::pool_partition(&event.id, index);
        let keys =
            indices.iter().map(|index| item::key_of(partition(*index), item::pool::POOL_SORT));
        let mut found = BTreeMap::new();
        for item in self.get_all(keys.collect()).await? {
            found.extend(item::pool::pool_index(&item).map(|index| (index, item)));
        }
        let read = |index| match found.get(&index) {
            Some(item) => item::pool::to_pool(&event.id, index, item),
            None => Err(missing(partition(index))),
        };
        indices.into_iter().map(read).collect()
    }

    async fn load_board(&self, event: &Event) -> Result<Board, StoreError> {
        let found = self.get(item::board::board_key(&event.id)).await?;
        found.map_or(Ok(Board::default()), |found| item::board::to_board(&event.id, &found))
    }

    async fn post(
        &self,
        event: &Event,
        expected: &Board,
        after: &Board,
    ) -> Result<Commit, StoreError> {
        match self.update(&item::board::update_of(&event.id, expected, after)).await? {
            Updated::Applied => Ok(Commit::Applied),
            Updated::Lost(_) => Ok(Commit::Conflict(None)),
        }
    }

    async fn commit(&self, event: &Event, changes: &[Change]) -> Result<Commit, StoreError> {
        if let [only] = changes {
            return match self.update(&item::pool::update_of(&event.id, only)).await? {
                Updated::Applied => Ok(Commit::Applied),
                Updated::Lost(found) => {
                    let found =
                        found.map(|found| item::pool::to_pool(&event.id, only.pool(), &found));
                    Ok(Commit::Conflict(found.transpose()?))
                }
            };
        }
        let updates = changes.iter().map(|change| {
            let update = item::pool::update_of(&event.id, change).table_name(&self.table);
            let update = update.build().expect("key, expression and table are set");
            TransactWriteItem::builder().update(update).build()
        });
        match self.transact(updates.collect()).await? {
            Transacted::Applied => Ok(Commit::Applied),
            Transacted::Cancelled => Ok(Commit::Conflict(None)),
        }
    }

    async fn amend(&self, event: &Event, expected_revision: u64) -> Result<Commit, StoreError> {
        let listed = self.put(item::event::of_listed(event), None);
        match self.transact(vec![self.put_amended(event, expected_revision), listed]).await? {
            Transacted::Applied => Ok(Commit::Applied),
            Transacted::Cancelled => Ok(Commit::Conflict(None)),
        }
    }

    async fn impose(&self, event: &Event, index: PoolIndex) -> Result<Commit, StoreError> {
        match self.update(&item::pool::impose(event, index)).await? {
            Updated::Applied => Ok(Commit::Applied),
            Updated::Lost(found) => {
                let found = found.map(|found| item::pool::to_pool(&event.id, index, &found));
                Ok(Commit::Conflict(found.transpose()?))
            }
        }
    }

    async fn create(&self, event: &Event, step: CreationStep<'_>) -> Result<Commit, StoreError> {
        let put = |pool| self.put(item::pool::of_pool(&event.id, pool), None);
        let writes = match step {
            CreationStep::Claim => {
                vec![self.expect_no(event), self.put(item::event::of_claim(event), None)]
            }
            CreationStep::Pools(pools) => {
                [self.expect_claim(event)].into_iter().chain(pools.iter().map(put)).collect()
            }
            CreationStep::Event { pools, is_claimed } => {
                let written = [
                    self.put(item::event::of_event(event), Some(item::NEW)),
                    self.put(item::event::of_listed(event), None),
                    self.put_creation(event),
                    self.end_claim(event, is_claimed),
                ];
                written.into_iter().chain(pools.iter().map(put)).collect()
            }
        };
        match self.transact(writes).await? {
            Transacted::Applied => Ok(Commit::Applied),
            Transacted::Cancelled => Ok(Commit::Conflict(None)),
        }
    }

    async fn load_directory(
        &self,
        from: Option<&EventId>,
        count: usize,
    ) -> Result<Vec<Event>, StoreError> {
        let mut events = Vec::new();
        let mut pages = self.query_directory(from).into_paginator();
        pages = pages.page_size(count.try_into().unwrap_or(i32::MAX));
        let mut pages = pages.send();
        while events.len() < count
            && let Some(page) = pages.next().await
        {
            let page = page.map_err(failed)?;
            spend::on_reading(page.consumed_capacity());
            // A row without its event, or with a name that none can have, is for the audit to find.
            let listed = page.items().iter().filter_map(item::event::to_listed);
            let ids: Vec<EventId> = listed.filter_map(|listed| listed.id.parse().ok()).collect();
            events.extend(self.load_events(ids).await?);
        }
        events.truncate(count);
        Ok(events)
    }

    async fn load_creation(&self, mark: RequestMark) -> Result<Option<EventId>, StoreError> {
        let found = self.get(item::event::creation_key(mark)).await?;
        found.map(|found| item::event::to_created(mark, &found)).transpose()
    }
}

impl DynamoStore {
    /// A query of the directory, from this event on, or from the first.
    pub(super) fn query_directory(&self, from: Option<&EventId>) -> QueryFluentBuilder {
        let query = self.client.query().table_name(&self.table);
        let query = query
            .expression_attribute_values(":events", item::text(item::event::DIRECTORY))
            .consistent_read(true)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        match from {
            Some(from) => query
                .key_condition_expression("pk = :events AND sk >= :from")
                .expression_attribute_values(":from", item::text(from.as_str())),
            None => query.key_condition_expression("pk = :events"),
        }
    }

    /// Those of these events that there are and can be read, in this order.
    async fn load_events(&self, ids: Vec<EventId>) -> Result<Vec<Event>, StoreError> {
        let key = |id| item::key_of(item::event::event_partition(id), item::event::EVENT_SORT);
        let found = self.get_all(ids.iter().map(key).collect()).await?;
        let found: HashMap<_, _> =
            found.iter().filter_map(|found| Some((found.get("pk")?.as_s().ok()?, found))).collect();
        let read = |id| {
            let found = found.get(&item::event::event_partition(id))?;
            let event = item::event::to_event(id, found);
            event.inspect_err(|error| tracing::error!(%error, "an event cannot be listed")).ok()
        };
        Ok(ids.iter().filter_map(read).collect())
    }
}

/// What a step of a creation writes, and on which condition.
impl DynamoStore {
    fn expect_no(&self, event: &Event) -> TransactWriteItem {
        let check = ConditionCheck::builder()
            .table_name(&self.table)
            .set_key(Some(item::key_of(
                item::event::event_partition(&event.id),
                item::event::EVENT_SORT,
            )))
            .condition_expression(item::NEW)
            .build();
        let check = check.expect("table, key and condition are set");
        TransactWriteItem::builder().condition_check(check).build()
    }

    fn expect_claim(&self, event: &Event) -> TransactWriteItem {
        let check = ConditionCheck::builder()
            .table_name(&self.table)
            .set_key(Some(item::event::claim_key(event)))
            .condition_expression(item::event::CLAIMED)
            .expression_attribute_names("#by", item::event::CREATED_BY)
            .expression_attribute_values(":by", item::number(event.created_by.get()))
            .build();
        let check = check.expect("table, key and condition are set");
        TransactWriteItem::builder().condition_check(check).build()
    }

    fn end_claim(&self, event: &Event, is_claimed: bool) -> TransactWriteItem {
        let mut delete =
            Delete::builder().table_name(&self.table).set_key(Some(item::event::claim_key(event)));
        if is_claimed {
            delete = delete
                .condition_expression(item::event::CLAIMED)
                .expression_attribute_names("#by", item::event::CREATED_BY)
                .expression_attribute_values(":by", item::number(event.created_by.get()));
        }
        let delete = delete.build().expect("table and key are set");
        TransactWriteItem::builder().delete(delete).build()
    }

    /// Writes the event over itself, if it has this revision.
    fn put_amended(&self, event: &Event, expected_revision: u64) -> TransactWriteItem {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item::event::of_event(event)))
            .expression_attribute_names("#by", item::event::CREATED_BY)
            .expression_attribute_names("#n", item::terms::REVISION)
            .expression_attribute_values(":by", item::number(event.created_by.get()));
        let put = match expected_revision {
            0 => put.condition_expression("#by = :by AND attribute_not_exists(#n)"),
            expected => put
                .condition_expression("#by = :by AND #n = :expected")
                .expression_attribute_values(":expected", item::number(expected)),
        };
        TransactWriteItem::builder().put(put.build().expect("table and item are set")).build()
    }

    /// Says which event the request created: it creates no other.
    fn put_creation(&self, event: &Event) -> TransactWriteItem {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item::event::of_creation(event)))
            .condition_expression(item::event::NEW_OR_SAME_EVENT)
            .expression_attribute_names("#event", item::event::CREATED_EVENT)
            .expression_attribute_values(":event", item::text(event.id.as_str()))
            .build();
        TransactWriteItem::builder().put(put.expect("table and item are set")).build()
    }
}

fn missing(what: String) -> StoreError {
    StoreError::Corrupt { what, why: "it is missing".to_owned() }
}
