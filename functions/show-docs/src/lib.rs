//! `GET /docs` and `GET /docs.json`: the contract, as a page that can be tried and as JSON.
//!
//! Everything is inside the binary: Swagger UI as its crate packs it, and openapi.yaml as it was
//! when this was built. The page asks nobody else for anything.

use std::sync::Arc;

use lambda_http::{Body, Request, RequestExt as _, Response};
use shared::answer;
use shared::problem::Problem;
use utoipa_swagger_ui::Config;

const PAGE: &str = include_str!("page.html");
const START: &str = include_str!("start.js");
const CONTRACT: &str = include_str!(concat!(env!("OUT_DIR"), "/docs.json"));

/// Serves the page, its assets and the contract.
///
/// # Errors
///
/// [`Problem::RouteNotFound`] for an asset that the page does not have.
pub fn show_docs(request: &Request) -> Result<Response<Body>, Problem> {
    let asset = request.path_parameters_ref().and_then(|path| path.first("asset"));
    match asset {
        Some("start.js") => Ok(answer::file(request, "text/javascript; charset=utf-8", START)),
        Some(asset) => show_asset(request, asset),
        None if request.raw_http_path().ends_with(".json") => {
            Ok(answer::open_file(request, "application/json", CONTRACT))
        }
        None => Ok(answer::file(request, "text/html; charset=utf-8", PAGE)),
    }
}

/// What the page asks for, of all that Swagger UI comes with: it has pages of its own, too.
const ASSETS: [&str; 2] = ["swagger-ui.css", "swagger-ui-bundle.js"];

fn show_asset(request: &Request, asset: &str) -> Result<Response<Body>, Problem> {
    if !ASSETS.contains(&asset) {
        return Err(Problem::RouteNotFound);
    }
    let served = utoipa_swagger_ui::serve(asset, Arc::new(Config::default()));
    let found = served.ok().flatten().ok_or(Problem::RouteNotFound)?;
    let text = String::from_utf8(found.bytes.into_owned()).map_err(|_| Problem::RouteNotFound)?;
    Ok(answer::file(request, &found.content_type, text))
}
