//! A wire on which all that is said is noted.

use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use serde_json::Value;

use super::Wire;

/// A request, and how it was answered.
#[derive(Debug, Clone)]
pub(crate) struct Exchange {
    pub(crate) operation: String,
    pub(crate) request: Value,
    pub(crate) status: u16,
    pub(crate) answer: Value,
}

/// The wire, and all that was said on it.
#[derive(Debug, Clone)]
pub(crate) struct Recorder {
    wire: Wire,
    said: Arc<Mutex<Vec<Exchange>>>,
}

impl Recorder {
    pub(crate) fn on(wire: Wire) -> Self {
        Self { wire, said: Arc::default() }
    }

    /// All that was said until now.
    pub(crate) fn said(&self) -> Vec<Exchange> {
        self.said.lock().expect("noting does not panic").clone()
    }

    /// Sends a request that no SDK sends.
    pub(crate) async fn say(&self, exchange: &Exchange) {
        let mut request = HttpRequest::new(exchange.request.to_string().into());
        let target = format!("DynamoDB_20120810.{}", exchange.operation);
        request.headers_mut().insert("x-amz-target", target);
        self.call(request).await.expect("it is calm");
    }
}

impl HttpConnector for Recorder {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").expect("the operation");
        let operation = target.rsplit('.').next().expect("a target has a dot").to_owned();
        let asked = serde_json::from_slice(request.body().bytes().expect("it is in memory"));
        let (answering, said) = (self.wire.call(request), Arc::clone(&self.said));
        HttpConnectorFuture::new(async move {
            let answered = answering.await?;
            let answer = serde_json::from_slice(answered.body().bytes().expect("in memory"));
            said.lock().expect("noting does not panic").push(Exchange {
                operation,
                request: asked.expect("the SDK sends JSON"),
                status: answered.status().as_u16(),
                answer: answer.expect("it is calm"),
            });
            Ok(answered)
        })
    }
}
