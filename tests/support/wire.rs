//! DynamoDB at the wire: it answers the JSON protocol to the real SDK under the real
//! `DynamoStore`, in this process and in virtual time. So the SDK's hidden retries, its timeouts
//! and its reading of errors are the real ones.
//!
//! Every choice comes from a seed, those of the SDK included: see [`world::create`].

mod expression;
mod operations;
pub(crate) mod sighting;
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
use shared::config::Aws;
use shared::dynamo::DynamoStore;
use tokio::time::sleep;

use self::expression::Item;
use self::operations::{Answer, Tokens, cancelled, serve};
use super::simulated::table::{Table, pass};
use super::simulated::weather::{Dice, Fate, Weather};

/// The SDK gives an attempt up after this, or later.
const ATTEMPT_TIMEOUT: Duration = Duration::from_millis(300);

/// Refusals for want of throughput. Nothing was done.
const THROTTLES: [&str; 3] =
    ["ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"];

/// Refusals that are our deployment's fault. Nothing was done.
const DENIALS: [&str; 9] = [
    "AccessDeniedException",
    "ExpiredTokenException",
    "IncompleteSignatureException",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
    "ResourceNotFoundException",
    "SerializationException",
    "UnrecognizedClientException",
    "ValidationException",
];

/// The table, and the wire to it.
#[derive(Clone, Debug)]
pub(crate) struct Wire {
    pub(crate) table: Table<Item>,
    tokens: Tokens,
    /// Every transaction is cancelled for this reason.
    cancels: Option<&'static str>,
}

/// How an attempt ends for its caller.
#[derive(Debug, Clone, Copy)]
enum End {
    /// There is no answer, ever.
    Silence,
    /// The connection breaks.
    Reset,
    /// The answer breaks off in the middle.
    Cut,
    /// What is answered is no JSON.
    Garbage,
    /// 500 `InternalServerError`.
    Internal,
    /// 503 `ServiceUnavailable`.
    Overloaded,
}

impl Wire {
    pub(crate) fn calm() -> Self {
        Self::of(Dice::new(0))
    }

    /// An empty table in calm weather.
    pub(crate) fn of(dice: Dice) -> Self {
        let table = Table::new(dice, Weather::calm(), bytes);
        Self { table, tokens: Arc::default(), cancels: None }
    }

    /// The same table under other weather.
    pub(crate) fn under(&self, weather: Weather) -> Self {
        Self { table: self.table.under(weather), ..self.clone() }
    }

    /// The same table, which cancels every transaction for this reason.
    pub(crate) fn cancelling(&self, reason: &'static str) -> Self {
        Self { cancels: Some(reason), ..self.clone() }
    }

    /// A store that reaches the table through this wire, with a client of its own.
    pub(crate) fn store(&self) -> DynamoStore {
        let connector = SharedHttpConnector::new(self.clone());
        let aws = Aws {
            region: "us-east-1".to_owned(),
            credentials: Credentials::new("key", "secret", None, None, "wire"),
            endpoint: None,
            roots_are_named: false,
        };
        DynamoStore::through(http_client_fn(move |_, _| connector.clone()), aws, "ticketboss")
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
        if is_transaction && let Some(reason) = self.cancels {
            return Ok(sent(&cancelled(&["None", reason])));
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
                Ok(sent(&self.refusal(fate == Fate::Denied, is_transaction)))
            }
            Fate::LostBefore => {
                let end = *dice.pick(&[End::Silence, End::Reset, End::Internal, End::Overloaded]);
                pass(way * 2).await;
                self.end(end, None).await
            }
            Fate::LostAfter => {
                let answered = table.spawn(way, served());
                if dice.chance(0.3) {
                    // At once, so that the next attempt may come while this one is served.
                    return self.end(End::Reset, None).await;
                }
                let end = *dice.pick(&[
                    End::Silence,
                    End::Reset,
                    End::Cut,
                    End::Garbage,
                    End::Internal,
                    End::Internal,
                    End::Internal,
                    End::Overloaded,
                ]);
                let answer = answered.await.expect("serving does not panic");
                pass(way).await;
                self.end(end, Some(&answer)).await
            }
            Fate::Late => {
                let late = Duration::from_millis(dice.between(1, 3_000));
                drop(table.spawn(ATTEMPT_TIMEOUT + late, served()));
                self.end(*dice.pick(&[End::Silence, End::Reset]), None).await
            }
        }
    }

    /// The answer to a call of which nothing is done: it is denied, or too much.
    fn refusal(&self, is_denied: bool, is_transaction: bool) -> Answer {
        let dice = &self.table.dice;
        let code = *dice.pick(if is_denied { &DENIALS[..] } else { &THROTTLES });
        self.table.state().count(code);
        if is_transaction && dice.chance(0.5) {
            let reason = if is_denied { "ValidationError" } else { "ThrottlingError" };
            return cancelled(&["None", reason]);
        }
        Answer::error(400, code)
    }

    async fn end(&self, end: End, answer: Option<&Answer>) -> Result<HttpResponse, ConnectorError> {
        let whole = answer.map_or_else(String::new, |answer| answer.body.to_string());
        let (status, body) = match end {
            End::Silence => {
                self.table.state().count("never answered");
                sleep(Duration::from_secs(60)).await;
                return Err(ConnectorError::timeout("never answered".into()));
            }
            End::Reset => {
                self.table.state().count("connection reset");
                return Err(ConnectorError::io("connection reset".into()));
            }
            End::Cut => {
                self.table.state().count("answer cut");
                (200, whole.as_bytes()[..whole.len() / 2].to_vec())
            }
            End::Garbage => {
                self.table.state().count("answer is no JSON");
                (200, b"<html>".to_vec())
            }
            End::Internal => {
                self.table.state().count("InternalServerError");
                return Ok(sent(&Answer::error(500, "InternalServerError")));
            }
            End::Overloaded => {
                self.table.state().count("ServiceUnavailable");
                return Ok(sent(&Answer::error(503, "ServiceUnavailable")));
            }
        };
        Ok(response(status, body))
    }
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

fn sent(answer: &Answer) -> HttpResponse {
    response(answer.status, answer.body.to_string().into_bytes())
}

fn response(status: u16, body: Vec<u8>) -> HttpResponse {
    let status = status.try_into().expect("a status");
    let mut response = HttpResponse::new(status, body.into());
    response.headers_mut().insert("content-type", "application/x-amz-json-1.0");
    response
}

/// About what an item weighs: its JSON says more than is stored.
fn bytes(item: &Item) -> usize {
    serde_json::to_string(item).map_or(0, |text| text.len() / 2)
}
