//! A caller over HTTP, with its access key.

use reqwest::header::HeaderValue;
use reqwest::{Method, RequestBuilder, Url};
use serde_json::Value;
use tokio::sync::{Mutex, MutexGuard};

use super::answer::Answer;
use super::contract;

/// Somebody who calls a stack. Cheap to clone; lives as long as its test.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    url: String,
    authorization: Option<String>,
}

/// A request that is not sent yet.
#[must_use]
pub(crate) struct Call {
    method: String,
    path: String,
    request: RequestBuilder,
    is_keyed: bool,
}

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

    /// The path that a reference in the answer to a call of this path names, resolved as RFC 9110
    /// says.
    pub(crate) fn resolve(&self, called: &str, reference: &str) -> String {
        let called = Url::parse(&format!("{}{called}", self.url)).expect("an address");
        let named = called.join(reference).expect("a reference");
        let path = named.as_str().strip_prefix(&self.url).expect("it stays on this stack");
        path.to_owned()
    }

    /// Any method.
    pub(crate) fn call(&self, method: &str, path: &str) -> Call {
        let named = Method::from_bytes(method.as_bytes()).expect("a method");
        let request = self.http.request(named, format!("{}{path}", self.url));
        let request = match &self.authorization {
            Some(authorization) => request.header("Authorization", authorization),
            None => request,
        };
        Call { method: method.to_owned(), path: path.to_owned(), request, is_keyed: false }
    }
}

impl Call {
    pub(crate) fn header(self, name: &str, value: &str) -> Self {
        // Bytes, since a test may send what no header should hold.
        let value = HeaderValue::from_bytes(value.as_bytes()).expect("a header on one line");
        Self { request: self.request.header(name, value), ..self }
    }

    /// With this `Idempotency-Key`.
    pub(crate) fn keyed(self, key: &str) -> Self {
        Self { is_keyed: true, ..self.header("Idempotency-Key", key) }
    }

    pub(crate) fn body(self, body: impl Into<Vec<u8>>) -> Self {
        let request = self.request.header("Content-Type", "application/json").body(body.into());
        Self { request, ..self }
    }

    /// Sends it as partners are told to: if it has a key, until it is known what became of it.
    async fn settle(mut self) -> Answer {
        for _ in 0..10 {
            let request = self.request.try_clone().expect("its body is at hand");
            let again =
                Self { method: self.method.clone(), path: self.path.clone(), request, ..self };
            let answer = self.send().await;
            if answer.status < 500 || !again.is_keyed {
                return answer;
            }
            self = again;
        }
        self.send().await
    }

    /// Sends it, and waits for the whole answer, which must be one that openapi.yaml allows.
    pub(crate) async fn send(self) -> Answer {
        let response = self.request.send().await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await.expect("the whole answer");
        let text = String::from_utf8(body.to_vec()).expect("every answer is UTF-8");
        let answer = Answer { status, headers, text };
        contract::check(&self.method, &self.path, &answer);
        answer
    }
}

/// Waits until no other test is in a rush: a request waits 10 seconds for a free instance, and two
/// rushes on a small machine may take longer.
pub(crate) async fn rush() -> MutexGuard<'static, ()> {
    static RUSH: Mutex<()> = Mutex::const_new(());
    RUSH.lock().await
}

/// Sends all of them at the same time; the answers come in the order of the calls. On a machine
/// that is busy with more than this, an outcome may be unknown: that of a call with a key is asked
/// for again.
pub(crate) async fn at_once(calls: impl IntoIterator<Item = Call>) -> Vec<Answer> {
    let sent: Vec<_> = calls.into_iter().map(|call| tokio::spawn(call.settle())).collect();
    let mut answers = Vec::new();
    for answer in sent {
        answers.push(answer.await.expect("sending does not panic"));
    }
    answers
}
