//! Reads from openapi.yaml who may call what: `x-roles` of each operation, as the policies name
//! methods. A path's parameters are any text, `*`.

use std::collections::BTreeSet;
use std::error::Error;
use std::path::Path;
use std::{env, fs};

use serde_json::Value;

const ROLES: [(&str, &str); 2] = [("partner", "PARTNER_MAY"), ("organiser", "ORGANISER_MAY")];

#[expect(clippy::disallowed_methods, reason = "cargo hands a build script its folder this way")]
fn main() -> Result<(), Box<dyn Error>> {
    let contract = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../openapi.yaml");
    println!("cargo::rerun-if-changed={}", contract.display());

    let document: Value = serde_saphyr::from_str(&fs::read_to_string(contract)?)?;
    let mut lists = String::new();
    for (role, list) in ROLES {
        let routes = routes_of(&document, role)?;
        let routes: Vec<_> = routes.iter().map(|route| format!("    {route:?},\n")).collect();
        lists.push_str(&format!("const {list}: &[&str] = &[\n{}];\n", routes.concat()));
    }
    fs::write(Path::new(&env::var("OUT_DIR")?).join("routes.rs"), lists)?;
    Ok(())
}

/// The methods that this role may call: `GET/events/*`.
fn routes_of(document: &Value, role: &str) -> Result<BTreeSet<String>, Box<dyn Error>> {
    let mut routes = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().ok_or("no paths")? {
        let parts = path.split('/').map(|part| if part.starts_with('{') { "*" } else { part });
        let pattern = parts.collect::<Vec<_>>().join("/");
        for (method, operation) in operations.as_object().ok_or("no operations")? {
            let roles = operation["x-roles"].as_array();
            if roles.is_some_and(|roles| roles.contains(&role.into())) {
                routes.insert(format!("{}{pattern}", method.to_uppercase()));
            }
        }
    }
    Ok(routes)
}
