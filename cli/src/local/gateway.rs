//! The HTTP front, as API Gateway is: it finds the route, asks the authorizer, hands the request to
//! the route's function and passes its answer on.
//!
//! What it says by itself, when there is no route, no key or no answer, is the contract's too.

mod authorizer;
mod connection;
mod own_answer;
mod policy;
mod proxy;
mod routes;

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::extract::Request;
use axum::http::header::HOST;
use axum::http::{HeaderValue, Response, Version};
use hyper::body::Incoming;
use tokio::net::TcpListener;
use tokio::time::timeout;
use uuid::Uuid;

use self::authorizer::Authorizer;
use self::connection::{Malformed, REQUEST_ID};
use self::own_answer::{OwnAnswer, OwnAnswers};
use self::proxy::{ProxyRequest, STAGE};
use self::routes::{Route, Routes};
use super::console::{Busy, Console};
use super::function::{Function, InvokeError};
use super::log::say;
use super::openapi::Contract;

/// The longest body that API Gateway takes.
const BODY_BYTES_MAX: usize = 10 * 1024 * 1024;
/// The longest body that is read to its end, so that its sender listens to the answer.
const BODY_BYTES_READ_MAX: usize = 100 * 1024 * 1024;
/// How long a sender may take for its body.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// The contract, and the functions that keep it.
#[derive(Debug)]
pub(crate) struct Gateway {
    routes: Routes,
    own_answers: OwnAnswers,
    console: Arc<Console>,
    functions: Vec<Arc<Function>>,
    instances: usize,
}

impl Gateway {
    /// The gateway of this contract; `functions` go by their names in the template.
    ///
    /// # Errors
    ///
    /// What the contract says that cannot be served.
    pub(crate) fn new(
        contract: &Contract,
        functions: &BTreeMap<String, Arc<Function>>,
        console: Arc<Console>,
        instances: usize,
    ) -> Result<Self, String> {
        let function = |name: &String| {
            functions
                .get(name)
                .map(Arc::clone)
                .ok_or_else(|| format!("template.yaml has no function `{name}`"))
        };
        let mut authorizers = BTreeMap::new();
        for (name, set) in &contract.authorizers {
            let authorizer = Authorizer::new(function(&set.function)?, &set.header, set.ttl);
            authorizers.insert(name, Arc::new(authorizer));
        }
        let mut routes = Routes::default();
        for route in &contract.routes {
            let authorizer = route.scheme.as_ref().map(|name| {
                authorizers.get(name).map(Arc::clone).ok_or_else(|| format!("no scheme `{name}`"))
            });
            let method = route.method.parse().map_err(|_| format!("no method {}", route.method))?;
            let ready = Route {
                resource: route.path.clone(),
                function: function(&route.function)?,
                timeout: route.timeout,
                authorizer: authorizer.transpose()?,
            };
            routes.add(method, ready)?;
        }
        let own_answers = OwnAnswers::new(&contract.gateway_responses)?;
        let functions = functions.values().map(Arc::clone).collect();
        Ok(Self { routes, own_answers, console, functions, instances })
    }

    /// Answers requests until told to stop; those that are under way then are finished.
    pub(crate) async fn serve(
        self,
        listener: TcpListener,
        stop: impl Future<Output = ()> + Send + 'static,
    ) {
        let (head, body) =
            self.own_answers.give(OwnAnswer::BadRequest, Malformed::REQUEST_ID).into_parts();
        let body = to_bytes(body, BODY_BYTES_MAX).await.expect("it is at hand");
        let malformed = Malformed::new(&head, &body);
        let gateway = Arc::new(self);
        let answer = move |request: hyper::Request<Incoming>| {
            let gateway = Arc::clone(&gateway);
            async move { answer(&gateway, request.map(Body::new)).await }
        };
        connection::serve(listener, stop, answer, malformed).await;
    }

