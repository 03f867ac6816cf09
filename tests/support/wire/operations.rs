//! What the server does for each operation that `DynamoStore` calls, and how it answers: as the
//! pages of `GetItem`, `BatchGetItem`, `UpdateItem`, `TransactWriteItems` and `Query` in AWS's API
//! reference say. An operation or a member that is not known here panics.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::expression::{Condition, Expressions, Item, Step};
use crate::support::simulated::state::Apply;
use crate::support::simulated::table::{Attempt, Reason, Table, Transacted, Written};

/// How many items a page of a query has: few, so that there are several.
const PAGE: usize = 3;

/// An answer of the server's.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

/// The transactions that are under way or applied, by their tokens; each with what it asked for.
pub(crate) type Tokens = Arc<Mutex<HashMap<String, (Value, bool)>>>;

impl Answer {
    pub(crate) fn ok(body: Value) -> Self {
        Self { status: 200, body }
    }

    pub(crate) fn error(status: u16, code: &str) -> Self {
        let kind = format!("com.amazonaws.dynamodb.v20120810#{code}");
        Self { status, body: json!({ "__type": kind, "message": "as the weather has it" }) }
    }

    pub(crate) fn with(mut self, member: &str, value: Value) -> Self {
        self.body[member] = value;
        self
    }
}

/// Does what is asked for.
pub(crate) async fn serve(
    table: Table<Item>,
    tokens: Tokens,
    operation: String,
    request: Value,
) -> Answer {
    let consumed = consumed(&operation, &request);
    let answer = match operation.as_str() {
        "GetItem" => {
            assert_eq!(request["ConsistentRead"], true);
            let key = key_of(&request["Key"]);
            let found = found(table.serve_get(Arc::new(vec![key])).await).remove(0);
            Answer::ok(found.map_or(json!({}), |item| json!({ "Item": item })))
        }
        "BatchGetItem" => batch_get(table, &request).await,
        "UpdateItem" => update(table, &request).await,
        "TransactWriteItems" => transact(table, tokens, request).await,
        "Query" => query(&table, &request),
        other => panic!("{other} is not served here"),
    };
    match consumed {
        Some(consumed) if answer.status == 200 => answer.with("ConsumedCapacity", consumed),
        Some(_) | None => answer,
    }
}

/// What an answer says of the units, if it is asked: one here, whatever was read or written.
fn consumed(operation: &str, request: &Value) -> Option<Value> {
    (request["ReturnConsumedCapacity"] == "TOTAL").then(|| {
        let one = json!({ "TableName": "ticketboss", "CapacityUnits": 1.0 });
        let is_of_several = ["BatchGetItem", "TransactWriteItems"].contains(&operation);
        if is_of_several { json!([one]) } else { one }
    })
}

/// Some of the items, in any order; the keys of the rest are left unprocessed.
async fn batch_get(table: Table<Item>, request: &Value) -> Answer {
    let asked = request["RequestItems"].as_object().expect("items of tables");
    let (name, asked) = asked.iter().next().expect("one table");
    assert_eq!(asked["ConsistentRead"], true);
    let mut keys = asked["Keys"].as_array().expect("keys").clone();
    assert!(!keys.is_empty() && keys.len() <= 100, "{} keys", keys.len());
    let mut left = Vec::new();
    if table.dice.chance(table.weather.throttled) {
        let last = u64::try_from(keys.len()).expect("at most 100") - 1;
        let read = usize::try_from(table.dice.between(0, last)).expect("at most 100");
        let turn = usize::try_from(table.dice.between(0, last)).expect("at most 100");
        keys.rotate_left(turn);
        left = keys.split_off(read);
        table.state().count("keys left unprocessed");
    }
    let keys = Arc::new(keys.iter().map(key_of).collect());
    let mut items: Vec<_> =
        found(table.clone().serve_get(keys).await).into_iter().flatten().collect();
    if table.dice.chance(0.5) {
        items.reverse();
    }
    let mut unprocessed = json!({});
    if !left.is_empty() {
        unprocessed[name] = json!({ "Keys": left, "ConsistentRead": true });
    }
    let mut responses = json!({});
    responses[name] = json!(items);
    Answer::ok(json!({ "Responses": responses, "UnprocessedKeys": unprocessed }))
}

