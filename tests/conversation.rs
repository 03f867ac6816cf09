//! One conversation, held three times: all that the store asks is asked at the wire, and then, word
//! for word, of a real engine: the embedded one, or AWS's own DynamoDB Local where the
//! environment names it. Where their answers differ, AWS's documents decide, and the difference is
//! written down here.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use shared::access::{AccessToken, Caller, Role};
use shared::board::Census;
use shared::dynamo::{AccessError, DynamoStore};
use shared::event::PoolIndex;
use shared::mark::RequestMark;
use shared::reservation::ReservationId;
use shared::store::{Books as _, Commit, Store as _};
use shared::view::View;

use crate::store_contract::{changes, sale_in};
use crate::support::desk::create;
use crate::support::own_table::OwnTable;
use crate::support::simulation::life::runtime;
use crate::support::wire::recorder::{Exchange, Recorder};
use crate::support::wire::{Wire, store_through};
use crate::support::{database, environment, nouns};

/// In which members the engines' answers differ from the wire's, `+` at the engine and `-` at the
/// wire; and whether AWS's own DynamoDB Local alone has it so. No difference means anything to the
/// store: "Error handling with DynamoDB" shows `message`, and the SDK reads both.
const KNOWN_APART: [(&str, bool); 4] = [
    ("TransactWriteItems +Message", false),
    ("TransactWriteItems -message", false),
    ("UpdateItem +Message", true),
    ("UpdateItem -message", true),
];

/// Asks for all that sellers, organisers, operators and the audit ever ask for.
async fn ask_for_all(store: &DynamoStore) {
    create_events(store).await;
    sell_and_cancel(store).await;
    gather(store).await;
    keep_the_board(store).await;
    add_and_revoke_keys(store).await;
    let events = store.list_events().await.expect("it is calm");
    let ids: Vec<_> = events.iter().map(|event| event.id.as_str()).collect();
    assert_eq!(ids, ["large", "small"]);
    let small = "small".parse().expect("an id");
    for (from, count, want) in [(None, 9, vec!["large", "small"]), (Some(&small), 1, vec!["small"])]
    {
        let events = store.load_directory(from, count).await.expect("it is calm");
        let ids: Vec<_> = events.iter().map(|event| event.id.as_str()).collect();
        assert_eq!(ids, want);
    }
}

async fn create_events(store: &DynamoStore) {
    let small = nouns::event("small", 120);
    assert_eq!(store.load_event(&small.id).await.unwrap(), None);
    store.load_pool(&small, PoolIndex::new(0)).await.expect_err("it is missing");
    assert!(!create(store, &small).await.unwrap(), "it is new");
    assert!(create(store, &small).await.unwrap(), "its retry finds it");
    let mut other = small.clone();
    other.created_by = RequestMark::new(1);
    create(store, &other).await.expect_err("it exists");
    let large = nouns::event("large", 10_000);
    assert!(!create(store, &large).await.unwrap(), "it is new");
    assert_eq!(store.load_pools(&large).await.unwrap().len(), 200);
    assert_eq!(store.inspect_pools(&small).await.unwrap().len(), 3);
}

async fn sell_and_cancel(store: &DynamoStore) {
    let event = nouns::event("small", 120);
    let (now, by) = (nouns::start_of_time(), RequestMark::new(u64::MAX));
    let holder = Caller { id: nouns::partner("abc-corp"), role: Role::Partner };
    let mut pool = store.load_pool(&event, PoolIndex::new(0)).await.unwrap();
    let stale = sale_in(&pool, 2, 0);
    for number in 1..=3 {
        let mut order = nouns::order("abc-corp", 10);
        order.reference = Some("Zoë's \"🎟\" \\ #1".parse().expect("a reference"));
        let id = ReservationId::in_pool(pool.index(), [number; 32]);
        let sold = changes(pool.reserve(&id, &order, now));
        assert_eq!(store.commit(&event, &sold).await.unwrap(), Commit::Applied);
        let cancelled = changes(sold[0].after().cancel(&id, &holder, by, now));
        assert_eq!(store.commit(&event, &cancelled).await.unwrap(), Commit::Applied);
        pool = cancelled[0].after().clone();
    }
    assert_eq!(store.commit(&event, &stale).await.unwrap(), Commit::Conflict(Some(pool.clone())));
    let nowhere = nouns::event("nowhere", 120);
    assert_eq!(store.commit(&nowhere, &stale).await.unwrap(), Commit::Conflict(None));

    let next_week = now + jiff::SignedDuration::from_hours(7 * 24);
    let id = ReservationId::in_pool(pool.index(), [9; 32]);
    let dropping = changes(pool.reserve(&id, &nouns::order("abc-corp", 1), next_week));
    assert_eq!(dropping[0].after().reservations().count(), 1);
    assert_eq!(store.commit(&event, &dropping).await.unwrap(), Commit::Applied);
}

