//! What is asked of the stack, and of its DynamoDB directly.

use serde_json::{Value, json};
use shared::config::DEFAULT_EVENT_ID;
use ticketboss::local::aws;

use crate::caller::{Caller, request};
use crate::stack::{ORGANISER_KEY, PARTNER_KEY, Stack};

/// Those who ask DynamoDB directly write in turn into so many items, as many as a large event has
/// pools: so these grow as those do.
const ITEMS: usize = 96;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Asked {
    RawGet,
    RawUpdate,
    Health,
    Show,
    Summarize,
    Reserve,
}

impl Asked {
    pub(crate) const ALL: [Self; 6] =
        [Self::RawUpdate, Self::RawGet, Self::Health, Self::Show, Self::Summarize, Self::Reserve];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::RawGet => "GetItem, directly",
            Self::RawUpdate => "UpdateItem, directly",
            Self::Health => "GET /healthcheck",
            Self::Show => "GET /reservations/{reservationId}",
            Self::Summarize => "GET /reservations",
            Self::Reserve => "POST /events/{eventId}/reservations",
        }
    }

    /// The calls to DynamoDB that a request is made of.
    pub(crate) fn calls(self) -> &'static str {
        match self {
            Self::RawGet | Self::Show => "GetItem",
            Self::RawUpdate => "UpdateItem",
            Self::Health => "none",
            Self::Summarize => "BatchGetItem of 10",
            Self::Reserve => "GetItem, UpdateItem",
        }
    }

    pub(crate) fn is_raw(self) -> bool {
        matches!(self, Self::RawGet | Self::RawUpdate)
    }

    /// The status of every answer.
    pub(crate) fn status(self) -> u16 {
        if self == Self::Reserve { 201 } else { 200 }
    }

    /// The request number `turn` of this caller, counted from 0.
    pub(crate) fn request(self, caller: usize, turn: u64, sale: &Sale) -> String {
        match self {
            Self::RawGet => dynamodb("GetItem", &get()),
            Self::RawUpdate => dynamodb("UpdateItem", &update(caller, turn, sale.items)),
            Self::Health => request("GET", "/healthcheck", "", ""),
            Self::Show => by_partner("GET", &format!("/reservations/{}", sale.reservation), ""),
            Self::Summarize => by_partner("GET", "/reservations", ""),
            Self::Reserve => by_partner("POST", &sale.orders, r#"{"seats":1}"#),
        }
    }
}

/// What is on sale: a large event, and a reservation of the small default one.
#[derive(Debug, Clone)]
pub(crate) struct Sale {
    orders: String,
    reservation: String,
    /// Of those who ask DynamoDB directly, each.
    items: u64,
}

impl Sale {
    /// Opens a large event, and has a reservation made of the default one.
    pub(crate) async fn open(stack: &Stack, callers: usize) -> Self {
        let mut caller = Caller::connect(&stack.address).await;
        let event = r#"{"eventId":"large","name":"Large","totalSeats":100000}"#;
        let create = request("POST", "/events", &bearer(ORGANISER_KEY), event);
        let (status, body) = caller.ask(&create).await.expect("an answer");
        assert_eq!(status, 201, "{body}");
        let order = by_partner("POST", "/reservations", r#"{"seats":1}"#);
        let (_, body) = caller.ask(&order).await.expect("an answer");
        let sold: Value = serde_json::from_str(&body).expect("it is JSON");
        let reservation = sold["reservationId"].as_str().expect("it is sold").to_owned();

        let mut directly = Caller::connect(&stack.dynamodb).await;
        let items = u64::try_from(ITEMS / callers).expect("few");
        for (caller, item) in (0..callers).flat_map(|one| (0..items).map(move |item| (one, item))) {
            let create = dynamodb("UpdateItem", &first_update(caller, item));
            let (status, body) = directly.ask(&create).await.expect("an answer");
            assert_eq!(status, 200, "{body}");
        }
        Self { orders: "/events/large/reservations".to_owned(), reservation, items }
    }
}

fn by_partner(method: &str, path: &str, body: &str) -> String {
    request(method, path, &bearer(PARTNER_KEY), body)
}

fn bearer(key: &str) -> String {
    format!("authorization: Bearer {key}\r\n")
}

fn dynamodb(action: &str, body: &Value) -> String {
    let headers = format!(
        "content-type: application/x-amz-json-1.0\r\nx-amz-target: DynamoDB_20120810.{action}\r\n\
         x-amz-date: 20260101T000000Z\r\nauthorization: AWS4-HMAC-SHA256 Credential=local/20260101/\
         us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=none\r\n"
    );
    request("POST", "/", &headers, &body.to_string())
}

/// The reading of the pool that the default event begins with.
fn get() -> Value {
    let pool = format!("event#{DEFAULT_EVENT_ID}#0");
    let key = json!({"pk": {"S": pool}, "sk": {"S": "pool"}});
    json!({"TableName": aws::TABLE, "Key": key, "ConsistentRead": true})
}

fn key(caller: usize, item: u64) -> Value {
    json!({"pk": {"S": format!("raw#{caller}#{item}")}, "sk": {"S": "pool"}})
}

/// The write that a reservation makes, into an item that stands as a pool does.
fn update(caller: usize, turn: u64, items: u64) -> Value {
    let version = turn / items;
    json!({
        "TableName": aws::TABLE,
        "Key": key(caller, turn % items),
        "ConditionExpression": "#v = :expected",
        "UpdateExpression":
            "SET #v = :next, #c = :capacity, #a = :available, #r.#id = :reservation",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        "ExpressionAttributeNames": {
            "#v": "version", "#c": "capacity", "#a": "available", "#r": "reservations",
            "#id": format!("{turn:022}"),
        },
        "ExpressionAttributeValues": {
            ":expected": {"N": version.to_string()}, ":next": {"N": (version + 1).to_string()},
            ":capacity": {"N": "1042"}, ":available": {"N": "1042"},
            ":reservation": {"M": {
                "p": {"S": "abc-corp"}, "s": {"N": "1"}, "c": {"N": "1764000000000"},
                "v": {"N": version.to_string()},
            }},
        },
    })
}

fn first_update(caller: usize, item: u64) -> Value {
    json!({
        "TableName": aws::TABLE,
        "Key": key(caller, item),
        "UpdateExpression": "SET #v = :next, #r = :none",
        "ExpressionAttributeNames": {"#v": "version", "#r": "reservations"},
        "ExpressionAttributeValues": {":next": {"N": "0"}, ":none": {"M": {}}},
    })
}