async fn update(table: Table<Item>, request: &Value) -> Answer {
    assert_eq!(request["ReturnValuesOnConditionCheckFailure"], "ALL_OLD");
    let (key, apply) = write_of("Update", request);
    match table.serve_write(key, apply).await {
        Attempt::Throttled => Answer::error(400, "ProvisionedThroughputExceededException"),
        Attempt::Answered(Written::Applied) => Answer::ok(json!({})),
        Attempt::Answered(Written::InTransaction) => {
            Answer::error(400, "TransactionConflictException")
        }
        Attempt::Answered(Written::ConditionFailed(found)) => {
            let failed = Answer::error(400, "ConditionalCheckFailedException");
            let found = found.filter(|item| !item.is_empty());
            found.map_or(failed.clone(), |item| failed.with("Item", json!(item)))
        }
    }
}

async fn transact(table: Table<Item>, tokens: Tokens, mut request: Value) -> Answer {
    let token = request["ClientRequestToken"].take();
    let token = token.as_str().expect("a token that the SDK makes").to_owned();
    let entries = || tokens.lock().expect("noting a token does not panic");
    match entries().get(&token) {
        Some((same, true)) if *same == request => return Answer::ok(json!({})),
        Some((same, false)) if *same == request => {
            table.state().count("TransactionInProgressException");
            return Answer::error(400, "TransactionInProgressException");
        }
        Some(_) => return Answer::error(400, "IdempotentParameterMismatchException"),
        None => {}
    }
    entries().insert(token.clone(), (request.clone(), false));
    let items = request["TransactItems"].as_array().expect("items");
    assert!(items.len() <= 100, "{} items", items.len());
    let writes = items.iter().map(|item| {
        let (kind, write) = item.as_object().and_then(|item| item.iter().next()).expect("a write");
        write_of(kind, write)
    });
    let writes: Vec<_> = writes.collect();
    let count = writes.len();
    let outcome = table.serve_transact(Arc::new(writes)).await;
    let reasons = match outcome {
        Attempt::Answered(Transacted::Applied) => {
            entries().insert(token, (request, true));
            return Answer::ok(json!({}));
        }
        Attempt::Answered(Transacted::Cancelled(reasons)) => reasons,
        Attempt::Throttled => {
            entries().remove(&token);
            return cancelled(&vec!["ThrottlingError"; count]);
        }
    };
    entries().remove(&token);
    let code = |reason: &Reason| match reason {
        Reason::None => "None",
        Reason::ConditionFailed => "ConditionalCheckFailed",
        Reason::InTransaction => "TransactionConflict",
    };
    cancelled(&reasons.iter().map(code).collect::<Vec<_>>())
}

/// The answer of a transaction that was cancelled for these reasons.
pub(crate) fn cancelled(codes: &[&str]) -> Answer {
    let reason = |code: &&str| match *code {
        "None" => json!({ "Code": code }),
        _ => json!({ "Code": code, "Message": "as the weather has it" }),
    };
    let reasons: Vec<_> = codes.iter().map(reason).collect();
    Answer::error(400, "TransactionCanceledException").with("CancellationReasons", json!(reasons))
}

