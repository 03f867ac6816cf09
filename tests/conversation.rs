//! One conversation, held three times: all that the store asks is asked at the wire, and then, word
//! for word, of a real engine: the embedded one, or AWS's own DynamoDB Local where the
//! environment names it. Where their answers differ, AWS's documents decide, and the difference is
//! written down here.

mod asked;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use self::asked::ask_for_all;
use crate::support::own_table::OwnTable;
use crate::support::simulation::life::runtime;
use crate::support::wire::recorder::{Exchange, Recorder};
use crate::support::wire::{Wire, store_through};
use crate::support::{database, environment};

/// In which members the engines' answers differ from the wire's, `+` at the engine and `-` at the
/// wire; and whether AWS's own DynamoDB Local alone has it so. No difference means anything to the
/// store: "Error handling with DynamoDB" shows `message`, and the SDK reads both.
const KNOWN_APART: [(&str, bool); 4] = [
    ("TransactWriteItems +Message", false),
    ("TransactWriteItems -message", false),
    ("UpdateItem +Message", true),
    ("UpdateItem -message", true),
];

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
