//! Who calls, and may they? Asks the authorizer's function, and remembers what it said.
//!
//! As in API Gateway, the answer is remembered under the key that was shown and for every call
//! with it: so it holds the whole of what the key may do, and a revoked key works until its time
//! is over.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_lambda_events::apigw::{
    ApiGatewayCustomAuthorizerPolicy, ApiGatewayCustomAuthorizerResponse,
};
use axum::body::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::time::{Instant, timeout};

use super::own_answer::OwnAnswer;
use super::policy;
use super::proxy::ProxyRequest;
use crate::local::function::{Function, InvokeError};
use crate::local::log::say;

/// API Gateway waits no longer for an authorizer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How many answers are remembered before those that are over are dropped.
const REMEMBERED_MAX: usize = 10_000;

/// An authorizer, and its answers that still hold.
#[derive(Debug)]
pub(super) struct Authorizer {
    function: Arc<Function>,
    header: String,
    ttl: Duration,
    remembered: Mutex<HashMap<String, (Instant, Arc<Grant>)>>,
}

/// What the authorizer said of a key.
#[derive(Debug)]
pub(super) struct Grant {
    policy: ApiGatewayCustomAuthorizerPolicy,
    /// What the function that serves the call may know of the caller.
    pub(super) context: Map<String, Value>,
}

/// A request as an authorizer reads it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AuthorizerRequest<'a> {
    r#type: &'static str,
    method_arn: &'a str,
    #[serde(flatten)]
    request: &'a ProxyRequest<'a>,
}

impl Authorizer {
    /// An authorizer that decides by this header.
    pub(super) fn new(function: Arc<Function>, header: &str, ttl: Duration) -> Self {
        let header = header.to_ascii_lowercase();
        Self { function, header, ttl, remembered: Mutex::default() }
    }

    /// Who calls, if they may.
    pub(super) async fn admit(&self, request: &ProxyRequest<'_>) -> Result<Arc<Grant>, OwnAnswer> {
        let key = request.header(&self.header).filter(|key| !key.is_empty());
        let key = key.ok_or(OwnAnswer::Unauthorized)?;
        let method_arn = request.method_arn();
        let grant = match self.recall(key) {
            Some(grant) => grant,
            None => self.ask(key, &method_arn, request).await?,
        };
        if policy::allows(&grant.policy, &method_arn) {
            Ok(grant)
        } else {
            Err(OwnAnswer::AccessDenied)
        }
    }

    async fn ask(
        &self,
        key: &str,
        method_arn: &str,
        request: &ProxyRequest<'_>,
    ) -> Result<Arc<Grant>, OwnAnswer> {
        let request = AuthorizerRequest { r#type: "REQUEST", method_arn, request };
        let request = serde_json::to_vec(&request).expect("all keys are texts");
        let asked_at = Instant::now();
        let answered = timeout(TIMEOUT, self.function.invoke(Bytes::from(request))).await;
        let answer = answered.unwrap_or(Err(InvokeError::TimedOut)).map_err(|error| {
            say(&self.function.name, &format!("no answer: {error}"));
            refusal_of(&error)
        })?;
        let grant = read(&answer).ok_or_else(|| {
            say(&self.function.name, "answered with no policy");
            OwnAnswer::AuthorizerConfigurationError
        })?;
        let grant = Arc::new(grant);
        self.remember(key, asked_at, &grant);
        Ok(grant)
    }

    fn recall(&self, key: &str) -> Option<Arc<Grant>> {
        let remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        let (asked_at, grant) = remembered.get(key)?;
        (asked_at.elapsed() < self.ttl).then(|| Arc::clone(grant))
    }

    fn remember(&self, key: &str, asked_at: Instant, grant: &Arc<Grant>) {
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= REMEMBERED_MAX {
            remembered.retain(|_, (asked_at, _)| asked_at.elapsed() < self.ttl);
        }
        remembered.insert(key.to_owned(), (asked_at, Arc::clone(grant)));
    }
}

/// A function that fails with the very word `Unauthorized` means to say 401.
fn refusal_of(error: &InvokeError) -> OwnAnswer {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Description {
        error_message: String,
    }

    match error {
        InvokeError::Failed(description) => match serde_json::from_str(description) {
            Ok(Description { error_message }) if error_message == "Unauthorized" => {
                OwnAnswer::Unauthorized
            }
            Ok(_) | Err(_) => OwnAnswer::AuthorizerFailure,
        },
        InvokeError::TimedOut | InvokeError::Died => OwnAnswer::AuthorizerFailure,
    }
}

/// The authorizer's answer. API Gateway hands on its context as texts, whatever it was.
fn read(answer: &[u8]) -> Option<Grant> {
    type Answer = ApiGatewayCustomAuthorizerResponse<Option<Map<String, Value>>>;
    let Answer { principal_id, policy_document: policy, context, .. } =
        serde_json::from_slice(answer).ok()?;
    let text = |value| match value {
        Value::String(text) => Some(text),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    let texts =
        context.unwrap_or_default().into_iter().map(|(name, value)| Some((name, text(value)?)));
    let mut context: Map<_, _> =
        texts.map(|pair| pair.map(|(name, text)| (name, text.into()))).collect::<Option<_>>()?;
    context.insert("principalId".to_owned(), principal_id?.into());
    Some(Grant { policy, context })
}
