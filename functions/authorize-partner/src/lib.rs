//! The gateway's authorizer: who holds this access key, and what may they call?
//!
//! API Gateway keeps the answer for a minute and applies it to every request with that key. So a
//! policy names all that the role may call, never just the method of the request that asked.

use aws_lambda_events::apigw::{
    ApiGatewayCustomAuthorizerPolicy, ApiGatewayCustomAuthorizerRequestTypeRequest,
    ApiGatewayCustomAuthorizerResponse,
};
use aws_lambda_events::iam::{IamPolicyEffect, IamPolicyStatement};
use shared::access::{AccessToken, Caller, Role};
use shared::dynamo::DynamoStore;
use shared::store::StoreError;

// `PARTNER_MAY` and `ORGANISER_MAY`: what openapi.yaml says that each role may call.
include!(concat!(env!("OUT_DIR"), "/routes.rs"));

/// Looks the bearer's key up, and allows what its role may call, or nothing at all.
///
/// A key that cannot be one of ours is denied without asking the store.
///
/// # Errors
///
/// [`StoreError`]: then the gateway answers 500, and remembers nothing.
pub async fn authorize_partner(
    store: &DynamoStore,
    request: &ApiGatewayCustomAuthorizerRequestTypeRequest,
) -> Result<ApiGatewayCustomAuthorizerResponse, StoreError> {
    let caller = match bearer(request) {
        Some(token) => store.find_caller(&token).await?,
        None => None,
    };
    let method = request.method_arn.as_deref().unwrap_or_default();
    Ok(match caller {
        Some(caller) => allow(&caller, method),
        None => deny(method),
    })
}

/// The key that the request bears, if it can be one of ours, and the only one.
pub fn bearer(request: &ApiGatewayCustomAuthorizerRequestTypeRequest) -> Option<AccessToken> {
    let header = request.headers.get("authorization")?;
    let mut lines = request.multi_value_headers.get_all("authorization").iter();
    if lines.any(|line| line != header) {
        return None;
    }
    let header = header.to_str().ok()?;
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().parse().ok())?
}

fn allow(caller: &Caller, method: &str) -> ApiGatewayCustomAuthorizerResponse {
    let may = match caller.role {
        Role::Partner => PARTNER_MAY,
        Role::Organiser => ORGANISER_MAY,
    };
    let stage = stage(method);
    let resources = may.iter().map(|route| format!("{stage}/{route}")).collect();

    let mut response = policy(IamPolicyEffect::Allow, resources);
    response.principal_id = Some(caller.id.to_string());
    response.context = serde_json::json!({
        "partnerId": caller.id.as_str(),
        "role": caller.role.as_str(),
    });
    response
}

fn deny(method: &str) -> ApiGatewayCustomAuthorizerResponse {
    let mut response = policy(IamPolicyEffect::Deny, vec![format!("{}/*", stage(method))]);
    response.principal_id = Some("unknown".to_owned());
    response
}

fn policy(effect: IamPolicyEffect, resource: Vec<String>) -> ApiGatewayCustomAuthorizerResponse {
    let mut statement = IamPolicyStatement::default();
    statement.action = vec!["execute-api:Invoke".to_owned()];
    statement.effect = effect;
    statement.resource = resource;
    let mut document = ApiGatewayCustomAuthorizerPolicy::default();
    document.version = Some("2012-10-17".to_owned());
    document.statement = vec![statement];
    let mut response = ApiGatewayCustomAuthorizerResponse::default();
    response.policy_document = document;
    response
}

/// `arn:aws:execute-api:<region>:<account>:<api>/<stage>`, of any method's ARN.
fn stage(method: &str) -> &str {
    let end = method.match_indices('/').nth(1).map(|(position, _)| position);
    end.and_then(|end| method.get(..end)).unwrap_or(method)
}
