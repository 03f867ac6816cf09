//! The calls of a smoke test, each with what is found.

use std::time::Duration;

use axum::body::Body;
use axum::http::header::AUTHORIZATION;
use axum::http::{Method, Request, Response};
use serde_json::Value;
use shared::access::AccessToken;
use tokio::time::timeout;

use super::answer::Answer;
use crate::Error;
use crate::http_client::HttpClient;
use crate::target::Target;

/// Longer than the gateway waits for a function, cold start and all.
const PATIENCE: Duration = Duration::from_secs(15);

/// Who calls.
#[derive(Debug, Clone, Copy)]
pub(super) enum As {
    Partner,
    Organiser,
    /// With this in place of a key.
    Stranger(&'static str),
    Nobody,
}

/// What to send.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) by: As,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: String,
}

/// A call without headers and body.
pub(super) fn call(method: Method, path: impl Into<String>, by: As) -> Call {
    Call { method, path: path.into(), by, headers: Vec::new(), body: String::new() }
}

impl Call {
    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn body(self, body: &Value) -> Self {
        Self { body: body.to_string(), ..self }
    }
}

/// One thing that was looked at.
#[derive(Debug)]
pub(super) struct Finding {
    pub(super) what: String,
    /// What is wrong with it; nothing, if all is well.
    pub(super) wrong: Option<String>,
}

/// The stack, who calls it, and what was found.
#[derive(Debug)]
pub(super) struct Calls {
    target: Target,
    client: HttpClient,
    key: AccessToken,
    organiser: AccessToken,
    pub(super) findings: Vec<Finding>,
    last_request_id: String,
}

impl Calls {
    /// Calls to what is there, by these two.
    ///
    /// # Errors
    ///
    /// [`Error::System`] when this machine knows no certificates.
    pub(super) fn new(
        target: Target,
        key: AccessToken,
        organiser: AccessToken,
    ) -> Result<Self, Error> {
        let client = HttpClient::for_target(&target)?;
        let (findings, last_request_id) = (Vec::new(), String::new());
        Ok(Self { target, client, key, organiser, findings, last_request_id })
    }

    /// The last problem's `requestId`.
    pub(super) fn last_request_id(&self) -> &str {
        &self.last_request_id
    }

    /// Notes what is wrong, if anything is.
    pub(super) fn note(&mut self, what: impl Into<String>, wrong: Option<String>) {
        self.findings.push(Finding { what: what.into(), wrong });
    }

    /// Sends it, notes whether the answer has this status and code, and gives the answer. `code` is
    /// empty for a success.
    pub(super) async fn expect(
        &mut self,
        what: &str,
        call: Call,
        status: u16,
        code: &str,
    ) -> Answer {
        let said = format!("{what}: {status} {code}");
        match self.send(call).await {
            Some(answer) => {
                if let Some(id) = answer.member("requestId").as_str() {
                    id.clone_into(&mut self.last_request_id);
                }
                self.note(said.trim_end(), answer.fault(status, code));
                answer
            }
            None => {
                self.note(said.trim_end(), Some("no answer".to_owned()));
                Answer(Response::default())
            }
        }
    }

    /// The status of the answer, if there is one. Nothing is noted.
    pub(super) async fn status_of(&self, call: Call) -> Option<u16> {
        Some(self.send(call).await?.0.status().as_u16())
    }

    async fn send(&self, call: Call) -> Option<Answer> {
        let mut request = Request::builder().method(call.method).uri(self.target.at(&call.path));
        let token = match call.by {
            As::Partner => Some(self.key.reveal()),
            As::Organiser => Some(self.organiser.reveal()),
            As::Stranger(token) => Some(token),
            As::Nobody => None,
        };
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        for (name, value) in call.headers {
            request = request.header(name, value);
        }
        let request = request.body(Body::from(call.body)).ok()?;
        let answered = timeout(PATIENCE, self.client.exchange(request)).await.ok()??;
        Some(Answer(answered))
    }
}
