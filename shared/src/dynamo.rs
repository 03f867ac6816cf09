//! The production store: one DynamoDB table, every write conditional.

mod access;
mod books;
mod connection;
mod item;

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Builder;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    CancellationReason, KeysAndAttributes, Put, ReturnValuesOnConditionCheckFailure,
    TransactWriteItem,
};

pub use self::access::{AccessError, Partner};
use self::item::Item;
use crate::config::Aws;
use crate::event::{Event, PoolIndex};
use crate::pool::{Change, Pool};
use crate::store::{Commit, Creation, Store, StoreError};
use crate::text::EventId;

/// How often the rest of a `BatchGetItem` is asked for.
const BATCHES_MAX: u32 = 6;

/// TicketBoss's table in DynamoDB.
#[derive(Debug, Clone)]
pub struct DynamoStore {
    client: Client,
    table: String,
}

impl DynamoStore {
    /// The table of this name, reached as a function does.
    pub fn open(aws: Aws, table: impl Into<String>) -> Self {
        Self::with_client(connection::open(aws), table)
    }

    /// The table of this name, reached by this client.
    pub fn with_client(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into() }
    }

    /// The table's name, which is its stack's.
    pub fn table(&self) -> &str {
        &self.table
    }

    async fn get(&self, key: Item) -> Result<Option<Item>, StoreError> {
        let got = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key))
            .consistent_read(true)
            .send()
            .await;
        Ok(got.map_err(failed)?.item)
    }

    async fn commit_one(&self, event: &Event, change: &Change) -> Result<Commit, StoreError> {
        let update = item::update_of(&event.id, change);
        let sent = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(update.get_key().clone())
            .set_condition_expression(update.get_condition_expression().clone())
            .set_update_expression(update.get_update_expression().clone())
            .set_expression_attribute_names(update.get_expression_attribute_names().clone())
            .set_expression_attribute_values(update.get_expression_attribute_values().clone())
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;

        let Err(error) = sent else { return Ok(Commit::Applied) };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(lost)) => {
                let found = lost.item().map(|found| item::to_pool(&event.id, change.pool(), found));
                Ok(Commit::Conflict(found.transpose()?))
            }
            Some(UpdateItemError::TransactionConflictException(_)) => Ok(Commit::Conflict(None)),
            _ => Err(failed(error)),
        }
    }

    async fn commit_all(&self, event: &Event, changes: &[Change]) -> Result<Commit, StoreError> {
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

    /// Writes all items or none; a condition that fails and a lost race both cancel all.
    async fn transact(&self, items: Vec<TransactWriteItem>) -> Result<Transacted, StoreError> {
        let sent = self
            .client
            .transact_write_items()
            .set_transact_items(Some(items))
            .customize()
            .config_override(slower())
            .send()
            .await;
        let Err(error) = sent else { return Ok(Transacted::Applied) };
        match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(cancelled))
                if cancelled.cancellation_reasons().iter().all(is_lost_race) =>
            {
                Ok(Transacted::Cancelled)
            }
            _ => Err(failed(error)),
        }
    }

    async fn get_batch(&self, keys: Vec<Item>) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::with_capacity(keys.len());
        let mut pending = keys;
        for _ in 0..BATCHES_MAX {
            let keys = KeysAndAttributes::builder().set_keys(Some(pending)).consistent_read(true);
            let keys = keys.build().expect("the keys are set");
            let got = self.client.batch_get_item().request_items(&self.table, keys).send().await;
            let got = got.map_err(failed)?;
            items.extend(got.responses.unwrap_or_default().into_values().flatten());
            pending = got
                .unprocessed_keys
                .unwrap_or_default()
                .into_values()
                .flat_map(|rest| rest.keys)
                .collect();
            if pending.is_empty() {
                return Ok(items);
            }
        }
        Err(StoreError::Unavailable("DynamoDB left keys of a batch unread".into()))
    }
}

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
        let mut found = std::collections::BTreeMap::new();
        for item in self.get_batch(keys.collect()).await? {
            found.extend(item::pool_index(&item).map(|index| (index, item)));
        }
        let read = |index| match found.get(&index) {
            Some(item) => item::to_pool(&event.id, index, item),
            None => Err(missing(partition(index))),
        };
        event.pools.indices().map(read).collect()
    }

    async fn commit(&self, event: &Event, changes: &[Change]) -> Result<Commit, StoreError> {
        match changes {
            [only] => self.commit_one(event, only).await,
            several => self.commit_all(event, several).await,
        }
    }

    async fn create_event(&self, event: &Event) -> Result<Creation, StoreError> {
        let mut listed = item::key_of(item::DIRECTORY, event.id.as_str());
        listed.insert("name".to_owned(), item::text(event.name.as_str()));
        let pools = event.open_pools();
        let pools = pools.iter().map(|pool| item::of_pool(&event.id, pool));
        let items = [item::of_event(event), listed].into_iter().chain(pools);
        match self.transact(items.map(|item| self.put_new(item)).collect()).await? {
            Transacted::Applied => Ok(Creation::Created),
            Transacted::Cancelled => Ok(Creation::Exists),
        }
    }
}

impl DynamoStore {
    /// A write of an item that must not exist yet.
    fn put_new(&self, item: Item) -> TransactWriteItem {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk)");
        TransactWriteItem::builder().put(put.build().expect("table and item are set")).build()
    }
}

/// How a transaction went: it is not told which condition failed.
enum Transacted {
    Applied,
    Cancelled,
}

/// A transaction is given more time: in AWS it takes some 25 ms, and at worst over a second.
fn slower() -> Builder {
    let timeouts = TimeoutConfig::builder()
        .operation_attempt_timeout(Duration::from_millis(1_200))
        .operation_timeout(Duration::from_millis(3_000));
    aws_sdk_dynamodb::Config::builder().timeout_config(timeouts.build())
}

fn is_lost_race(reason: &CancellationReason) -> bool {
    matches!(reason.code(), None | Some("None" | "ConditionalCheckFailed" | "TransactionConflict"))
}

fn missing(what: String) -> StoreError {
    StoreError::Corrupt { what, why: "it is missing".to_owned() }
}

/// What DynamoDB refuses however often it is asked is our fault; all else may pass.
fn failed<E, R>(error: SdkError<E, R>) -> StoreError
where
    SdkError<E, R>: std::error::Error + Send + Sync + 'static,
    E: ProvideErrorMetadata,
{
    let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
    match code {
        Some(
            "AccessDeniedException"
            | "ResourceNotFoundException"
            | "UnrecognizedClientException"
            | "ValidationException",
        ) => StoreError::Rejected(Box::new(error)),
        _ => StoreError::Unavailable(Box::new(error)),
    }
}
