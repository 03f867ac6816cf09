//! An answer, and what is wrong with it.

use axum::body::Bytes;
use axum::http::Response;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use serde_json::Value;

/// An answer, whole.
#[derive(Debug)]
pub(super) struct Answer(pub(super) Response<Bytes>);

impl Answer {
    /// The header, or an empty text.
    pub(super) fn header(&self, name: &str) -> &str {
        self.0.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// A member of the body, or `null` if it has none.
    pub(super) fn member(&self, name: &str) -> Value {
        let body: Value = serde_json::from_slice(self.0.body()).unwrap_or_default();
        body.get(name).cloned().unwrap_or_default()
    }

    /// What differs from this status and, for a refusal, this problem's code: nothing, if all is
    /// as it must be.
    pub(super) fn fault(&self, status: u16, code: &str) -> Option<String> {
        let got = self.0.status().as_u16();
        let got_code = self.member("code");
        if (got, got_code.as_str().unwrap_or_default()) != (status, code) {
            let text = String::from_utf8_lossy(self.0.body());
            let text: String = text.chars().take(200).collect();
            return Some(format!("expected {status} {code}, got {got} {text}"));
        }
        if code.is_empty() { None } else { self.fault_of_problem(status) }
    }

    /// What is missing of a whole problem: RFC 9457 and the contract's own members.
    fn fault_of_problem(&self, status: u16) -> Option<String> {
        let content_type = self.header(CONTENT_TYPE.as_str());
        if content_type != "application/problem+json" {
            return Some(format!("it is {content_type}, not application/problem+json"));
        }
        let texts = ["type", "title", "detail", "error", "requestId"];
        let is_missing = |member: &&&str| self.member(member).as_str().is_none_or(str::is_empty);
        if let Some(missing) = texts.iter().find(is_missing) {
            return Some(format!("its problem has no {missing}"));
        }
        if self.member("status") != status {
            return Some(format!("its problem says {}", self.member("status")));
        }
        let waits = !self.header(RETRY_AFTER.as_str()).is_empty();
        (self.member("retryable") != waits).then(|| "Retry-After and retryable differ".to_owned())
    }
}
