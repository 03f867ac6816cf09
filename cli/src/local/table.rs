//! The table on a DynamoDB that is not AWS's own: created as template.yaml declares it, so that
//! what is sold here stands as it would stand there.
//!
//! But for its stream, which nothing on this machine reads: dynoxide looks through all the records
//! it has of a stream whenever it adds one, so that after some thousands of writes each would take
//! three times as long.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{AttributeDefinition, BillingMode, KeySchemaElement};

use super::template::{TableProperties, Template};
use crate::Error;

/// Creates the template's table under this name, unless there is one.
///
/// # Errors
///
/// [`Error::Unservable`] for a table that is not understood, [`Error::CreateTable`] if DynamoDB
/// does not answer or refuses.
pub async fn create(client: &Client, template: &Template, table: &str) -> Result<(), Error> {
    let properties = template.table()?;
    let created = create_as(client, table, properties).await;
    created.map_err(|source| Error::CreateTable { table: table.to_owned(), source })
}

async fn create_as(
    client: &Client,
    table: &str,
    properties: TableProperties,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let attributes = properties.attribute_definitions.into_iter().map(|attribute| {
        AttributeDefinition::builder()
            .attribute_name(attribute.attribute_name)
            .attribute_type(attribute.attribute_type.as_str().into())
            .build()
    });
    let keys = properties.key_schema.into_iter().map(|key| {
        KeySchemaElement::builder()
            .attribute_name(key.attribute_name)
            .key_type(key.key_type.as_str().into())
            .build()
    });
    let created = client
        .create_table()
        .table_name(table)
        .set_attribute_definitions(Some(attributes.collect::<Result<_, BuildError>>()?))
        .set_key_schema(Some(keys.collect::<Result<_, BuildError>>()?))
        .billing_mode(BillingMode::PayPerRequest)
        .send()
        .await;
    match created {
        Ok(_) => Ok(()),
        Err(error) => match error.into_service_error() {
            refused if refused.is_resource_in_use_exception() => Ok(()),
            refused => Err(refused.into()),
        },
    }
}
