//! No function may do more to the table than its code does, and the gateway may invoke those alone
//! that serve it.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::contract::{self, kebab};

/// What the calls of a function's crate come to on DynamoDB. An event is read by each that needs
/// one; only an order that its home pool refuses for want of seats looks at the other pools.
const ACTIONS_OF_CALLS: [(&str, &[&str]); 18] = [
    ("desk.event(", &["GetItem"]),
    ("load_event(", &["GetItem"]),
    ("load_pool(", &["GetItem"]),
    ("lookout::census(", &["BatchGetItem", "GetItem", "UpdateItem"]),
    ("decide_and_commit(", &["GetItem", "UpdateItem"]),
    ("view.amend(", &["BatchGetItem"]),
    ("view.reserve(", &["BatchGetItem"]),
    ("creation::create_event(", &["ConditionCheckItem", "DeleteItem", "GetItem", "PutItem"]),
    ("list::page(", &["BatchGetItem"]),
    ("directory::page(", &["BatchGetItem", "GetItem", "Query", "UpdateItem"]),
    ("amending::amend_event(", &["GetItem", "PutItem", "UpdateItem"]),
    ("cancelling::cancel_all(", &["BatchGetItem", "GetItem", "PutItem", "UpdateItem"]),
    ("cancelling::progress(", &["BatchGetItem"]),
    ("find_caller(", &["GetItem"]),
    ("books.list_events(", &["Query"]),
    ("audit_events(", &["BatchGetItem", "GetItem"]),
    ("add_partner(", &["GetItem", "PutItem", "UpdateItem"]),
    ("revoke_partner(", &["DeleteItem", "GetItem", "UpdateItem"]),
];

/// The keys that each function may touch, by action.
fn keys_of(function: &str, action: &str) -> &'static [&'static str] {
    match (function, action) {
        ("authorize-partner", _) => &["key#*"],
        ("create-event", "PutItem") => &["creation#*", "event#*", "events"],
        ("amend-event" | "cancel-all-reservations", "PutItem") => &["event#*", "events"],
        ("create-event", "GetItem") => &["creation#*", "event#*"],
        ("audit-seats" | "list-events", "Query") => &["events"],
        ("rehearse-sale", "UpdateItem") => &["partners"],
        ("rehearse-sale", "GetItem") => &["key#*", "partners"],
        ("rehearse-sale", _) => &["key#*"],
        _ => &["event#*"],
    }
}

#[test]
fn a_function_may_do_to_the_table_what_its_code_does_and_nothing_else() {
    for (resource, grant) in contract::functions() {
        let name = kebab(&resource);
        let code = contract::file(&format!("functions/{name}/src/lib.rs"));
        let calls = ACTIONS_OF_CALLS.iter().filter(|(call, _)| code.contains(call));
        let actions: BTreeSet<_> = calls.flat_map(|(_, actions)| actions.iter().copied()).collect();
        let keys = |action| -> BTreeSet<_> {
            keys_of(&name, action).iter().map(|&key| key.to_owned()).collect()
        };
        let want: BTreeMap<_, _> =
            actions.into_iter().map(|action| (action.to_owned(), keys(action))).collect();
        assert_eq!(grant.actions, want, "{resource}");
    }
}

#[test]
fn the_gateway_may_invoke_each_function_that_serves_it_and_no_other() {
    let template = contract::yaml("template.yaml");
    let resources = template["Resources"].as_object().unwrap();
    let mut granted = BTreeSet::new();
    for permission in resources.values().filter(|one| one["Type"] == "AWS::Lambda::Permission") {
        let properties = &permission["Properties"];
        assert_eq!(properties["Principal"], "apigateway.amazonaws.com");
        let source = properties["SourceArn"].as_str().unwrap();
        assert!(source.ends_with(":${Api}/v1/*"), "of this API's stage, and of no other: {source}");
        let function = properties["FunctionName"].as_str().unwrap().strip_suffix(".Alias");
        granted.insert(function.expect("the alias").to_owned());
    }
    let serving: BTreeSet<_> =
        contract::operations().iter().map(|one| kebab(&one.function)).collect();
    let resources = contract::functions().into_keys();
    let needed = resources.filter(|resource| serving.contains(&kebab(resource))).collect();
    assert_eq!(granted, needed);
}
