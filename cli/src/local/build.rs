//! Builds the functions' binaries, as `cargo build --bins` does in the checkout.
//!
//! That selection and no other: with it, features unify as for `cargo run` and `cargo test`, so
//! nothing is ever built twice. Cargo's own lock keeps two builds apart.

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::SystemTime;

use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use crate::Error;

/// The checkout that this very binary was built from.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("cli/ stands in the checkout")
}

/// What cargo made of the workspace: the binaries, by name.
pub type Binaries = BTreeMap<String, Binary>;

/// A binary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binary {
    /// Where it is.
    pub path: PathBuf,
    /// When it was built.
    pub built_at: SystemTime,
}

/// Builds all binaries, optimised if `release`. Progress and errors go to stderr.
///
/// # Errors
///
/// [`Error::Cargo`] and [`Error::Build`].
pub async fn build(release: bool) -> Result<Binaries, Error> {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .args(["build", "--bins", "--message-format=json-render-diagnostics"])
        .args(release.then_some("--release"))
        .current_dir(root())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    // Under `cargo run` these speak of this package, and build scripts that look at them would
    // run again, now and after the next `cargo run`.
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(name.as_ref());
        }
    }
    let mut building = cargo.spawn().map_err(Error::Cargo)?;
    let stdout = building.stdout.take().expect("it is piped");
    let mut messages = BufReader::new(stdout).lines();
    let mut binaries = Binaries::new();
    while let Some(message) = messages.next_line().await.map_err(Error::Cargo)? {
        binaries.extend(binary(&message));
    }
    let status = building.wait().await.map_err(Error::Cargo)?;
    if status.success() { Ok(binaries) } else { Err(Error::Build(status)) }
}

/// The binary that this message of cargo's is about, if it is about one.
fn binary(message: &str) -> Option<(String, Binary)> {
    #[derive(Deserialize)]
    struct Artifact {
        target: Target,
        executable: Option<PathBuf>,
    }
    #[derive(Deserialize)]
    struct Target {
        name: String,
    }

    let Artifact { target, executable } = serde_json::from_str(message).ok()?;
    let path = executable?;
    let built_at = path.metadata().and_then(|metadata| metadata.modified()).ok()?;
    Some((target.name, Binary { path, built_at }))
}
