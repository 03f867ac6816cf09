//! A call of the API, as a partner's server makes it.

use std::time::Duration;

use reqwest::header::AUTHORIZATION;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::Value;
use shared::access::AccessToken;

use crate::Reservation;

/// The contract's own bound for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// What went wrong, and at which step.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// There was no answer, or it could not be read.
    #[error("{step}: no answer")]
    Unanswered {
        /// What the call was for.
        step: &'static str,
        /// What the connection says.
        source: reqwest::Error,
    },
    /// The answer was another one.
    #[error("{step}: expected {expected}, got {status} {body}")]
    Answered {
        /// What the call was for.
        step: &'static str,
        /// The status that the contract gives.
        expected: StatusCode,
        /// The one that came.
        status: StatusCode,
        /// What came with it.
        body: String,
    },
    /// The reservation was not as it must be.
    #[error("{step}: expected {expected:?}, got {found:?}")]
    Differs {
        /// What the call was for.
        step: &'static str,
        /// As it must be.
        expected: Reservation,
        /// As it was told.
        found: Reservation,
    },
}

/// One call. It can be sent more than once.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    step: &'static str,
    method: Method,
    path: String,
    has_key: bool,
    header: Option<(&'static str, String)>,
    body: Option<Value>,
}

impl Call {
    pub(crate) fn new(step: &'static str, method: Method, path: &str) -> Self {
        let path = path.to_owned();
        Self { step, method, path, has_key: true, header: None, body: None }
    }

    pub(crate) fn without_key(&self) -> Self {
        Self { step: "be refused without a key", has_key: false, ..self.clone() }
    }

    pub(crate) fn header(self, name: &'static str, value: String) -> Self {
        Self { header: Some((name, value)), ..self }
    }

    pub(crate) fn body(self, body: Value) -> Self {
        Self { body: Some(body), ..self }
    }
}

/// The API, as somebody with this key sees it.
#[derive(Debug)]
pub(crate) struct Front {
    http: Client,
    url: String,
    key: AccessToken,
}

impl Front {
    pub(crate) fn of(url: &str, key: &AccessToken) -> Self {
        let http = Client::builder().timeout(PATIENCE).build();
        let http = http.expect("the system has certificates");
        Self { http, url: url.to_owned(), key: key.clone() }
    }

    pub(crate) async fn send(&self, call: &Call) -> Result<Response, Failed> {
        let url = format!("{}{}", self.url, call.path);
        let mut request = self.http.request(call.method.clone(), url);
        if call.has_key {
            request = request.header(AUTHORIZATION, format!("Bearer {}", self.key.reveal()));
        }
        if let Some((name, value)) = &call.header {
            request = request.header(*name, value);
        }
        let request = call.body.iter().fold(request, RequestBuilder::json);
        request.send().await.map_err(|source| Failed::Unanswered { step: call.step, source })
    }

    pub(crate) async fn expect(&self, call: Call, expected: StatusCode) -> Result<(), Failed> {
        self.checked(&call, expected).await.map(drop)
    }

    pub(crate) async fn read(
        &self,
        call: &Call,
        expected: StatusCode,
    ) -> Result<Reservation, Failed> {
        let answer = self.checked(call, expected).await?;
        answer.json().await.map_err(|source| Failed::Unanswered { step: call.step, source })
    }

    pub(crate) async fn read_same(
        &self,
        call: &Call,
        status: StatusCode,
        expected: &Reservation,
    ) -> Result<(), Failed> {
        let found = self.read(call, status).await?;
        if found == *expected {
            return Ok(());
        }
        Err(Failed::Differs { step: call.step, expected: expected.clone(), found })
    }

    async fn checked(&self, call: &Call, expected: StatusCode) -> Result<Response, Failed> {
        let answer = self.send(call).await?;
        let (step, status) = (call.step, answer.status());
        if status == expected {
            return Ok(answer);
        }
        let body = answer.text().await.map_err(|source| Failed::Unanswered { step, source })?;
        Err(Failed::Answered { step, expected, status, body })
    }
}