fn query(table: &Table<Item>, request: &Value) -> Answer {
    let condition = request["KeyConditionExpression"].as_str().unwrap_or_default();
    let (partition, from) = condition.split_once(" AND ").unwrap_or((condition, ""));
    let value = |condition: &str, start: &str| {
        condition.strip_prefix(start).map(|name| &request["ExpressionAttributeValues"][name])
    };
    let partition = value(partition, "pk = ").expect("a query names its partition");
    let from = value(from, "sk >= ").and_then(|from| from["S"].as_str()).unwrap_or_default();
    let is_in = |item: &Item| {
        item.get("pk") == Some(partition)
            && item["sk"]["S"].as_str().is_some_and(|sort| sort >= from)
    };
    let mut found: Vec<_> = table.peek_all().into_values().filter(is_in).collect();
    found.sort_by_key(|item| item["sk"]["S"].to_string());
    if let Some(last) = request["ExclusiveStartKey"]["sk"]["S"].as_str() {
        found.retain(|item| item["sk"]["S"].as_str().is_some_and(|sort| sort > last));
    }
    let mut answer = json!({});
    let limit = request["Limit"].as_u64().and_then(|limit| limit.try_into().ok());
    let page = PAGE.min(limit.unwrap_or(PAGE));
    // A query that reaches its limit does not look whether there is more ("Paginating table query
    // results in DynamoDB").
    if found.len() > page || Some(found.len()) == limit {
        found.truncate(page);
        let last = &found[page - 1];
        answer["LastEvaluatedKey"] = json!({ "pk": last["pk"], "sk": last["sk"] });
    }
    if let Some(names) = request["ProjectionExpression"].as_str() {
        assert_eq!(names, "sk");
        found = found
            .iter()
            .map(|item| Item::from_iter([("sk".to_owned(), item["sk"].clone())]))
            .collect();
    }
    answer["Count"] = json!(found.len());
    answer["ScannedCount"] = json!(found.len());
    answer["Items"] = json!(found);
    Answer::ok(answer)
}

/// A write of one item: where, and what it makes of the item. An item without attributes is gone.
fn write_of(kind: &str, request: &Value) -> (String, Apply<Item>) {
    let text = |name: &str| request[name].as_str().unwrap_or_default().to_owned();
    let (condition, update) = (text("ConditionExpression"), text("UpdateExpression"));
    let expressions = Expressions::of(request);
    expressions.check_all_are_used(&[&condition, &update]);
    let condition = (!condition.is_empty()).then(|| expressions.condition(&condition));
    let steps = expressions.update(&update);
    let item = request["Item"].as_object().cloned();
    let key = item.as_ref().map_or_else(|| request["Key"].clone(), |item| json!(item));
    let made = match (kind, item) {
        ("Put", Some(item)) => Made::Put(item),
        ("Delete", None) => Made::Put(Item::new()),
        ("Update", None) if !steps.is_empty() => Made::Updated(
            Item::from_iter(["pk", "sk"].map(|name| (name.to_owned(), key[name].clone()))),
            steps,
        ),
        ("ConditionCheck", None) if condition.is_some() => Made::Same,
        other => panic!("{other:?} is no write"),
    };
    (key_of(&key), apply(condition, made))
}

/// What a write makes of an item.
enum Made {
    Put(Item),
    Updated(Item, Vec<Step>),
    Same,
}

fn apply(condition: Option<Condition>, made: Made) -> Apply<Item> {
    Arc::new(move |before| {
        let nothing = Item::new();
        let before = before.unwrap_or(&nothing);
        if condition.as_ref().is_some_and(|condition| !condition.holds(before)) {
            return None;
        }
        Some(match &made {
            Made::Put(item) => item.clone(),
            Made::Same => before.clone(),
            Made::Updated(key, steps) => {
                let mut after = if before.is_empty() { key.clone() } else { before.clone() };
                steps.iter().for_each(|step| step.apply(&mut after));
                after
            }
        })
    })
}

fn found(attempt: Attempt<Vec<Option<Item>>>) -> Vec<Option<Item>> {
    let Attempt::Answered(found) = attempt else { panic!("readings are not throttled here") };
    found.into_iter().map(|item| item.filter(|item| !item.is_empty())).collect()
}

/// Where an item with this key stands in the table.
fn key_of(key: &Value) -> String {
    let text = |name: &str| key[name]["S"].as_str().expect("a key of two texts").to_owned();
    format!("{}|{}", text("pk"), text("sk"))
}
