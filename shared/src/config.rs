//! What a function reads from its environment, all of it, once, before its first request.

use std::env::{self, VarError};

use tracing::level_filters::LevelFilter;

use crate::text::EventId;

/// The event of the published API, which the paths without an event mean unless told otherwise.
pub const DEFAULT_EVENT_ID: &str = "node-meetup-2025";

/// The settings of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `TABLE_NAME`: the DynamoDB table.
    pub table: String,
    /// `DEFAULT_EVENT_ID`: the event of the paths that name none.
    pub default_event: EventId,
    /// `LOG_LEVEL`: `error`, `warn`, `info`, `debug` or `trace`.
    pub log_level: LevelFilter,
}

/// A setting that is missing or wrong.
#[derive(Debug, thiserror::Error)]
#[error("{name} {why}")]
pub struct ConfigError {
    name: &'static str,
    why: String,
}

impl Config {
    /// The settings in this process's environment.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] names the setting that is missing or wrong.
    pub fn from_env() -> Result<Self, ConfigError> {
        let table = "TABLE_NAME";
        let missing = || ConfigError { name: table, why: "is not set".to_owned() };
        Ok(Self {
            table: read(table)?.ok_or_else(missing)?,
            default_event: parsed("DEFAULT_EVENT_ID", DEFAULT_EVENT_ID)?,
            log_level: parsed("LOG_LEVEL", "info")?,
        })
    }
}

fn parsed<T>(name: &'static str, otherwise: &str) -> Result<T, ConfigError>
where
    T: std::str::FromStr<Err: ToString>,
{
    let text = read(name)?.unwrap_or_else(|| otherwise.to_owned());
    text.parse().map_err(|error: T::Err| ConfigError { name, why: error.to_string() })
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads configuration")]
fn read(name: &'static str) -> Result<Option<String>, ConfigError> {
    match env::var(name) {
        Ok(value) => Ok(Some(value)),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(ConfigError { name, why: "is not UTF-8".to_owned() }),
    }
}
