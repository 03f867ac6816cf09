//! A client of the API, for the commands that call it as a partner would.
//!
//! Nothing is retried. A connection that is found closed before anything was written to it is
//! replaced, and that time counts like any other.

use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::{Request, Response};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::Error;
use crate::target::Target;

/// No answer of the contract is longer, but the assets of its documentation.
const BODY_MAX: usize = 4 * 1024 * 1024;

/// Less than any gateway keeps a connection open that nobody uses.
const IDLE: Duration = Duration::from_secs(20);

/// Without TLS there is no need for the machine's certificates, and it may have none.
#[derive(Debug)]
pub(crate) enum HttpClient {
    Plain(Client<HttpConnector, Body>),
    Secure(Client<HttpsConnector<HttpConnector>, Body>),
}

impl HttpClient {
    /// A client of what is there. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`Error::System`] when this machine knows no certificates.
    pub(crate) fn for_target(target: &Target) -> Result<Self, Error> {
        let mut client = Client::builder(TokioExecutor::new());
        client.pool_idle_timeout(IDLE).pool_timer(TokioTimer::new());
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        if !target.is_secure() {
            return Ok(Self::Plain(client.build(connector)));
        }
        connector.enforce_http(false);
        let tls = HttpsConnectorBuilder::new().with_native_roots().map_err(no_certificates)?;
        let connector = tls.https_only().enable_http1().wrap_connector(connector);
        Ok(Self::Secure(client.build(connector)))
    }

    /// The whole answer, or none if the connection broke off.
    pub(crate) async fn exchange(&self, request: Request<Body>) -> Option<Response<Bytes>> {
        let response = match self {
            Self::Plain(client) => client.request(request).await,
            Self::Secure(client) => client.request(request).await,
        };
        let (head, body) = response.ok()?.into_parts();
        let body = to_bytes(Body::new(body), BODY_MAX).await.ok()?;
        Some(Response::from_parts(head, body))
    }
}

fn no_certificates(source: io::Error) -> Error {
    Error::System { what: "find this machine's certificates, which https needs", source }
}
