//! DynamoDB at the wire: it answers the JSON protocol to the real SDK under the real
//! `DynamoStore`, in this process and in virtual time. So the SDK's hidden retries, its timeouts
//! and its reading of errors are the real ones.
//!
//! Every choice comes from a seed, those of the SDK included: see [`world::create`].

mod expression;
pub(crate) mod operations;
pub(crate) mod recorder;
pub(crate) mod sighting;
pub(crate) mod trouble;
pub(crate) mod world;

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::config::Credentials;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use serde_json::Value;
use shared::config::{Aws, RoleCredentials};
use shared::dynamo::DynamoStore;

use self::expression::Item;
use self::operations::{Answer, Tokens, serve};
use self::trouble::{End, meet, refusal, sent};
use super::simulated::table::{Table, pass};
use super::simulated::weather::{Dice, Fate, Weather};

/// The SDK gives an attempt up after this, or later.
const ATTEMPT_TIMEOUT: Duration = Duration::from_millis(300);

/// The table, and the wire to it.
#[derive(Clone, Debug)]
pub(crate) struct Wire {
    pub(crate) table: Table<Item>,
    tokens: Tokens,
    /// What every write is answered with, and not done.
    refuses: Option<Answer>,
}

impl Wire {
    pub(crate) fn calm() -> Self {
        Self::of(Dice::new(0))
    }

    /// An empty table in calm weather.
    pub(crate) fn of(dice: Dice) -> Self {
        let table = Table::new(dice, Weather::calm(), bytes);
        Self { table, tokens: Arc::default(), refuses: None }
    }

    /// The same table under other weather.
    pub(crate) fn under(&self, weather: Weather) -> Self {
        Self { table: self.table.under(weather), ..self.clone() }
    }

    /// The same table, which answers every write with this and does not do it.
    pub(crate) fn refusing(&self, answer: Answer) -> Self {
        Self { refuses: Some(answer), ..self.clone() }
    }

    /// A store that reaches the table through this wire, with a client of its own.
    pub(crate) fn store(&self) -> DynamoStore {
        store_through(self.clone())
    }

    /// One attempt of the SDK, from its sending to whatever it meets.
    async fn attempt(
        self,
        operation: String,
        request: Value,
    ) -> Result<HttpResponse, ConnectorError> {
        let (table, dice) = (&self.table, &self.table.dice);
        let latency = match operation.as_str() {
            "UpdateItem" => table.weather.update,
            "TransactWriteItems" => table.weather.transact,
            _ => table.weather.get,
        };
        table.state().counts.calls += 1;
        let (fate, way) = (table.weather.fate(dice), latency.draw(dice) / 2);
        let is_transaction = operation == "TransactWriteItems";
        let is_write = is_transaction || operation == "UpdateItem";
        if is_write && let Some(answer) = &self.refuses {
            return Ok(sent(answer));
        }
        let served = || {
            let (operation, request) = (operation.clone(), request.clone());
            serve(table.clone(), Arc::clone(&self.tokens), operation, request)
        };
        if fate != Fate::Served {
            table.state().count(fate.name());
        }
        match fate {
            Fate::Served | Fate::Slow => {
                let slow = if fate == Fate::Slow { dice.between(50, 250) } else { 0 };
                let arrival = way + Duration::from_millis(slow);
                if dice.chance(table.weather.lost_after) {
                    table.state().count("delivered twice");
                    drop(table.spawn(arrival, served()));
                }
                let answered = table.spawn(arrival, served()).await;
                pass(way).await;
                Ok(sent(&answered.expect("serving does not panic")))
            }
            Fate::Throttled | Fate::Denied => {
                pass(way * 2).await;
                Ok(refusal(table, fate == Fate::Denied, is_transaction))
            }
            Fate::LostBefore => {
                let end = *dice.pick(&[End::Silence, End::Reset, End::Doubt, End::Doubt]);
                pass(way * 2).await;
                meet(end, table, None).await
            }
            Fate::LostAfter => {
                let answered = table.spawn(way, served());
                if dice.chance(0.3) {
                    // At once, so that the next attempt may come while this one is served.
                    return meet(End::Reset, table, None).await;
                }
                let end = *dice.pick(&[
                    End::Silence,
                    End::Reset,
                    End::Cut,
                    End::Altered,
                    End::Garbage,
                    End::Doubt,
                    End::Doubt,
                    End::Doubt,
                ]);
                let answer = answered.await.expect("serving does not panic");
                pass(way).await;
                meet(end, table, Some(&answer)).await
            }
            Fate::Late => {
                let late = Duration::from_millis(dice.between(1, 3_000));
                drop(table.spawn(ATTEMPT_TIMEOUT + late, served()));
                meet(*dice.pick(&[End::Silence, End::Reset]), table, None).await
            }
        }
    }
}

/// A store whose requests go through this, with a client of its own.
pub(crate) fn store_through(connector: impl HttpConnector + 'static) -> DynamoStore {
    let connector = SharedHttpConnector::new(connector);
    let aws = Aws {
        region: "us-east-1".to_owned(),
        credentials: RoleCredentials::Fixed(Credentials::new("key", "secret", None, None, "wire")),
        endpoint: None,
        roots_are_named: false,
    };
    DynamoStore::through(http_client_fn(move |_, _| connector.clone()), aws, "ticketboss")
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").expect("the operation");
        let operation = target.rsplit('.').next().expect("a target has a dot").to_owned();
        let body = request.body().bytes().expect("a body in memory");
        let body = serde_json::from_slice(body).expect("the SDK sends JSON");
        HttpConnectorFuture::new(self.clone().attempt(operation, body))
    }
}

/// About what an item weighs: its JSON says more than is stored.
fn bytes(item: &Item) -> usize {
    serde_json::to_string(item).map_or(0, |text| text.len() / 2)
}
