//! Turns openapi.yaml into the JSON that `/docs.json` serves: the same contract, without the
//! members that only API Gateway reads.

use std::error::Error;
use std::path::Path;
use std::{env, fs};

use serde_json::Value;

#[expect(clippy::disallowed_methods, reason = "cargo hands a build script its folder this way")]
fn main() -> Result<(), Box<dyn Error>> {
    let contract = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../openapi.yaml");
    println!("cargo::rerun-if-changed={}", contract.display());

    let mut document: Value = serde_saphyr::from_str(&fs::read_to_string(contract)?)?;
    forget_gateway(&mut document);
    let folder = env::var("OUT_DIR")?;
    fs::write(Path::new(&folder).join("docs.json"), document.to_string())?;
    Ok(())
}

fn forget_gateway(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, _| !name.starts_with("x-amazon-"));
            members.values_mut().for_each(forget_gateway);
        }
        Value::Array(items) => items.iter_mut().for_each(forget_gateway),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
