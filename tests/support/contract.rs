//! openapi.yaml and template.yaml, as the tests read them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::Value;

use super::answer::Answer;
use super::schema;

/// A path inside the checkout. Its root is where the contract is: not every crate that reads this
/// has its manifest there.
pub(crate) fn path(relative: &str) -> PathBuf {
    let mut folders = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let root = folders.find(|folder| folder.join("openapi.yaml").exists());
    root.expect("openapi.yaml is in the checkout's root").join(relative)
}

/// A text file of the checkout.
pub(crate) fn file(relative: &str) -> String {
    fs::read_to_string(path(relative)).unwrap_or_else(|why| panic!("{relative}: {why}"))
}

/// A YAML file of the checkout; short-form intrinsics are the texts they bear.
pub(crate) fn yaml(relative: &str) -> Value {
    serde_saphyr::from_str(&file(relative)).unwrap_or_else(|why| panic!("{relative}: {why}"))
}

/// One operation of openapi.yaml.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) method: String,
    pub(crate) path: String,
    /// The security schemes it names; `None` if it says nothing about security.
    pub(crate) schemes: Option<Vec<String>>,
    /// The resource that serves it.
    pub(crate) function: String,
    /// Its answers, by status.
    pub(crate) answers: BTreeMap<String, Value>,
}

/// openapi.yaml.
pub(crate) fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| yaml("openapi.yaml"))
}

/// `reserveSeats`, `ReserveSeatsFunction`, `ReserveSeatsManagedFunction` and `reserve_seats` as
/// `reserve-seats`.
pub(crate) fn kebab(name: &str) -> String {
    let mut kebab = String::new();
    let name = name.trim_end_matches("Function").trim_end_matches("Managed");
    for letter in name.replace('_', "-").chars() {
        if letter.is_uppercase() && !kebab.is_empty() {
            kebab.push('-');
        }
        kebab.extend(letter.to_lowercase());
    }
    kebab
}

/// Every operation of openapi.yaml.
pub(crate) fn operations() -> &'static [Operation] {
    static OPERATIONS: OnceLock<Vec<Operation>> = OnceLock::new();
    OPERATIONS.get_or_init(|| {
        let paths = document()["paths"].as_object().expect("paths");
        let methods = |(path, item): (&String, &'static Value)| {
            let methods = item.as_object().expect("methods").iter();
            let path = path.clone();
            methods.map(move |(method, operation)| operation_of(&path, method, operation))
        };
        paths.iter().flat_map(methods).collect()
    })
}

/// The operation that this method and path name, if there is one.
pub(crate) fn operation_at(method: &str, path: &str) -> Option<&'static Operation> {
    let path = path.split('?').next().unwrap_or(path);
    let is_at = |operation: &&Operation| {
        let (template, given) = (operation.path.split('/'), path.split('/'));
        template.clone().count() == given.clone().count()
            && template.zip(given).all(|(expected, given)| {
                expected == given || (expected.starts_with('{') && !given.is_empty())
            })
    };
    let mut found = operations().iter().filter(|operation| operation.method == method);
    found.find(is_at)
}

/// Panics if the answer to this call is none of those that openapi.yaml allows.
pub(crate) fn check(method: &str, path: &str, answer: &Answer) {
    let Some(operation) = operation_at(method, path) else { return };
    let allowed = operation.answers.get(&answer.status.to_string());
    let allowed = allowed.unwrap_or_else(|| panic!("{} never says {answer:?}", operation.id));
    if method == "HEAD" {
        assert!(answer.text.is_empty(), "{} has a body: {answer:?}", operation.id);
        return;
    }
    let Some(contents) = allowed["content"].as_object() else {
        assert!(answer.text.is_empty(), "{} says nothing with {answer:?}", operation.id);
        return;
    };
    let content_type = answer.header("content-type").split(';').next().unwrap_or_default();
    let content = contents.get(content_type);
    let content = content.unwrap_or_else(|| panic!("{} has no such {answer:?}", operation.id));
    if content_type.ends_with("json") {
        let fault = schema::fault(document(), &content["schema"], &answer.json());
        assert_eq!(fault, None, "{} {}", operation.id, answer.status);
    }
}

fn operation_of(path: &str, method: &str, operation: &Value) -> Operation {
    let scheme =
        |one: &Value| one.as_object().expect("a scheme").keys().cloned().collect::<Vec<_>>();
    let schemes = operation["security"].as_array();
    let uri = operation["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"].as_str();
    let (_, function) = uri.and_then(|uri| uri.split_once("${AWS::Region}")).expect("a uri");
    let (_, function) = function.split_once("${").expect("a function");
    let (function, _) = function.split_once('.').expect("its alias");
    let answers = operation["responses"].as_object().expect("answers").iter();
    let resolved = |answer: &Value| match answer["$ref"].as_str() {
        Some(reference) => schema::referred(document(), reference).clone(),
        None => answer.clone(),
    };
    Operation {
        id: operation["operationId"].as_str().expect("an operationId").to_owned(),
        method: method.to_uppercase(),
        path: path.to_owned(),
        schemes: schemes.map(|schemes| schemes.iter().flat_map(scheme).collect()),
        function: function.to_owned(),
        answers: answers.map(|(status, answer)| (status.clone(), resolved(answer))).collect(),
    }
}

/// What one function of template.yaml may do to the table.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Grant {
    /// Its crate's folder.
    pub(crate) code: String,
    /// `GetItem`, on items whose partition keys match these patterns.
    pub(crate) actions: BTreeMap<String, BTreeSet<String>>,
}

/// Every function of template.yaml, by its resource's name, and what it may do.
pub(crate) fn functions() -> BTreeMap<String, Grant> {
    let template = yaml("template.yaml");
    let resources = template["Resources"].as_object().expect("resources").iter();
    let functions =
        resources.filter(|(_, resource)| resource["Type"] == "AWS::Serverless::Function");
    functions.map(|(name, function)| (name.clone(), grant_of(&function["Properties"]))).collect()
}

fn grant_of(properties: &Value) -> Grant {
    let mut actions = BTreeMap::<String, BTreeSet<String>>::new();
    let policies = properties["Policies"].as_array().into_iter().flatten();
    for statement in policies.flat_map(|policy| list(&policy["Statement"])) {
        assert_eq!(statement["Effect"], "Allow");
        let resource = statement["Resource"].as_str().expect("one resource");
        assert!(resource.ends_with(":table/${TableName}"), "nothing but the table: {resource}");
        let keys = &statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"];
        let keys = list(keys).into_iter().map(|key| key.as_str().expect("a key").to_owned());
        let keys: BTreeSet<_> = keys.collect();
        for action in list(&statement["Action"]) {
            let action = action.as_str().and_then(|action| action.strip_prefix("dynamodb:"));
            let action = action.expect("an action of DynamoDB's").to_owned();
            actions.entry(action).or_default().extend(keys.clone());
        }
    }
    let code = properties["CodeUri"].as_str().expect("a CodeUri").to_owned();
    Grant { code, actions }
}

/// The elements of a list; what is no list is one element.
fn list(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(elements) => elements.clone(),
        Value::Null => Vec::new(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            vec![value.clone()]
        }
    }
}
