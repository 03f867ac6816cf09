//! A request and its answer, between HTTP and the JSON of a Lambda proxy integration (REST API,
//! payload version 1).

use std::borrow::Cow;
use std::collections::BTreeMap;

use aws_lambda_events::apigw::ApiGatewayProxyResponse;
use aws_lambda_events::encodings;
use axum::body::{Body, Bytes};
use axum::http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use axum::http::header::{USER_AGENT, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Serialize;
use serde_json::{Map, Value};

use shared::boot::clock;

use crate::local::aws;

/// The values of a path's parameters, decoded.
pub(super) type PathParameters<'a> = BTreeMap<&'a str, Cow<'a, str>>;

/// The stage, which every ARN names, and the path at API Gateway's own address.
pub(super) const STAGE: &str = "v1";

/// A request, as a function reads it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProxyRequest<'a> {
    resource: &'a str,
    path: &'a str,
    http_method: &'a str,
    headers: BTreeMap<&'a str, Cow<'a, str>>,
    multi_value_headers: BTreeMap<&'a str, Vec<Cow<'a, str>>>,
    query_string_parameters: Option<BTreeMap<Cow<'a, str>, Cow<'a, str>>>,
    multi_value_query_string_parameters: Option<BTreeMap<Cow<'a, str>, Vec<Cow<'a, str>>>>,
    path_parameters: Option<PathParameters<'a>>,
    stage_variables: Option<()>,
    request_context: RequestContext<'a>,
    body: Option<Cow<'a, str>>,
    is_base64_encoded: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext<'a> {
    account_id: &'static str,
    api_id: &'static str,
    stage: &'static str,
    protocol: &'static str,
    request_id: &'a str,
    request_time: String,
    request_time_epoch: i64,
    resource_path: &'a str,
    http_method: &'a str,
    path: &'a str,
    identity: Identity<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorizer: Option<&'a Map<String, Value>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Identity<'a> {
    source_ip: &'static str,
    user_agent: Option<Cow<'a, str>>,
}

impl<'a> ProxyRequest<'a> {
    /// The request without its body and before anybody has said who calls. `path` is the path
    /// inside the stage.
    pub(super) fn new(
        head: &'a Parts,
        path: &'a str,
        resource: &'a str,
        path_parameters: PathParameters<'a>,
        request_id: &'a str,
    ) -> Self {
        let http_method = head.method.as_str();
        let now = clock();
        let query =
            head.uri.query().map(|query| in_lists(form_urlencoded::parse(query.as_bytes())));
        let headers = head.headers.iter().map(|(name, value)| (name.as_str(), readable(value)));
        let headers = in_lists(headers);
        let request_context = RequestContext {
            account_id: aws::ACCOUNT,
            api_id: aws::API_ID,
            stage: STAGE,
            protocol: "HTTP/1.1",
            request_id,
            request_time: now.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            request_time_epoch: now.as_millisecond(),
            resource_path: resource,
            http_method,
            path: head.uri.path(),
            identity: Identity {
                source_ip: "127.0.0.1",
                user_agent: head.headers.get(USER_AGENT).map(readable),
            },
            authorizer: None,
        };
        Self {
            resource,
            path,
            http_method,
            headers: last_of_each(&headers),
            multi_value_headers: headers,
            query_string_parameters: query.as_ref().map(last_of_each),
            multi_value_query_string_parameters: query,
            path_parameters: Some(path_parameters).filter(|parameters| !parameters.is_empty()),
            stage_variables: None,
            request_context,
            body: None,
            is_base64_encoded: false,
        }
    }

    /// The request from a caller of whom the authorizer said this.
    pub(super) fn with_caller(mut self, context: Option<&'a Map<String, Value>>) -> Self {
        self.request_context.authorizer = context;
        self
    }

    /// The request with this body: as it is, or in base64 if it is no text.
    pub(super) fn with_body(mut self, body: &'a [u8]) -> Self {
        let text = str::from_utf8(body);
        self.is_base64_encoded = text.is_err();
        let body = text.map_or_else(|_| Cow::Owned(BASE64.encode(body)), Cow::Borrowed);
        self.body = Some(body).filter(|body| !body.is_empty());
        self
    }

    /// The JSON that the function is given.
    pub(super) fn to_json(&self) -> Bytes {
        serde_json::to_vec(self).expect("all keys are texts").into()
    }

    /// What is called, as a policy names it.
    pub(super) fn method_arn(&self) -> String {
        aws::method_arn(STAGE, self.http_method, self.path)
    }

    /// The value of this header.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(AsRef::as_ref)
    }
}

fn readable(value: &HeaderValue) -> Cow<'_, str> {
    String::from_utf8_lossy(value.as_bytes())
}

