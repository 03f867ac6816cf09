//! openapi.yaml as API Gateway reads it: routes, what serves them, who may call, how long to wait,
//! and what the gateway says by itself.
//!
//! What this stack could not serve as API Gateway does is an error at the start, never a surprise
//! later: an integration that is no Lambda proxy, two security schemes on one operation.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use crate::Error;

const FILE: &str = "openapi.yaml";
/// API Gateway's own, where the contract says nothing.
const TIMEOUT_MS: u64 = 29_000;
const AUTHORIZER_TTL_S: u64 = 300;

/// All that the gateway needs to know.
#[derive(Debug)]
pub(crate) struct Contract {
    /// Every operation.
    pub(crate) routes: Vec<Route>,
    /// The authorizers, by their scheme's name.
    pub(crate) authorizers: BTreeMap<String, Authorizer>,
    /// What the gateway says by itself, by response type.
    pub(crate) gateway_responses: BTreeMap<String, GatewayResponse>,
}

/// One operation.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    /// `GET`, `POST`, ..
    pub(crate) method: String,
    /// With its parameters in braces.
    pub(crate) path: String,
    /// The template's resource that answers.
    pub(crate) function: String,
    /// How long the gateway waits for it.
    pub(crate) timeout: Duration,
    /// The security scheme, if a key is needed.
    pub(crate) scheme: Option<String>,
}

/// A Lambda authorizer of requests.
#[derive(Debug)]
pub(crate) struct Authorizer {
    /// The template's resource that decides.
    pub(crate) function: String,
    /// The header without which nobody is asked.
    pub(crate) header: String,
    /// How long its answer holds.
    pub(crate) ttl: Duration,
}

/// A gateway response, as the contract sets it.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GatewayResponse {
    /// In place of the type's own.
    pub(crate) status_code: Option<String>,
    /// `gatewayresponse.header.<name>`: `'<value>'`.
    #[serde(default)]
    pub(crate) response_parameters: BTreeMap<String, String>,
    /// By content type.
    #[serde(default)]
    pub(crate) response_templates: BTreeMap<String, String>,
}

impl Contract {
    /// Reads the contract from this file.
    ///
    /// # Errors
    ///
    /// [`Error::Read`], and [`Error::Unservable`] for what this stack does not know.
    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| Error::Read { path: path.to_owned(), source })?;
        Self::parse(&text).map_err(|why| Error::Unservable { file: FILE, why })
    }

    /// The template's resources that serve the operations, and decide who may call them.
    pub(crate) fn functions(&self) -> impl Iterator<Item = &str> {
        let serving = self.routes.iter().map(|route| route.function.as_str());
        serving.chain(self.authorizers.values().map(|authorizer| authorizer.function.as_str()))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let document: Document = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
        let schemes = document.components.security_schemes.into_iter();
        let authorizers = schemes.map(|(name, scheme)| Ok((name, scheme.authorizer.read()?)));
        let mut routes = Vec::new();
        for (path, item) in document.paths {
            for (method, operation) in item.operations() {
                let read = operation.read(method, &path);
                routes.push(read.map_err(|why| format!("{method} {path}: {why}"))?);
            }
        }
        Ok(Self {
            routes,
            authorizers: authorizers.collect::<Result<_, String>>()?,
            gateway_responses: document.gateway_responses,
        })
    }
}

