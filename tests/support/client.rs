//! A caller over HTTP, with its access key.

use reqwest::Method;
use reqwest::header::HeaderValue;
use serde_json::Value;
use tokio::sync::{Mutex, MutexGuard};

use super::answer::Answer;

/// Somebody who calls a stack. Cheap to clone; lives as long as its test.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    url: String,
    authorization: Option<String>,
}

/// A request that is not sent yet.
#[must_use]
pub(crate) struct Call(reqwest::RequestBuilder);

impl Client {
    /// A caller without a key.
    pub(crate) fn anonymous(url: &str) -> Self {
        let http = reqwest::Client::builder().build().expect("an HTTP client");
        Self { http, url: url.to_owned(), authorization: None }
    }

    /// The same caller with this key.
    pub(crate) fn with_key(&self, key: &str) -> Self {
        self.with_authorization(&format!("Bearer {key}"))
    }

    /// The same caller with this header, whatever it says.
    pub(crate) fn with_authorization(&self, authorization: &str) -> Self {
        Self { authorization: Some(authorization.to_owned()), ..self.clone() }
    }

    pub(crate) fn get(&self, path: &str) -> Call {
        self.call("GET", path)
    }

    pub(crate) fn delete(&self, path: &str) -> Call {
        self.call("DELETE", path)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Call {
        self.call("POST", path).body(body.to_string())
    }

    /// Any method.
    pub(crate) fn call(&self, method: &str, path: &str) -> Call {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let call = self.http.request(method, format!("{}{path}", self.url));
        Call(match &self.authorization {
            Some(authorization) => call.header("Authorization", authorization),
            None => call,
        })
    }
}

impl Call {
    pub(crate) fn header(self, name: &str, value: &str) -> Self {
        // Bytes, since a test may send what no header should hold.
        let value = HeaderValue::from_bytes(value.as_bytes()).expect("a header on one line");
        Self(self.0.header(name, value))
    }

    /// With this `Idempotency-Key`.
    pub(crate) fn keyed(self, key: &str) -> Self {
        self.header("Idempotency-Key", key)
    }

    pub(crate) fn body(self, body: impl Into<Vec<u8>>) -> Self {
        Self(self.0.header("Content-Type", "application/json").body(body.into()))
    }

    /// Sends it, and waits for the whole answer.
    pub(crate) async fn send(self) -> Answer {
        let response = self.0.send().await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await.expect("the whole answer");
        let text = String::from_utf8(body.to_vec()).expect("every answer is UTF-8");
        Answer { status, headers, text }
    }
}

/// Waits until no other test is in a rush: a request waits 10 seconds for a free instance, and two
/// rushes on a small machine may take longer.
pub(crate) async fn rush() -> MutexGuard<'static, ()> {
    static RUSH: Mutex<()> = Mutex::const_new(());
    RUSH.lock().await
}

/// Sends all of them at the same time; the answers come in the order of the calls.
pub(crate) async fn at_once(calls: impl IntoIterator<Item = Call>) -> Vec<Answer> {
    let sent: Vec<_> = calls.into_iter().map(|call| tokio::spawn(call.send())).collect();
    let mut answers = Vec::new();
    for answer in sent {
        answers.push(answer.await.expect("sending does not panic"));
    }
    answers
}
