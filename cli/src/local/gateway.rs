//! The HTTP front, as API Gateway is: it finds the route, asks the authorizer, hands the request to
//! the route's function and passes its answer on.
//!
//! What it says by itself, when there is no route, no key or no answer, is the contract's too.

mod authorizer;
mod own_answer;
mod policy;
mod proxy;
mod routes;

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Response};
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::time::timeout;
use uuid::Uuid;

use self::authorizer::Authorizer;
use self::own_answer::{OwnAnswer, OwnAnswers};
use self::proxy::ProxyRequest;
use self::routes::{Route, Routes};
use super::function::{Function, InvokeError};
use super::log::say;
use super::openapi::Contract;

/// The longest body that API Gateway takes.
const BODY_BYTES_MAX: usize = 10 * 1024 * 1024;
/// The longest body that is read to its end, so that its sender listens to the answer.
const BODY_BYTES_READ_MAX: usize = 100 * 1024 * 1024;
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// The contract, and the functions that keep it.
#[derive(Debug)]
pub(crate) struct Gateway {
    routes: Routes,
    own_answers: OwnAnswers,
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
        Ok(Self { routes, own_answers: OwnAnswers::new(&contract.gateway_responses)? })
    }

    /// Answers requests until told to stop; those that are under way then are finished.
    pub(crate) async fn serve(
        self,
        listener: TcpListener,
        stop: impl Future<Output = ()> + Send + 'static,
    ) {
        let listener = listener.tap_io(|stream| {
            // Without it only latency suffers, so a refusal is no reason to stop.
            let _ = stream.set_nodelay(true);
        });
        let router = Router::new().fallback(answer).with_state(Arc::new(self));
        let served = axum::serve(listener, router).with_graceful_shutdown(stop).await;
        served.expect("accepting never fails");
    }

    async fn pass_on(
        &self,
        request: Request,
        request_id: &str,
    ) -> Result<Response<Body>, OwnAnswer> {
        let (head, body) = request.into_parts();
        let body = read(body).await?;
        let found = self.routes.find(&head.method, head.uri.path());
        let (route, parameters) = found.ok_or(OwnAnswer::MissingAuthenticationToken)?;
        let request = ProxyRequest::new(&head, &route.resource, parameters, request_id);

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

async fn answer(State(gateway): State<Arc<Gateway>>, request: Request) -> Response<Body> {
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

/// The whole body, if the gateway takes it. What a sender broke off is not worth an answer, but
/// gets one.
async fn read(body: Body) -> Result<Vec<u8>, OwnAnswer> {
    let mut body = pin!(body);
    let mut read = Vec::new();
    let mut read_bytes = 0_usize;
    while let Some(frame) = std::future::poll_fn(|task| body.as_mut().poll_frame(task)).await {
        let Ok(frame) = frame else { return Err(OwnAnswer::RequestTooLarge) };
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
