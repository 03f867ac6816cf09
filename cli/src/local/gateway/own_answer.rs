//! What the gateway answers by itself, in the words that openapi.yaml has for it.
//!
//! As in API Gateway, a type that is not set there falls back to `DEFAULT_4XX` or `DEFAULT_5XX`,
//! and then to the gateway's own words. Templates are texts in which `$context` variables are
//! replaced, not programs.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use serde_json::json;

use crate::local::openapi::GatewayResponse;

/// The gateway's own words, where the contract has none.
const OWN_TEMPLATE: &str = r#"{"message":$context.error.messageString}"#;

/// Why the gateway answers by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum OwnAnswer {
    /// No such path, or not with this method.
    MissingAuthenticationToken,
    /// The request does not say who calls.
    Unauthorized,
    /// The authorizer denies the call, or does not allow it.
    AccessDenied,
    /// The authorizer failed.
    AuthorizerFailure,
    /// The authorizer's answer is none.
    AuthorizerConfigurationError,
    /// It is no request that HTTP knows, or breaks off.
    BadRequest,
    /// The body is longer than the gateway takes.
    RequestTooLarge,
    /// The function failed, died or answered nonsense. API Gateway has no type of its own for it.
    BadGateway,
    /// The function did not answer in time.
    IntegrationTimeout,
}

impl OwnAnswer {
    const ALL: [Self; 9] = [
        Self::MissingAuthenticationToken,
        Self::Unauthorized,
        Self::AccessDenied,
        Self::AuthorizerFailure,
        Self::AuthorizerConfigurationError,
        Self::BadRequest,
        Self::RequestTooLarge,
        Self::BadGateway,
        Self::IntegrationTimeout,
    ];

    /// API Gateway's name for it, its status and its words.
    const fn defaults(self) -> (&'static str, StatusCode, &'static str) {
        match self {
            Self::MissingAuthenticationToken => (
                "MISSING_AUTHENTICATION_TOKEN",
                StatusCode::FORBIDDEN,
                "Missing Authentication Token",
            ),
            Self::Unauthorized => ("UNAUTHORIZED", StatusCode::UNAUTHORIZED, "Unauthorized"),
            Self::AccessDenied => (
                "ACCESS_DENIED",
                StatusCode::FORBIDDEN,
                "User is not authorized to access this resource",
            ),
            Self::AuthorizerFailure => {
                ("AUTHORIZER_FAILURE", StatusCode::INTERNAL_SERVER_ERROR, "Internal server error")
            }
            Self::AuthorizerConfigurationError => (
                "AUTHORIZER_CONFIGURATION_ERROR",
                StatusCode::INTERNAL_SERVER_ERROR,
                "Internal server error",
            ),
            Self::BadRequest => ("BAD_REQUEST_PARAMETERS", StatusCode::BAD_REQUEST, "Bad Request"),
            Self::RequestTooLarge => {
                ("REQUEST_TOO_LARGE", StatusCode::PAYLOAD_TOO_LARGE, "Request Too Long")
            }
            Self::BadGateway => ("DEFAULT_5XX", StatusCode::BAD_GATEWAY, "Internal server error"),
            Self::IntegrationTimeout => {
                ("INTEGRATION_TIMEOUT", StatusCode::GATEWAY_TIMEOUT, "Endpoint request timed out")
            }
        }
    }
}

/// Every answer of the gateway's own, ready to be given.
#[derive(Debug)]
pub(super) struct OwnAnswers(BTreeMap<OwnAnswer, Prepared>);

#[derive(Debug)]
struct Prepared {
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    template: String,
}

