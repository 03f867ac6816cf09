//! A table of a test's own, to read all of and to write nonsense into.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use shared::dynamo::DynamoStore;
use ticketboss::local::template::Template;
use ticketboss::local::{build, table};

use super::database;
use super::sale::unique;

/// The table, and the production store on it.
pub(crate) struct OwnTable {
    pub(crate) name: String,
    pub(crate) store: DynamoStore,
}

impl OwnTable {
    pub(crate) async fn create() -> Self {
        let (client, name) = (database::client(), unique("table"));
        let template = Template::read(&build::root().join("template.yaml")).expect("the template");
        table::create(&client, &template, &name).await.expect("the table");
        Self { store: DynamoStore::with_client(client, &name), name }
    }

    /// Sets one attribute of an item, which is made if need be.
    pub(crate) async fn set(&self, pk: &str, sk: &str, attribute: &str, value: AttributeValue) {
        let updated = database::client()
            .update_item()
            .table_name(&self.name)
            .set_key(Some(key(pk, sk)))
            .update_expression("SET #attribute = :value")
            .expression_attribute_names("#attribute", attribute)
            .expression_attribute_values(":value", value);
        updated.send().await.expect("it is written");
    }

    /// Removes an item.
    pub(crate) async fn delete(&self, pk: &str, sk: &str) {
        let delete = database::client().delete_item().table_name(&self.name);
        delete.set_key(Some(key(pk, sk))).send().await.expect("it is removed");
    }
}

fn key(pk: &str, sk: &str) -> HashMap<String, AttributeValue> {
    let text = |value: &str| AttributeValue::S(value.to_owned());
    [("pk".to_owned(), text(pk)), ("sk".to_owned(), text(sk))].into()
}
