//! `GET /docs` and `GET /docs.json`: the contract, as a page that can be tried and as JSON.

use serde_json::Value;

use crate::support::contract;
use crate::support::sale::Callers;

/// What stands between these two, each time.
fn between<'text>(text: &'text str, before: &str, after: &str) -> Vec<&'text str> {
    let pieces = text.split(before).skip(1);
    pieces.filter_map(|piece| piece.split_once(after)).map(|(found, _)| found).collect()
}

#[tokio::test]
async fn refuses_what_the_page_does_not_have() {
    let nobody = Callers::of_shared_stack().nobody;
    let cases = [
        ("POST", "/docs", "404 route-not-found"),
        ("GET", "/docs/", "404 route-not-found"),
        ("GET", "/docs.yaml", "404 route-not-found"),
        ("GET", "/docs/nothing.js", "404 route-not-found"),
        ("GET", "/docs/index.html", "404 route-not-found"),
        ("GET", "/docs/oauth2-redirect.html", "404 route-not-found"),
        ("GET", "/docs/swagger-initializer.js", "404 route-not-found"),
        ("GET", "/docs/..%2F..%2FCargo.toml", "404 route-not-found"),
        ("GET", "/docs/a/b", "404 route-not-found"),
        ("GET", "/docs", "200"),
        ("GET", "/docs.json", "200"),
    ];
    for (method, path, want) in cases {
        assert_eq!(nobody.call(method, path).send().await.said(), want, "{method} {path}");
    }
}

#[tokio::test]
async fn the_page_has_all_its_parts_and_asks_nobody_else() {
    let nobody = Callers::of_shared_stack().nobody;
    let page = nobody.get("/docs").send().await;
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(page.text.contains("default-src 'self'"), "the browser sees to it, too");

    let mut parts = between(&page.text, "src=\"", "\"");
    parts.extend(between(&page.text, "href=\"docs", "\"").iter().map(|_| "docs/swagger-ui.css"));
    assert!(parts.len() >= 3, "{parts:?}");
    for part in parts {
        assert!(!part.contains("//"), "{part} is elsewhere");
        let asset = nobody.get(&format!("/{part}")).send().await;
        assert_eq!(asset.said(), "200", "{part}");
        let content_type = asset.header("content-type");
        let want = if part.ends_with("css") { "text/css" } else { "text/javascript" };
        assert!(content_type.starts_with(want), "{part} is {content_type}");
        assert_eq!(asset.header("x-content-type-options"), "nosniff");
    }
    let start = nobody.get("/docs/start.js").send().await;
    assert!(start.text.contains("docs.json"), "it shows this contract");
}

#[tokio::test]
async fn the_json_is_the_contract_without_the_gateways_own_words() {
    let nobody = Callers::of_shared_stack().nobody;
    let served = nobody.get("/docs.json").send().await;
    assert_eq!(served.header("content-type"), "application/json");
    assert_eq!(served.header("access-control-allow-origin"), "*", "from anywhere");
    let page = nobody.get("/docs").send().await;
    assert_eq!(page.header("access-control-allow-origin"), "", "and nothing else");

    let (served_text, served) = (served.text.clone(), served.json());
    assert!(!served_text.contains("x-") && !served_text.contains("Fn::"));
    assert_eq!(served["servers"][0]["url"], ".");
    let scheme = &served["components"]["securitySchemes"]["PartnerKey"];
    assert_eq!((&scheme["type"], &scheme["scheme"]), (&"http".into(), &"bearer".into()));

    let mut contract = contract::yaml("openapi.yaml");
    for (path, operations) in contract["paths"].as_object_mut().unwrap() {
        operations.as_object_mut().unwrap().remove("head");
        let named = |of: &Value| of.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        let mut methods = named(&served["paths"][path]);
        methods.sort_unstable();
        assert_eq!(methods, named(operations), "{path}");
    }
    forget_gateway(&mut contract);
    assert_eq!(served["paths"], contract["paths"]);
    assert_eq!(served["components"]["schemas"], contract["components"]["schemas"]);
}

#[tokio::test]
async fn what_the_caller_has_already_is_not_sent_again() {
    let nobody = Callers::of_shared_stack().nobody;
    for path in ["/docs", "/docs.json", "/docs/swagger-ui-bundle.js", "/docs/start.js"] {
        let first = nobody.get(path).send().await;
        assert_eq!(first.header("cache-control"), "public, max-age=300");
        let tag = first.header("etag");
        let again = nobody.get(path).header("If-None-Match", tag).send().await;
        assert_eq!((again.status, again.text.as_str(), again.header("etag")), (304, "", tag));
        let other = nobody.get(path).header("If-None-Match", "\"other\"").send().await;
        assert_eq!((other.status, other.text.len()), (200, first.text.len()));
    }
}

fn forget_gateway(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, _| !name.starts_with("x-"));
            members.values_mut().for_each(forget_gateway);
        }
        Value::Array(elements) => elements.iter_mut().for_each(forget_gateway),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
