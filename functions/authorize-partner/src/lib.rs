//! The gateway's authorizer: who holds this access key, and what may they call?
//!
//! API Gateway keeps the answer for a minute and applies it to every request with that key. So a
//! policy names all that the role may call, never just the method of the request that asked.

use aws_lambda_events::apigw::{
    ApiGatewayCustomAuthorizerPolicy, ApiGatewayCustomAuthorizerRequestTypeRequest,
};
use aws_lambda_events::iam::{IamPolicyEffect, IamPolicyStatement};
use serde::Serialize;
use shared::access::{AccessToken, Caller, Role};
use shared::dynamo::DynamoStore;
use shared::store::StoreError;

// `PARTNER_MAY` and `ORGANISER_MAY`: what openapi.yaml says that each role may call.
include!(concat!(env!("OUT_DIR"), "/routes.rs"));

/// The answer, with the fields of API Gateway's documents.
///
/// The type of `aws_lambda_events` sends `null` for a context that is not there; the documents know
/// an object of texts, or none. Source: API Gateway's developer guide, "Output from an API Gateway
/// Lambda authorizer".
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// Who the caller is, or `unknown`.
    pub principal_id: String,
    /// What the caller may call.
    pub policy_document: ApiGatewayCustomAuthorizerPolicy,
    /// What the functions are told of a known caller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<Context>,
}

/// Who calls, as the functions read it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Context {
    /// The partner or organiser whose key it is.
    pub partner_id: String,
    /// Its role.
    pub role: &'static str,
}

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
) -> Result<Decision, StoreError> {
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

fn allow(caller: &Caller, method: &str) -> Decision {
    let may = match caller.role {
        Role::Partner => PARTNER_MAY,
        Role::Organiser => ORGANISER_MAY,
    };
    let stage = stage(method);
    let resources = may.iter().map(|route| format!("{stage}/{route}")).collect();
    Decision {
        principal_id: caller.id.to_string(),
        policy_document: policy(IamPolicyEffect::Allow, resources),
        context: Some(Context { partner_id: caller.id.to_string(), role: caller.role.as_str() }),
    }
}

fn deny(method: &str) -> Decision {
    Decision {
        principal_id: "unknown".to_owned(),
        policy_document: policy(IamPolicyEffect::Deny, vec![format!("{}/*", stage(method))]),
        context: None,
    }
}

fn policy(effect: IamPolicyEffect, resource: Vec<String>) -> ApiGatewayCustomAuthorizerPolicy {
    let mut statement = IamPolicyStatement::default();
    statement.action = vec!["execute-api:Invoke".to_owned()];
    statement.effect = effect;
    statement.resource = resource;
    let mut document = ApiGatewayCustomAuthorizerPolicy::default();
    document.version = Some("2012-10-17".to_owned());
    document.statement = vec![statement];
    document
}

/// `arn:aws:execute-api:<region>:<account>:<api>/<stage>`, of any method's ARN.
fn stage(method: &str) -> &str {
    let end = method.match_indices('/').nth(1).map(|(position, _)| position);
    end.and_then(|end| method.get(..end)).unwrap_or(method)
}
