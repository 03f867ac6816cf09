//! The table and the calls that are made to it: strongly consistent reads, conditional writes.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{Builder, HttpClient};
use aws_sdk_dynamodb::error::ProvideErrorMetadata as _;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{
    KeysAndAttributes, Put, ReturnConsumedCapacity, ReturnValuesOnConditionCheckFailure,
    TransactWriteItem,
};
use tokio::task::JoinSet;

use super::attempts::Attempts;
use super::connection;
use super::item::Item;
use super::spend;
use super::verdict::{Verdict, failed, verdict_of_reasons};
use crate::config::Aws;
use crate::store::StoreError;
use crate::trail;

/// How often the rest of a `BatchGetItem` is asked for.
const BATCHES_MAX: u32 = 6;

/// How many items one `BatchGetItem` may ask for.
const BATCH_KEYS_MAX: usize = 100;

/// How many batches are read at once: each attempt has its own short time, and a database on one
/// machine reads them one after another.
const BATCHES_AT_ONCE: usize = 4;

/// TicketBoss's table in DynamoDB.
#[derive(Debug, Clone)]
pub struct DynamoStore {
    pub(super) client: Client,
    pub(super) table: String,
}

/// How the update of one item went.
pub(super) enum Updated {
    Applied,
    /// The condition failed; this is the item as it stands, if there is one.
    Lost(Option<Item>),
}

/// How a transaction went: it is not told which condition failed.
pub(super) enum Transacted {
    Applied,
    Cancelled,
}

impl DynamoStore {
    /// The table of this name, reached as a function does.
    pub fn open(aws: Aws, table: impl Into<String>) -> Self {
        Self::with_client(connection::open(aws), table)
    }

    /// The table of this name, reached as a function does but for HTTP: a simulation brings its
    /// own.
    pub fn through(http: impl HttpClient + 'static, aws: Aws, table: impl Into<String>) -> Self {
        Self::with_client(connection::through(http, aws), table)
    }

    /// The table of this name, reached by this client.
    pub fn with_client(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into() }
    }

    /// The table's name.
    pub fn table(&self) -> &str {
        &self.table
    }

    pub(super) async fn get(&self, key: Item) -> Result<Option<Item>, StoreError> {
        let got = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key))
            .consistent_read(true)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await;
        let got = got.map_err(failed)?;
        spend::on_reading(got.consumed_capacity());
        Ok(got.item)
    }

    /// All of these items that there are, in any order; in batches, a few at once.
    pub(super) async fn get_all(&self, keys: Vec<Item>) -> Result<Vec<Item>, StoreError> {
        let (mut left, mut batches) = (keys.chunks(BATCH_KEYS_MAX), JoinSet::new());
        let mut items = Vec::with_capacity(keys.len());
        loop {
            while batches.len() < BATCHES_AT_ONCE
                && let Some(keys) = left.next()
            {
                let (store, keys) = (self.clone(), keys.to_vec());
                batches.spawn(trail::part(async move { store.get_batch(keys).await }));
            }
            let Some(batch) = batches.join_next().await else { return Ok(items) };
            items.extend(batch.expect("reading a batch does not panic")?);
        }
    }

    async fn get_batch(&self, keys: Vec<Item>) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::with_capacity(keys.len());
        let mut pending = keys;
        for _ in 0..BATCHES_MAX {
            let keys = KeysAndAttributes::builder().set_keys(Some(pending)).consistent_read(true);
            let keys = keys.build().expect("the keys are set");
            let got = self
                .client
                .batch_get_item()
                .request_items(&self.table, keys)
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await;
            let got = got.map_err(failed)?;
            spend::on_reading(got.consumed_capacity());
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

    /// Updates one item, on its condition.
    pub(super) async fn update(&self, update: &UpdateBuilder) -> Result<Updated, StoreError> {
        let attempts = Attempts::default();
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
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .customize()
            .interceptor(attempts.clone())
            .send()
            .await;

        let error = match sent {
            Ok(updated) => {
                spend::on_writing(updated.consumed_capacity());
                return Ok(Updated::Applied);
            }
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(lost)) => {
                Ok(Updated::Lost(lost.item().cloned()))
            }
            Some(error) if Verdict::of(error.code()) == Verdict::Lost => Ok(Updated::Lost(None)),
            _ => Err(attempts.judge(failed(error))),
        }
    }

    /// Writes all items or none; a condition that fails and a lost race both cancel all.
    pub(super) async fn transact(
        &self,
        items: Vec<TransactWriteItem>,
    ) -> Result<Transacted, StoreError> {
        let attempts = Attempts::default();
        let sent = self
            .client
            .transact_write_items()
            .set_transact_items(Some(items))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .customize()
            .config_override(slower())
            .interceptor(attempts.clone())
            .send()
            .await;
        let error = match sent {
            Ok(transacted) => {
                spend::on_writing(transacted.consumed_capacity());
                return Ok(Transacted::Applied);
            }
            Err(error) => error,
        };
        if let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
            error.as_service_error()
        {
            match verdict_of_reasons(cancelled.cancellation_reasons()) {
                Verdict::Lost => return Ok(Transacted::Cancelled),
                Verdict::Refused => {
                    return Err(attempts.judge(StoreError::Rejected(Box::new(error))));
                }
                Verdict::Throttled | Verdict::Unknown => {}
            }
        }
        Err(attempts.judge(failed(error)))
    }

    /// Writes a whole item, on this condition, if there is one.
    pub(super) fn put(&self, item: Item, condition: Option<&str>) -> TransactWriteItem {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item))
            .set_condition_expression(condition.map(str::to_owned));
        TransactWriteItem::builder().put(put.build().expect("table and item are set")).build()
    }
}

/// A transaction is given more time: in AWS it takes some 25 ms, and at worst over a second.
fn slower() -> Builder {
    let timeouts = TimeoutConfig::builder()
        .operation_attempt_timeout(Duration::from_millis(1_200))
        .operation_timeout(Duration::from_millis(3_000));
    aws_sdk_dynamodb::Config::builder().timeout_config(timeouts.build())
}
