//! template.yaml as `CloudFormation` reads it, as far as one machine needs it: which functions
//! there are, and what the table is like.
//!
//! Short-form intrinsics (`!Ref`, `!GetAtt`) are read as the texts they bear. Where a value is
//! needed here and the template computes it, that is an error at the start.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

use crate::Error;

const FILE: &str = "template.yaml";
/// Lambda's own, where the template says nothing.
const TIMEOUT_S: u64 = 3;
const MEMORY_MB: u32 = 128;

/// The template.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Template {
    #[serde(default)]
    globals: Globals,
    resources: BTreeMap<String, Resource>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Globals {
    #[serde(default)]
    function: FunctionDefaults,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct FunctionDefaults {
    timeout: Option<u64>,
    memory_size: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Resource {
    r#type: String,
    #[serde(default)]
    properties: Value,
}

/// A function, as the template sets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FunctionSettings {
    /// Its crate, and the binary of the same name.
    pub(crate) name: String,
    /// How long a request may take.
    pub(crate) timeout: Duration,
    /// How much memory it has on Lambda.
    pub(crate) memory_mb: u32,
}

/// The table's properties: those that change what it can do.
///
/// The rest are named too, so that a property which nobody thought of here stops the start.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct TableProperties {
    pub(crate) attribute_definitions: Vec<Attribute>,
    pub(crate) key_schema: Vec<Key>,
    #[serde(rename = "BillingMode")]
    _billing_mode: Option<IgnoredAny>,
    #[serde(rename = "DeletionProtectionEnabled")]
    _deletion_protection: Option<IgnoredAny>,
    #[serde(rename = "PointInTimeRecoverySpecification")]
    _point_in_time_recovery: Option<IgnoredAny>,
    #[serde(rename = "SSESpecification")]
    _encryption: Option<IgnoredAny>,
    #[serde(rename = "StreamSpecification")]
    _stream: Option<IgnoredAny>,
    #[serde(rename = "TableName")]
    _table_name: Option<IgnoredAny>,
    #[serde(rename = "Tags")]
    _tags: Option<IgnoredAny>,
    #[serde(rename = "WarmThroughput")]
    _warm_throughput: Option<IgnoredAny>,
}

/// An attribute that is part of a key.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Attribute {
    pub(crate) attribute_name: String,
    pub(crate) attribute_type: String,
}

/// A part of the key.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Key {
    pub(crate) attribute_name: String,
    pub(crate) key_type: String,
}

impl Template {
    /// Reads the template from this file.
    ///
    /// # Errors
    ///
    /// [`Error::Read`], and [`Error::Unservable`] if it is no template.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| Error::Read { path: path.to_owned(), source })?;
        serde_saphyr::from_str(&text).map_err(unservable)
    }

    /// All functions, by the names of their resources.
    pub(crate) fn functions(&self) -> Result<BTreeMap<String, FunctionSettings>, Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Properties {
            code_uri: PathBuf,
            #[serde(flatten)]
            own: FunctionDefaults,
        }

        let defaults = &self.globals.function;
        let functions = self.of_type("AWS::Serverless::Function").map(|(name, properties)| {
            let Properties { code_uri, own } = parsed(name, properties)?;
            let directory = code_uri.file_name().map(|name| name.to_string_lossy().into_owned());
            let timeout_s = own.timeout.or(defaults.timeout).unwrap_or(TIMEOUT_S);
            let settings = FunctionSettings {
                name: directory.ok_or_else(|| unservable(format!("{name}: no CodeUri")))?,
                timeout: Duration::from_secs(timeout_s),
                memory_mb: own.memory_size.or(defaults.memory_size).unwrap_or(MEMORY_MB),
            };
            Ok((name.clone(), settings))
        });
        functions.collect()
    }

    /// The one table.
    pub(crate) fn table(&self) -> Result<TableProperties, Error> {
        let mut tables = self.of_type("AWS::DynamoDB::Table");
        match (tables.next(), tables.next()) {
            (Some((name, properties)), None) => parsed(name, properties),
            _ => Err(unservable("exactly one AWS::DynamoDB::Table is expected")),
        }
    }

    fn of_type(&self, expected: &str) -> impl Iterator<Item = (&String, &Value)> {
        let resources = self.resources.iter();
        resources
            .filter(move |(_, resource)| resource.r#type == expected)
            .map(|(name, resource)| (name, &resource.properties))
    }
}

fn parsed<T: DeserializeOwned>(name: &str, properties: &Value) -> Result<T, Error> {
    T::deserialize(properties).map_err(|error| unservable(format!("{name}: {error}")))
}

fn unservable(why: impl ToString) -> Error {
    Error::Unservable { file: FILE, why: why.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_intrinsics_are_tolerated_and_defaults_are_inherited() {
        let template: Template = serde_saphyr::from_str(
            "
            Globals: {Function: {Timeout: 8, Architectures: [!Ref Architecture]}}
            Resources:
              ReserveSeatsFunction:
                Type: AWS::Serverless::Function
                Condition: Always
                Properties:
                  CodeUri: functions/reserve-seats
                  MemorySize: 512
                  Limit: !If [HasLimit, !Ref Limit, !Ref AWS::NoValue]
              Table:
                Type: AWS::DynamoDB::Table
                Properties:
                  TableName: !Ref AWS::StackName
                  AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]
                  KeySchema: [{AttributeName: pk, KeyType: HASH}]
                  DeletionProtectionEnabled: !Ref DeletionProtection
              Nothing: {Type: AWS::CloudFormation::WaitConditionHandle}
            ",
        )
        .expect("it is a template");

        let expected = FunctionSettings {
            name: "reserve-seats".to_owned(),
            timeout: Duration::from_secs(8),
            memory_mb: 512,
        };
        let functions = template.functions().expect("they are understood");
        assert_eq!(functions.into_values().collect::<Vec<_>>(), [expected]);
        assert_eq!(template.table().expect("it is understood").key_schema.len(), 1);
    }
}