fn in_lists<Name: Ord, Text>(
    pairs: impl Iterator<Item = (Name, Text)>,
) -> BTreeMap<Name, Vec<Text>> {
    let mut lists = BTreeMap::<Name, Vec<Text>>::new();
    for (name, value) in pairs {
        lists.entry(name).or_default().push(value);
    }
    lists
}

fn last_of_each<Name: Ord + Clone, Text: Clone>(
    lists: &BTreeMap<Name, Vec<Text>>,
) -> BTreeMap<Name, Text> {
    let last = |(name, values): (&Name, &Vec<Text>)| Some((name.clone(), values.last()?.clone()));
    lists.iter().filter_map(last).collect()
}

/// The answer in the JSON that a function gave, or `None` if it is no answer.
pub(super) fn to_response(answer: &[u8]) -> Option<Response<Body>> {
    let answer: ApiGatewayProxyResponse = serde_json::from_slice(answer).ok()?;
    let body = match answer.body {
        Some(encodings::Body::Text(text)) if answer.is_base64_encoded => {
            BASE64.decode(text).ok()?
        }
        Some(encodings::Body::Text(text)) => text.into_bytes(),
        Some(encodings::Body::Binary(bytes)) => bytes,
        Some(_) | None => Vec::new(),
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(u16::try_from(answer.status_code).ok()?).ok()?;
    *response.headers_mut() = merge(answer.multi_value_headers, answer.headers);
    Some(response)
}

/// All values of `lists`, and of `singles` those that are not among them; without the headers
/// that are the gateway's own business.
fn merge(mut lists: HeaderMap, singles: HeaderMap) -> HeaderMap {
    for (name, value) in &singles {
        if !lists.get_all(name).iter().any(|known| known == value) {
            lists.append(name, value.clone());
        }
    }
    for name in [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING] {
        lists.remove(name);
    }
    if let Some(challenge) = lists.remove(WWW_AUTHENTICATE) {
        lists.insert(HeaderName::from_static("x-amzn-remapped-www-authenticate"), challenge);
    }
    lists.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
    lists
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use axum::http::Request;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_request_arrives_as_api_gateway_would_hand_it_over() {
        let request = Request::get("/v1/events/a%20b?x=1&x=2%263").header("Accept", "a");
        let (head, ()) = request.header("Accept", "b").body(()).unwrap().into_parts();
        let parameters = BTreeMap::from([("eventId", "a b".into())]);
        let request =
            ProxyRequest::new(&head, "/events/a%20b", "/events/{eventId}", parameters, "42");
        let arn = "arn:aws:execute-api:us-east-1:123456789012:local/v1/GET/events/a%20b";
        assert_eq!(request.method_arn(), arn);

        let request = request.with_body(b"\xff");
        let sent: Value = serde_json::from_slice(&request.to_json()).unwrap();
        assert_eq!(sent["resource"], "/events/{eventId}");
        assert_eq!(sent["path"], "/events/a%20b");
        assert_eq!(sent["requestContext"]["path"], "/v1/events/a%20b");
        assert_eq!(sent["headers"], json!({"accept": "b"}));
        assert_eq!(sent["multiValueHeaders"], json!({"accept": ["a", "b"]}));
        assert_eq!(sent["queryStringParameters"], json!({"x": "2&3"}));
        assert_eq!(sent["multiValueQueryStringParameters"], json!({"x": ["1", "2&3"]}));
        assert_eq!(sent["pathParameters"], json!({"eventId": "a b"}));
        assert_eq!(sent["requestContext"]["requestId"], "42");
        assert_eq!((&sent["body"], &sent["isBase64Encoded"]), (&json!("/w=="), &json!(true)));
    }

    #[tokio::test]
    async fn an_answer_leaves_as_api_gateway_would_pass_it_on() {
        let answer = json!({
            "statusCode": 201,
            "headers": {"ETag": "\"v1\"", "X-Two": "b", "Content-Length": "99"},
            "multiValueHeaders": {"x-two": ["a", "b"], "WWW-Authenticate": ["Bearer"]},
            "body": "/w==",
            "isBase64Encoded": true,
        });
        let response = to_response(answer.to_string().as_bytes()).expect("it is an answer");
        assert_eq!(response.status(), StatusCode::CREATED);
        let headers = response.headers().clone();
        assert_eq!(headers["etag"], "\"v1\"");
        assert_eq!(headers["content-type"], "application/json");
        assert_eq!(headers["x-amzn-remapped-www-authenticate"], "Bearer");
        let two: Vec<_> = headers.get_all("x-two").iter().collect();
        assert_eq!(two, ["a", "b"]);
        assert!(!headers.contains_key("content-length"));
        assert_eq!(to_bytes(response.into_body(), 9).await.unwrap().as_ref(), b"\xff");

        for nonsense in ["", "null", "{}", r#"{"statusCode":99}"#, r#"{"statusCode":"x"}"#] {
            assert!(to_response(nonsense.as_bytes()).is_none(), "{nonsense}");
        }
    }
}