impl OwnAnswers {
    /// Prepares the answers that the contract sets.
    ///
    /// # Errors
    ///
    /// What is not understood there.
    pub(super) fn new(set: &BTreeMap<String, GatewayResponse>) -> Result<Self, String> {
        let prepared = OwnAnswer::ALL.into_iter().map(|answer| {
            let (name, status, _) = answer.defaults();
            let fallback = if status.is_client_error() { "DEFAULT_4XX" } else { "DEFAULT_5XX" };
            let settings = set.get(name).or_else(|| set.get(fallback)).cloned().unwrap_or_default();
            let prepared = prepare(answer, settings).map_err(|why| format!("{name}: {why}"))?;
            Ok((answer, prepared))
        });
        prepared.collect::<Result<_, String>>().map(Self)
    }

    /// The answer to this request.
    pub(super) fn give(&self, answer: OwnAnswer, request_id: &str) -> Response<Body> {
        let prepared = self.0.get(&answer).expect("all answers are prepared");
        let body = prepared.template.replace("$context.requestId", request_id);
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = prepared.status;
        response.headers_mut().extend(prepared.headers.iter().cloned());
        response
    }
}

fn prepare(answer: OwnAnswer, settings: GatewayResponse) -> Result<Prepared, String> {
    let (name, own_status, message) = answer.defaults();
    let status = match settings.status_code {
        Some(code) => code.parse().map_err(|_| format!("`{code}` is no status"))?,
        None => own_status,
    };
    let templates = settings.response_templates.into_iter();
    let own_template = || ("application/json".to_owned(), OWN_TEMPLATE.to_owned());
    let (content_type, template) = templates.into_iter().next().unwrap_or_else(own_template);
    let mut headers = vec![(CONTENT_TYPE, text(&content_type)?)];
    for (parameter, value) in settings.response_parameters {
        let header = parameter.strip_prefix("gatewayresponse.header.").unwrap_or_default();
        let header = header.parse().map_err(|_| format!("`{parameter}` is no header"))?;
        let fixed = value.strip_prefix('\'').and_then(|value| value.strip_suffix('\''));
        let fixed = fixed.ok_or_else(|| format!("`{value}` is not a text in quotes"))?;
        headers.retain(|(known, _)| *known != header);
        headers.push((header, text(fixed)?));
    }
    let template = template
        .replace("$context.error.messageString", &json!(message).to_string())
        .replace("$context.error.message", message)
        .replace("$context.error.responseType", name);
    Ok(Prepared { status, headers, template })
}

fn text(value: &str) -> Result<HeaderValue, String> {
    value.parse().map_err(|_| format!("`{value}` cannot stand in a header"))
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;

    async fn given(set: &str, answer: OwnAnswer) -> (u16, String, String) {
        let answers = OwnAnswers::new(&serde_json::from_str(set).unwrap()).unwrap();
        let response = answers.give(answer, "42");
        let content_type = response.headers()[CONTENT_TYPE].to_str().unwrap().to_owned();
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), 1_000).await.unwrap();
        (status, content_type, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn the_contract_decides_then_its_defaults_then_the_gateway() {
        let json = "application/json".to_owned();
        let own = given("{}", OwnAnswer::Unauthorized).await;
        assert_eq!(own, (401, json.clone(), r#"{"message":"Unauthorized"}"#.to_owned()));

        let set = r#"{
            "DEFAULT_4XX": {
                "responseTemplates": {"application/json": "$context.error.responseType"}
            },
            "ACCESS_DENIED": {
                "statusCode": "404",
                "responseParameters": {"gatewayresponse.header.Content-Type": "'text/plain'"},
                "responseTemplates": {"application/json": "no $context.requestId"}
            }
        }"#;
        let default = given(set, OwnAnswer::Unauthorized).await;
        assert_eq!(default, (401, json.clone(), "UNAUTHORIZED".to_owned()));
        let denied = given(set, OwnAnswer::AccessDenied).await;
        assert_eq!(denied, (404, "text/plain".to_owned(), "no 42".to_owned()));
        let died = given(set, OwnAnswer::BadGateway).await;
        assert_eq!(died, (502, json, r#"{"message":"Internal server error"}"#.to_owned()));
    }
}