    async fn pass_on(
        &self,
        request: Request,
        request_id: &str,
    ) -> Result<Response<Body>, OwnAnswer> {
        let (head, body) = request.into_parts();
        // As HTTP/1.1 wants it (RFC 9112, 3.2): with none or two, nobody knows whom it is for.
        if head.version >= Version::HTTP_11 && head.headers.get_all(HOST).iter().count() != 1 {
            return Err(OwnAnswer::BadRequest);
        }
        let body = timeout(BODY_TIMEOUT, read(body)).await.map_err(|_| OwnAnswer::BadRequest)??;
        let path = without_stage(head.uri.path());
        let found = self.routes.find(&head.method, path);
        let (route, parameters) = found.ok_or(OwnAnswer::MissingAuthenticationToken)?;
        let request = ProxyRequest::new(&head, path, &route.resource, parameters, request_id);

        let grant = match &route.authorizer {
            Some(authorizer) => Some(authorizer.admit(&request).await?),
            None => None,
        };
        let caller = grant.as_ref().map(|grant| &grant.context);
        let request = request.with_caller(caller).with_body(&body).to_json();

        let answered = timeout(route.timeout, route.function.invoke(request)).await;
        let answer = answered.map_err(|_| OwnAnswer::IntegrationTimeout)?;
        answer.and_then(to_response).map_err(|error| {
            say(&route.function.name, &format!("no answer to {request_id}: {error}"));
            OwnAnswer::BadGateway
        })
    }
}

impl Gateway {
    /// What each function has to do.
    fn busy(&self) -> Busy {
        let of = |function: &Arc<Function>| {
            let capacity = function.concurrency.get().saturating_mul(self.instances);
            (function.name.clone(), (function.under_way(), capacity))
        };
        self.functions.iter().map(of).collect()
    }
}

/// The path inside the stage. API Gateway's own address has the stage in front, `/v1/events`, and a
/// domain of one's own has not; here both may be called.
fn without_stage(path: &str) -> &str {
    let inside = path.strip_prefix('/').and_then(|path| path.strip_prefix(STAGE));
    inside.filter(|inside| inside.starts_with('/')).unwrap_or(path)
}

async fn answer(gateway: &Gateway, request: Request) -> Response<Body> {
    let shown = gateway.console.answer(request.method(), request.uri().path(), || gateway.busy());
    if let Some(shown) = shown.await {
        return shown;
    }
    let request_id = Uuid::new_v4().to_string();
    let passed_on = gateway.pass_on(request, &request_id).await;
    let mut response = match passed_on {
        Ok(response) => response,
        Err(own_answer) => gateway.own_answers.give(own_answer, &request_id),
    };
    let request_id = HeaderValue::try_from(request_id).expect("a UUID is ASCII");
    response.headers_mut().insert(REQUEST_ID, request_id);
    response
}

fn to_response(answer: Bytes) -> Result<Response<Body>, InvokeError> {
    proxy::to_response(&answer)
        .ok_or_else(|| InvokeError::Failed("malformed Lambda proxy response".to_owned()))
}

/// The whole body, if the gateway takes it. A body that breaks off, or whose chunks make no sense,
/// is malformed.
async fn read(body: Body) -> Result<Vec<u8>, OwnAnswer> {
    let mut body = pin!(body);
    let mut read = Vec::new();
    let mut read_bytes = 0_usize;
    while let Some(frame) = std::future::poll_fn(|task| body.as_mut().poll_frame(task)).await {
        let Ok(frame) = frame else { return Err(OwnAnswer::BadRequest) };
        let Ok(data) = frame.into_data() else { continue };
        read_bytes = read_bytes.saturating_add(data.len());
        if read_bytes <= BODY_BYTES_MAX {
            read.extend_from_slice(&data);
        } else if read_bytes > BODY_BYTES_READ_MAX {
            break;
        }
    }
    if read_bytes <= BODY_BYTES_MAX { Ok(read) } else { Err(OwnAnswer::RequestTooLarge) }
}
