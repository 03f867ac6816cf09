//! `.gateway.json`, which API Gateway imports, is openapi.yaml in the dialect that it understands.
//!
//! API Gateway does not import responses by reference, and drops or refuses half of what a schema
//! may say ("Amazon API Gateway important notes for REST APIs" in its guide). It needs neither: its
//! functions answer for themselves (`aws_proxy`), and it validates nothing. So it gets the routes,
//! who may call them, what serves them and its own answers; no models, no examples, no prose.

use std::fs;

use serde_json::{Map, Value, json};

use crate::support::schema::referred;
use crate::support::{contract, environment};

const FILE: &str = ".gateway.json";

/// What its guide lists as not supported, and what its importers drop.
const DROPPED: [&str; 14] = [
    "$ref",
    "additionalProperties",
    "allOf",
    "anyOf",
    "default",
    "discriminator",
    "example",
    "examples",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "nullable",
    "oneOf",
    "readOnly",
    "writeOnly",
];

/// What API Gateway needs of the contract.
fn definition() -> Value {
    let document = contract::document();
    let mut paths = document["paths"].clone();
    for path in members(&mut paths) {
        for operation in members(path) {
            *operation = operation_of(document, operation);
        }
    }
    let own_answers = "x-amazon-apigateway-gateway-responses";
    json!({
        "openapi": document["openapi"],
        "info": {
            "title": document["info"]["title"],
            "version": document["info"]["version"],
            "description": "Made of openapi.yaml, which says what each answer means.",
        },
        "paths": paths,
        "components": {"securitySchemes": document["components"]["securitySchemes"]},
        own_answers: document[own_answers],
    })
}

fn operation_of(document: &Value, operation: &Value) -> Value {
    let mut parameters = operation["parameters"].clone();
    for parameter in parameters.as_array_mut().into_iter().flatten() {
        let whole = match parameter["$ref"].as_str() {
            Some(reference) => referred(document, reference),
            None => parameter,
        };
        let required = whole["required"].as_bool().unwrap_or(false);
        *parameter = json!({"name": whole["name"], "in": whole["in"], "required": required,
            "schema": {"type": "string"}});
    }
    let mut responses = operation["responses"].clone();
    for response in members(&mut responses) {
        let whole = match response["$ref"].as_str() {
            Some(reference) => referred(document, reference),
            None => response,
        };
        *response = json!({"description": whole["description"]});
    }
    let integration = "x-amazon-apigateway-integration";
    let mut given = Map::new();
    for kept in ["operationId", "security", integration] {
        given.insert(kept.to_owned(), operation[kept].clone());
    }
    given.insert("responses".to_owned(), responses);
    if parameters.is_array() {
        given.insert("parameters".to_owned(), parameters);
    }
    Value::Object(given)
}

fn members(value: &mut Value) -> impl Iterator<Item = &mut Value> {
    value.as_object_mut().expect("an object").values_mut()
}

#[test]
fn api_gateway_imports_the_contract_as_it_is_now() {
    let mut text = serde_json::to_string_pretty(&definition()).unwrap();
    text.push('\n');
    if environment::writes_derived_files() {
        fs::write(contract::path(FILE), &text).unwrap();
    }
    let is_current = fs::read_to_string(contract::path(FILE)).is_ok_and(|there| there == text);
    assert!(is_current, "{FILE} is not made of openapi.yaml as it is now: run this with UPDATE=1");
}

#[test]
fn api_gateway_imports_nothing_that_it_would_drop_or_refuse() {
    fn check(at: &str, value: &Value) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    assert!(!DROPPED.contains(&name.as_str()), "{at} has {name}");
                    check(&format!("{at}/{name}"), value);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| check(at, item)),
            Value::Null => panic!("{at} is null"),
            Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let imported = definition();
    check("", &imported);
    let count = imported["paths"].as_object().unwrap().values();
    let count: usize = count.map(|path| path.as_object().unwrap().len()).sum();
    assert_eq!(count, contract::operations().len());
    let template = contract::yaml("template.yaml");
    let body = &template["Resources"]["Api"]["Properties"]["DefinitionBody"];
    assert_eq!(body["Fn::Transform"]["Parameters"]["Location"], FILE);
}