#[derive(Deserialize)]
struct Document {
    paths: BTreeMap<String, PathItem>,
    #[serde(default)]
    components: Components,
    #[serde(rename = "x-amazon-apigateway-gateway-responses", default)]
    gateway_responses: BTreeMap<String, GatewayResponse>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Components {
    #[serde(default)]
    security_schemes: BTreeMap<String, Scheme>,
}

#[derive(Deserialize)]
struct Scheme {
    #[serde(rename = "x-amazon-apigateway-authorizer")]
    authorizer: AuthorizerSettings,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AuthorizerSettings {
    authorizer_uri: Uri,
    identity_source: String,
    authorizer_result_ttl_in_seconds: Option<u64>,
}

impl AuthorizerSettings {
    fn read(self) -> Result<Authorizer, String> {
        let header = self.identity_source.strip_prefix("method.request.header.");
        let header = header.ok_or("identitySource: one header is all that is understood")?;
        Ok(Authorizer {
            function: self.authorizer_uri.function()?,
            header: header.to_owned(),
            ttl: Duration::from_secs(
                self.authorizer_result_ttl_in_seconds.unwrap_or(AUTHORIZER_TTL_S),
            ),
        })
    }
}

#[derive(Deserialize)]
struct PathItem {
    get: Option<Operation>,
    put: Option<Operation>,
    post: Option<Operation>,
    delete: Option<Operation>,
    options: Option<Operation>,
    head: Option<Operation>,
    patch: Option<Operation>,
}

impl PathItem {
    fn operations(self) -> impl Iterator<Item = (&'static str, Operation)> {
        let operations = [
            ("GET", self.get),
            ("PUT", self.put),
            ("POST", self.post),
            ("DELETE", self.delete),
            ("OPTIONS", self.options),
            ("HEAD", self.head),
            ("PATCH", self.patch),
        ];
        operations.into_iter().filter_map(|(method, operation)| Some((method, operation?)))
    }
}

#[derive(Deserialize)]
struct Operation {
    #[serde(default)]
    security: Vec<BTreeMap<String, Vec<String>>>,
    #[serde(rename = "x-amazon-apigateway-integration")]
    integration: Integration,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Integration {
    r#type: String,
    uri: Uri,
    timeout_in_millis: Option<u64>,
}

impl Operation {
    fn read(self, method: &str, path: &str) -> Result<Route, String> {
        let Integration { r#type, uri, timeout_in_millis } = self.integration;
        if !r#type.eq_ignore_ascii_case("aws_proxy") {
            return Err(format!("an integration of type {type} is not understood, only aws_proxy"));
        }
        let mut schemes = self.security.into_iter().flat_map(BTreeMap::into_keys);
        let scheme = schemes.next();
        if schemes.next().is_some() {
            return Err("has two security schemes, which sam local refuses".to_owned());
        }
        Ok(Route {
            method: method.to_owned(),
            path: path.to_owned(),
            function: uri.function()?,
            timeout: Duration::from_millis(timeout_in_millis.unwrap_or(TIMEOUT_MS)),
            scheme,
        })
    }
}

/// `{Fn::Sub: "arn:..:function/${ReserveSeatsFunction.Alias}/invocations"}`
#[derive(Deserialize)]
struct Uri {
    #[serde(rename = "Fn::Sub")]
    substituted: String,
}

impl Uri {
    fn function(&self) -> Result<String, String> {
        let (_, function) = self.substituted.split_once("/functions/${").unwrap_or_default();
        match function.split_once(['.', '}']) {
            Some((function, _)) => Ok(function.to_owned()),
            None => Err(format!("no function in the uri `{}`", self.substituted)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_knows_its_function_its_patience_and_its_key() {
        let contract = Contract::parse(
            r#"
            paths:
              /reservations:
                parameters: []
                post:
                  operationId: reserveSeats
                  security: [{PartnerKey: []}]
                  x-amazon-apigateway-integration:
                    type: aws_proxy
                    timeoutInMillis: 10000
                    uri: {Fn::Sub: "arn:a:b/functions/${ReserveSeatsFunction.Alias}/invocations"}
            components:
              securitySchemes:
                PartnerKey:
                  type: apiKey
                  x-amazon-apigateway-authorizer:
                    type: request
                    identitySource: method.request.header.Authorization
                    authorizerUri:
                      Fn::Sub: "arn:a:b/functions/${AuthorizePartnerFunction.Arn}/invocations"
            "#,
        )
        .expect("it is servable");

        let [route] = contract.routes.as_slice() else { panic!("one route") };
        assert_eq!(route.function, "ReserveSeatsFunction");
        assert_eq!(route.timeout, Duration::from_secs(10));
        assert_eq!(route.scheme.as_deref(), Some("PartnerKey"));
        let authorizer = &contract.authorizers["PartnerKey"];
        assert_eq!(authorizer.function, "AuthorizePartnerFunction");
        assert_eq!(authorizer.header, "Authorization");
        assert_eq!(authorizer.ttl, Duration::from_secs(300));
    }
}