async fn gather(store: &DynamoStore) {
    let event = nouns::event("small", 120);
    let pools = store.load_pools(&event).await.unwrap();
    for number in 10..13 {
        let pool = store.load_pool(&event, PoolIndex::new(0)).await.unwrap();
        let sold = store.commit(&event, &sale_in(&pool, 10, number)).await.unwrap();
        assert_eq!(sold, Commit::Applied);
    }
    let gather = |pools| {
        let view = View::of_all(pools, PoolIndex::new(0)).expect("pool 0 is there");
        let id = ReservationId::in_pool(PoolIndex::new(0), [20; 32]);
        let order = nouns::order("abc-corp", 10);
        changes(view.reserve(&id, &order, nouns::start_of_time()))
    };
    let fresh = gather(store.load_pools(&event).await.unwrap());
    assert_eq!(fresh.len(), 2, "one pool receives and one gives");
    assert_eq!(store.commit(&event, &fresh).await.unwrap(), Commit::Applied);
    assert_eq!(store.commit(&event, &fresh).await.unwrap(), Commit::Conflict(None));
    assert_ne!(store.load_pools(&event).await.unwrap(), pools);
}

async fn keep_the_board(store: &DynamoStore) {
    let event = nouns::event("small", 120);
    let new = store.load_board(&event).await.unwrap();
    let begun = new.with_next_round();
    assert_eq!(store.post(&event, &new, &begun).await.unwrap(), Commit::Applied);
    assert_eq!(store.post(&event, &new, &begun).await.unwrap(), Commit::Conflict(None));
    let census = Census::of(&store.load_pools(&event).await.unwrap(), nouns::start_of_time());
    let ended = begun.clone().with_census(census);
    assert_eq!(store.post(&event, &begun, &ended).await.unwrap(), Commit::Applied);
    assert_eq!(store.post(&event, &begun, &ended).await.unwrap(), Commit::Conflict(None));
    assert_eq!(store.load_board(&event).await.unwrap(), ended);
}

async fn add_and_revoke_keys(store: &DynamoStore) {
    let holder = Caller { id: nouns::partner("abc-corp"), role: Role::Partner };
    let organiser = Caller { role: Role::Organiser, ..holder.clone() };
    let [one, two] = [1, 2].map(|number| AccessToken::of_random([number; 32]));
    let now = nouns::start_of_time();
    store.add_partner(&holder, &one, now).await.unwrap();
    store.add_partner(&holder, &one, now).await.unwrap();
    store.add_partner(&organiser, &two, now).await.expect_err("it has another role");
    let other = Caller { id: nouns::partner("other"), ..holder.clone() };
    let taken = store.add_partner(&other, &one, now).await;
    assert!(matches!(taken, Err(AccessError::TokenTaken)), "{taken:?}");
    store.add_partner(&holder, &two, now).await.unwrap();
    assert_eq!(store.find_caller(&one).await.unwrap(), Some(holder.clone()));
    assert_eq!(store.list_partners().await.unwrap()[0].keys.len(), 2);
    store.revoke_partner(&holder.id, Some(&one.prefix())).await.unwrap();
    assert_eq!(store.find_caller(&one).await.unwrap(), None);
    store.revoke_partner(&holder.id, None).await.unwrap();
    store.revoke_partner(&holder.id, None).await.unwrap();
}

/// All that was said when all was asked for; and a transaction sent again, with the token of the
/// first, as it was and with another item.
async fn recorded() -> Vec<Exchange> {
    let recorder = Recorder::on(Wire::calm());
    ask_for_all(&store_through(recorder.clone())).await;
    let mut transactions =
        recorder.said().into_iter().filter(|said| said.operation == "TransactWriteItems");
    let mut again = transactions.next_back().expect("a transaction");
    recorder.say(&again).await;
    again.request["TransactItems"][0]["Delete"]["Key"]["pk"]["S"] = json!("key#other");
    recorder.say(&again).await;
    recorder.said()
}

/// How the engine answers to this.
async fn ask(http: &reqwest::Client, operation: &str, request: String) -> (u16, Value) {
    let answered = http
        .post(database::endpoint())
        .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-date", "20261123T101530Z")
        .header(
            "authorization",
            "AWS4-HMAC-SHA256 Credential=local/20261123/us-east-1/dynamodb/aws4_request, \
             SignedHeaders=host, Signature=0",
        )
        .body(request)
        .send()
        .await
        .expect("the engine answers");
    let status = answered.status().as_u16();
    let body = answered.bytes().await.expect("a body");
    (status, serde_json::from_slice(&body).expect("it answers in JSON"))
}

