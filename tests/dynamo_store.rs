//! What only a real table can do to the production store: hold nonsense, be missing, be silent.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use shared::dynamo::DynamoStore;
use shared::event::PoolIndex;
use shared::pool::Pool;
use shared::problem::Problem;
use shared::store::{Commit, Store, StoreError};
use ticketboss::local::aws;

use crate::support::database::{number, text};
use crate::support::desk::{create, desk, incoming, open};
use crate::support::sale::unique;
use crate::support::{database, nouns};

/// One reservation, as earlier versions stored it, with one attribute set to this.
pub(crate) fn reservations(id: &str, attribute: &str, value: AttributeValue) -> AttributeValue {
    let entry = [
        ("p", text("abc-corp")),
        ("s", number("3")),
        ("c", number("1763900000000")),
        ("v", number("1")),
        (attribute, value),
    ];
    let entry = entry.map(|(name, value)| (name.to_owned(), value)).into();
    AttributeValue::M([(id.to_owned(), AttributeValue::M(entry))].into())
}

async fn set(partition: &str, sort: &str, attribute: &str, value: AttributeValue) {
    let updated = database::client()
        .update_item()
        .table_name(aws::TABLE)
        .key("pk", text(partition))
        .key("sk", text(sort))
        .update_expression("SET #attribute = :value")
        .expression_attribute_names("#attribute", attribute)
        .expression_attribute_values(":value", value)
        .send();
    updated.await.unwrap();
}

#[tokio::test]
async fn a_pool_that_is_not_what_we_write_is_corrupt_and_never_sold_from() {
    let id = "AAAAAAAAgACAAAAAAAAAAA"; // version 8, pool 0
    let cases = [
        ("version", text("1")),
        ("version", number("-1")),
        ("version", number("1.5")),
        ("capacity", number("11")),
        ("capacity", number("4294967296")),
        ("available", number("10")),
        ("reservations", text("")),
        ("reservations", AttributeValue::B(Blob::new([]))),
        ("reservations", AttributeValue::B(Blob::new([0, 0, 0, 0]))),
        ("reservations", AttributeValue::B(Blob::new([0, 0, 1]))),
        ("reservations", AttributeValue::M([("x".to_owned(), text(""))].into())),
        ("reservations", reservations(id, "s", number("3"))),
        ("reservations", reservations(id, "s", number("11"))),
        ("reservations", reservations(id, "s", number("0"))),
        ("reservations", reservations(id, "p", text("abc corp"))),
        ("reservations", reservations(id, "c", number("99999999999999999"))),
        ("reservations", reservations(id, "v", text("1"))),
        ("reservations", reservations(id, "r", text(""))),
        ("reservations", reservations(id, "x", number("1763900000000"))),
        ("reservations", reservations("AAAAAAAAQACAAAAAAAAAAA", "s", number("3"))),
        ("reservations", reservations("AAAA", "s", number("3"))),
    ];
    let desk = desk(database::store());
    for (attribute, value) in cases {
        let event = open(&desk.store, &unique("corrupt"), 10).await;
        let pool = Pool::open_all(&event).remove(0);
        let order = nouns::order("abc-corp", 1);
        let sold = pool.reserve(&crate::store_contract::id_of(&event, 1), &order, desk.now());
        let late = crate::store_contract::changes(sold);
        let first = desk.store.commit(&event, &late).await.unwrap();
        assert_eq!(first, Commit::Applied);
        set(&format!("event#{}#0", event.id), "pool", attribute, value.clone()).await;

        let loaded = desk.store.load_pool(&event, PoolIndex::new(0)).await;
        assert!(matches!(loaded, Err(StoreError::Corrupt { .. })), "{attribute} {value:?}");
        let loaded = desk.store.load_pools(&event).await;
        assert!(matches!(loaded, Err(StoreError::Corrupt { .. })), "{attribute} {value:?}");
        let path = format!("/events/{}/reservations", event.id);
        let order = incoming("POST", &path).body(&serde_json::json!({"seats": 1}));
        assert_eq!(order.at(&desk).await.said(), "500 internal", "{attribute} {value:?}");
        if attribute != "version" {
            let lost = desk.store.commit(&event, &late).await;
            assert!(matches!(lost, Err(StoreError::Corrupt { .. })), "{attribute} {value:?}");
        }
    }
}

#[tokio::test]
async fn an_event_that_is_not_what_we_write_is_corrupt() {
    let cases = [
        ("name", text("")),
        ("name", number("1")),
        ("total_seats", number("0")),
        ("total_seats", number("100001")),
        ("pools", number("2001")),
        ("pools", number("0")),
        ("created_at", text("now")),
        ("created_by", number("-1")),
    ];
    let store = database::store();
    for (attribute, value) in cases {
        let event = open(&store, &unique("corrupt"), 10).await;
        set(&format!("event#{}", event.id), "event", attribute, value.clone()).await;
        let loaded = store.load_event(&event.id).await;
        assert!(matches!(loaded, Err(StoreError::Corrupt { .. })), "{attribute} {value:?}");
    }
}

#[tokio::test]
async fn a_table_that_is_not_there_is_our_fault_and_no_retry_helps() {
    let store = DynamoStore::with_client(database::client(), "nothing-here");
    let event = nouns::event("any", 10);
    let loaded = store.load_event(&event.id).await;
    assert!(matches!(loaded, Err(StoreError::Rejected(_))), "{loaded:?}");
    let created = create(&store, &event).await;
    assert!(matches!(created, Err(Problem::Store(StoreError::Rejected(_)))), "{created:?}");
    let answer = incoming("GET", "/reservations").at(&desk(store)).await;
    assert_eq!(answer.said(), "500 internal");
}

#[tokio::test]
async fn a_dynamodb_that_is_silent_leaves_the_outcome_unknown() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    let config = aws::dynamodb_at(&endpoint).config().to_builder();
    let client = Client::from_conf(config.retry_config(RetryConfig::disabled()).build());
    let store = DynamoStore::with_client(client, aws::TABLE);

    let event = nouns::event("any", 10);
    let loaded = store.load_pools(&event).await;
    assert!(matches!(loaded, Err(StoreError::Unavailable(_))), "{loaded:?}");
    let created = create(&store, &event).await;
    assert!(matches!(created, Err(Problem::Store(StoreError::Unavailable(_)))), "{created:?}");
    let answer = incoming("GET", "/reservations").at(&desk(store)).await;
    assert_eq!(answer.said(), "503 unavailable");
}
