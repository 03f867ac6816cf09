//! Which operation a request is for, by its method and path.
//!
//! A path that ends in `/` is another path, and there is none. AWS's documents do not say what a
//! REST API makes of one; see `shared::parse::caller`, which refuses it wherever it gets through.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::http::Method;
use percent_encoding::percent_decode_str;

use super::authorizer::Authorizer;
use super::proxy::PathParameters;
use crate::local::function::Function;

/// All operations.
#[derive(Debug, Default)]
pub(super) struct Routes {
    paths: matchit::Router<HashMap<Method, Route>>,
}

/// One operation, ready to be called.
#[derive(Debug)]
pub(super) struct Route {
    /// Its path, with parameters in braces.
    pub(super) resource: String,
    /// What answers.
    pub(super) function: Arc<Function>,
    /// How long the gateway waits for it.
    pub(super) timeout: Duration,
    /// Who decides about callers, if a key is needed.
    pub(super) authorizer: Option<Arc<Authorizer>>,
}

impl Routes {
    /// Adds an operation.
    ///
    /// # Errors
    ///
    /// What is wrong with its path.
    pub(super) fn add(&mut self, method: Method, route: Route) -> Result<(), String> {
        let path = route.resource.clone();
        if let Ok(known) = self.paths.at_mut(&path) {
            known.value.insert(method, route);
            return Ok(());
        }
        let methods = HashMap::from([(method, route)]);
        self.paths.insert(&path, methods).map_err(|error| format!("{path}: {error}"))
    }

    /// The operation of this method and path, if there is one.
    pub(super) fn find<'a>(
        &'a self,
        method: &Method,
        path: &'a str,
    ) -> Option<(&'a Route, PathParameters<'a>)> {
        let found = self.paths.at(path).ok()?;
        let route = found.value.get(method)?;
        let decoded = |value| percent_decode_str(value).decode_utf8_lossy();
        let parameters = found.params.iter().map(|(name, value)| (name, decoded(value)));
        Some((route, parameters.collect()))
    }
}
