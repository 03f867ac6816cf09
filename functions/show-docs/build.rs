//! Turns openapi.yaml into the JSON that `/docs.json` serves: the same contract in plain OpenAPI,
//! for people and for what generates clients.
//!
//! What only API Gateway reads is left out, and its way to say "a bearer token" is said as OpenAPI
//! says it. So is `HEAD`, which every client can send without a function of its own. The server is
//! wherever this document was fetched from: a relative address, as OpenAPI 3.0 allows.

#![expect(clippy::indexing_slicing, reason = "a contract of another shape fails the build")]

use std::error::Error;
use std::path::Path;
use std::{env, fs};

use serde_json::{Value, json};

#[expect(clippy::disallowed_methods, reason = "cargo hands a build script its folder this way")]
fn main() -> Result<(), Box<dyn Error>> {
    let contract = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../openapi.yaml");
    println!("cargo::rerun-if-changed={}", contract.display());

    let mut document: Value = serde_saphyr::from_str(&fs::read_to_string(contract)?)?;
    document["servers"] = json!([{"url": ".", "description": "Where this document is."}]);
    let scheme = &mut document["components"]["securitySchemes"]["PartnerKey"];
    let description = scheme["description"].take();
    *scheme = json!({"type": "http", "scheme": "bearer", "description": description});
    for path in document["paths"].as_object_mut().ok_or("no paths")?.values_mut() {
        path.as_object_mut().ok_or("no operations")?.remove("head");
    }
    let responses = &mut document["components"]["responses"];
    responses.as_object_mut().ok_or("no responses")?.remove("Head");
    forget_gateway(&mut document);
    let folder = env::var("OUT_DIR")?;
    fs::write(Path::new(&folder).join("docs.json"), document.to_string())?;
    Ok(())
}

fn forget_gateway(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, _| !name.starts_with("x-"));
            members.values_mut().for_each(forget_gateway);
        }
        Value::Array(items) => items.iter_mut().for_each(forget_gateway),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
