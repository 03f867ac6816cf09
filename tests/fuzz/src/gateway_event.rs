//! Any bytes as what API Gateway hands over: an event for each handler, and one for the authorizer.

use std::sync::OnceLock;

use authorize_partner::{authorize_partner, bearer};
use aws_lambda_events::apigw::ApiGatewayCustomAuthorizerRequestTypeRequest;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Region};
use serde_json::{Value, json};
use shared::boot;
use shared::dynamo::DynamoStore;

use super::rules;
use crate::support::counter::Counter;

pub(crate) type AuthorizerRequest = ApiGatewayCustomAuthorizerRequestTypeRequest;

pub(crate) fn check(bytes: &[u8]) {
    let Ok(mut event) = serde_json::from_slice::<Value>(bytes) else { return };
    if let Ok(request) = serde_json::from_str(&event.to_string()) {
        check_authorizer(&request);
    }
    write_as_a_gateway(&mut event);
    // What is no proxy event, the runtime answers by itself.
    if let Ok(request) = serde_json::from_str(&event.to_string()) {
        Counter::open().try_all(&boot::as_sent(request).into());
    }
}

/// Who bears a key is looked up by that key and no other; who bears none is denied, and the store
/// is not asked.
pub(crate) fn check_authorizer(request: &AuthorizerRequest) {
    let lines = request.multi_value_headers.get_all("Authorization");
    let header = request.headers.get("Authorization").map(|header| header.as_bytes());
    let header = header.filter(|header| lines.iter().all(|line| line.as_bytes() == *header));
    let words = header.and_then(|header| str::from_utf8(header).ok()?.split_once(' '));
    let shown = words.filter(|(scheme, _)| scheme.to_lowercase() == "bearer");
    let shown = shown.map(|(_, token)| token.trim_matches([' ', '\t']));
    let shown = shown.filter(|token| rules::is_access_token(token));

    let token = bearer(request);
    assert_eq!(token.as_ref().map(|token| token.reveal()), shown);
    if token.is_none() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let decided = runtime.block_on(authorize_partner(unreachable_store(), request));
        let policy = decided.expect("nobody is asked").policy_document;
        let policy = serde_json::to_value(policy).expect("a policy is JSON");
        let statements = policy["Statement"].as_array().expect("statements");
        assert_eq!(statements.len(), 1);
        assert_eq!(statements[0]["Effect"], "Deny");
    }
}

/// A store that fails whoever asks it.
fn unreachable_store() -> &'static DynamoStore {
    static STORE: OnceLock<DynamoStore> = OnceLock::new();
    STORE.get_or_init(|| {
        let config = Config::builder().behavior_version(BehaviorVersion::latest());
        let config = config.region(Region::from_static("nowhere"));
        DynamoStore::with_client(Client::from_conf(config.build()), "none")
    })
}

/// Has the event say what a gateway itself writes into every one: no caller decides about it. From
/// a path without a stage that is no path, from a query of another form, and from a body that only
/// claims to be base64, `lambda_http` can make no request, and panics before we see it.
fn write_as_a_gateway(event: &mut Value) {
    let Value::Object(members) = event else { return };
    members.insert("isBase64Encoded".to_owned(), Value::Bool(false));
    let context = members.entry("requestContext").or_insert_with(|| json!({}));
    if !context.is_object() {
        *context = json!({});
    }
    context["requestId"] = json!("in-process");
    context["stage"] = json!("v1");
    for query in ["queryStringParameters", "multiValueQueryStringParameters"] {
        if let Some(Value::Object(query)) = members.get_mut(query) {
            query.retain(|_, values| values != &json!([]));
        }
    }
}
