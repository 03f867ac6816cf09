//! Whoever the authorizer does not know gets nothing: every keyed operation, in the binaries that
//! are deployed, with the contexts of a gateway that was set up wrongly.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::contract::{self, Operation};
use crate::support::database;
use crate::support::desk::{desk, incoming, open};
use crate::support::lambda::answers_of;
use crate::support::own_table::OwnTable;

/// What the authorizer never says. `principalId` is there whatever else is left out.
fn contexts_of_nobody() -> Vec<Value> {
    vec![
        Value::Null,
        json!({}),
        json!({"principalId": "abc-corp"}),
        json!({"principalId": "abc-corp", "partnerId": "abc-corp"}),
        json!({"principalId": "abc-corp", "role": "organiser"}),
        json!({"partnerId": "abc-corp", "role": "chief"}),
        json!({"partnerId": "", "role": "organiser"}),
        json!({"partnerId": null, "role": "organiser"}),
        json!({"partnerId": ["abc-corp"], "role": "organiser"}),
        json!({"claims": {"partnerId": "abc-corp", "role": "organiser"}}),
    ]
}

/// A good request to this operation, as the gateway hands it over, from whomever this context says.
fn event_of(operation: &Operation, authorizer: &Value) -> Value {
    let reservation = "000729b1-f35c-8e8d-9a6b-3f2d8c7e1a90";
    let path = operation.path.replace("{eventId}", "any").replace("{reservationId}", reservation);
    // What closes the sale does so elsewhere.
    let event = if path.contains("cancellations") { "none" } else { "any" };
    let body = match operation.path.as_str() {
        "/events" => json!({"eventId": "new", "name": "New", "totalSeats": 1}),
        "/events/{eventId}" => json!({"name": "Renamed"}),
        _ => json!({"seats": 1, "expiresInSeconds": 60}),
    };
    let has_body = ["POST", "PATCH"].contains(&operation.method.as_str());
    json!({
        "resource": operation.path,
        "path": path,
        "httpMethod": operation.method,
        "headers": {"Authorization": "Bearer tb_anything", "If-Match": "*"},
        "multiValueHeaders": {"Authorization": ["Bearer tb_anything"], "If-Match": ["*"]},
        "pathParameters": {"eventId": event, "reservationId": reservation},
        "requestContext": {"requestId": "r", "stage": "v1", "httpMethod": operation.method,
            "authorizer": authorizer},
        "body": has_body.then(|| body.to_string()),
        "isBase64Encoded": false,
    })
}

/// The function's binary: `ReserveSeatsFunction` is `reserve-seats`.
fn binary_of(function: &str) -> String {
    contract::functions()[function].code.replace("functions/", "")
}

#[tokio::test]
async fn no_keyed_operation_answers_a_caller_whom_the_authorizer_does_not_know() {
    let table = OwnTable::create().await;
    open(&table.store, "any", 10).await;
    let keyed = contract::operations().iter().filter(|one| one.schemes != Some(vec![]));
    let mut functions = BTreeMap::<String, Vec<&Operation>>::new();
    for operation in keyed {
        functions.entry(binary_of(&operation.function)).or_default().push(operation);
    }
    assert_eq!(functions.values().map(Vec::len).sum::<usize>(), 27);

    let environment = [
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("AWS_ENDPOINT_URL_DYNAMODB", database::endpoint()),
        ("TABLE_NAME", &table.name),
        ("DEFAULT_EVENT_ID", "any"),
    ];
    let known = json!({"partnerId": "abc-corp", "role": "organiser"});
    for (function, operations) in functions {
        for operation in operations {
            let mut contexts = contexts_of_nobody();
            contexts.push(known.clone());
            let events = contexts.iter().map(|context| event_of(operation, context)).collect();
            let mut answers = answers_of(&function, &environment, events).await;
            // All else being the same, the context is what they were refused for.
            let answer = answers.pop().expect("the known caller's");
            let status = answer["statusCode"].as_u64().unwrap();
            assert!([200, 201, 404].contains(&status), "{}: {answer}", operation.id);
            for (answer, context) in answers.iter().zip(contexts) {
                assert_eq!(answer["statusCode"], 500, "{}, {context}: {answer}", operation.id);
                let body = answer["body"].as_str().unwrap_or_default();
                let problem = if operation.method == "HEAD" { "" } else { r#""code":"internal""# };
                assert!(body.contains(problem), "{}, {context}: {body}", operation.id);
            }
        }
    }

    // Nobody sold anything but the known caller, by each of the two ways to reserve.
    let event = incoming("GET", "/events/any").at(&desk(table.store)).await.json();
    assert_eq!(event["availableSeats"], 8);
}

/// Health and the documentation are for anyone; nothing else may leave the door open.
#[test]
fn only_open_operations_are_served_to_anyone() {
    let mut open = Vec::new();
    for (function, grant) in contract::functions() {
        let main = contract::file(&format!("{}/src/main.rs", grant.code));
        if main.contains("serve_anyone(") {
            open.push(function);
        }
    }
    let is_open = |function: &String| {
        let mut served = contract::operations().iter().filter(|one| one.function == *function);
        served.all(|one| one.schemes == Some(vec![]))
    };
    assert!(open.iter().all(is_open), "{open:?}");
    assert_eq!(open.len(), 2);
}