/// What an answer means to the store: no message, and no order where there is none.
fn meaning(status: u16, answer: &Value) -> Value {
    let code = answer["__type"].as_str().and_then(|kind| kind.rsplit('#').next());
    let sorted = |items: &Value| {
        let mut items = items.as_array().cloned().unwrap_or_default();
        items.sort_by_key(Value::to_string);
        items
    };
    let batch = answer["Responses"].as_object().and_then(|tables| tables.values().next());
    let reasons = answer["CancellationReasons"].as_array().cloned().unwrap_or_default();
    let reasons: Vec<_> = reasons.iter().map(|reason| reason["Code"].clone()).collect();
    json!({
        "status": status,
        "code": code,
        "item": answer["Item"],
        "items": answer["Items"],
        "batch": batch.map(sorted),
        "unprocessed": answer["UnprocessedKeys"].as_object().map_or(0, serde_json::Map::len),
        "more": answer["LastEvaluatedKey"].is_object(),
        "reasons": reasons,
    })
}

/// The members that one answer has and the other has not: `+` at the engine, `-` at the wire.
fn members_apart(operation: &str, wire: &Value, engine: &Value) -> BTreeSet<String> {
    let names = |answer: &Value| -> BTreeSet<String> {
        let reasons = answer["CancellationReasons"].as_array().into_iter().flatten();
        let reasons = reasons.filter_map(Value::as_object).flat_map(|reason| reason.keys());
        let reasons = reasons.map(|name| format!("CancellationReasons.{name}"));
        answer.as_object().expect("an object").keys().cloned().chain(reasons).collect()
    };
    let (wire, engine) = (names(wire), names(engine));
    let more = engine.difference(&wire).map(|name| format!("{operation} +{name}"));
    more.chain(wire.difference(&engine).map(|name| format!("{operation} -{name}"))).collect()
}

#[test]
fn a_real_engine_says_what_the_wire_says() {
    let said = runtime().block_on(recorded());
    let apart = tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
        let (table, http) = (OwnTable::create().await, reqwest::Client::new());
        let (own, name) = (format!("\"{}\"", table.name), "\"ticketboss\"");
        let mut apart = BTreeSet::new();
        for Exchange { operation, request, status, answer } in said {
            let request = request.to_string().replace(name, &own);
            let (got_status, got) = ask(&http, &operation, request.clone()).await;
            let (wire, engine) = (meaning(status, &answer), meaning(got_status, &got));
            assert_eq!(engine, wire, "{operation} {request}");
            apart.append(&mut members_apart(&operation, &answer, &got));
        }
        apart
    });
    let is_aws_own = environment::other_dynamodb().is_some();
    let known = KNOWN_APART.iter().filter(|(_, of_aws_own_alone)| is_aws_own || !of_aws_own_alone);
    assert_eq!(apart, known.map(|(member, _)| (*member).to_owned()).collect());
}

/// What the store never asks, and the wire does not play: the codes are rows of the verdicts.
#[tokio::test]
async fn a_real_engine_refuses_what_cannot_be_done_by_the_codes_that_we_know() {
    let (table, http) = (OwnTable::create().await, reqwest::Client::new());
    let key = json!({ "pk": { "S": "a" }, "sk": { "S": "b" } });
    let keys: Vec<_> = (0..101)
        .map(|number| json!({ "pk": { "S": number.to_string() }, "sk": { "S": "b" } }))
        .collect();
    let put = |key: &Value| json!({ "Put": { "TableName": table.name, "Item": key } });
    let mut batch = json!({ "RequestItems": {} });
    batch["RequestItems"][&table.name] = json!({ "Keys": keys });
    let large = "x".repeat(400 * 1024);
    let cases = [
        ("GetItem", json!({ "TableName": "nowhere", "Key": key }), "ResourceNotFoundException"),
        (
            "GetItem",
            json!({ "TableName": table.name, "Key": { "pk": { "S": "a" } } }),
            "ValidationException",
        ),
        ("GetItem", json!({ "TableName": table.name, "Key": "a" }), "SerializationException"),
        ("SellSeats", json!({}), "UnknownOperationException"),
        ("BatchGetItem", batch, "ValidationException"),
        (
            "TransactWriteItems",
            json!({ "TransactItems": keys.iter().map(put).collect::<Vec<_>>() }),
            "ValidationException",
        ),
        (
            "TransactWriteItems",
            json!({ "TransactItems": [put(&key), put(&key)] }),
            "ValidationException",
        ),
        (
            "UpdateItem",
            json!({
                "TableName": table.name, "Key": key, "UpdateExpression": "SET #a = :a",
                "ExpressionAttributeNames": { "#a": "a" },
                "ExpressionAttributeValues": { ":a": { "S": large } },
            }),
            "ValidationException",
        ),
    ];
    for (operation, request, want) in cases {
        let (status, answer) = ask(&http, operation, request.to_string()).await;
        let code = meaning(status, &answer)["code"].clone();
        // AWS's own DynamoDB Local does not say of a request that it cannot read it.
        let is_aws_own = environment::other_dynamodb().is_some();
        let want = match want {
            "SerializationException" if is_aws_own => (500, "InternalFailure"),
            code => (400, code),
        };
        assert_eq!((status, code), (want.0, json!(want.1)), "{operation} {answer}");
    }
}
