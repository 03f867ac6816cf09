//! What a function reads from its environment, all of it, once, before its first request.

use std::env::{self, VarError};

use aws_sdk_dynamodb::config::Credentials;
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

/// What Lambda tells a function that calls AWS.
#[derive(Debug, Clone)]
pub struct Aws {
    /// `AWS_REGION`.
    pub region: String,
    /// The function's role.
    pub credentials: RoleCredentials,
    /// `AWS_ENDPOINT_URL_DYNAMODB`: a DynamoDB that is not AWS's own.
    pub endpoint: Option<String>,
    /// Whether `SSL_CERT_FILE` or `SSL_CERT_DIR` names whom to trust, in place of Amazon's roots.
    pub roots_are_named: bool,
}

/// Where the rehearsal sells, as a partner would.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// `API_URL`: the API, with its stage and without a slash at the end.
    pub url: String,
    /// `REHEARSAL_EVENT_ID`: an event that nobody else sells.
    pub event: EventId,
}

/// How a function proves that it has its role.
#[derive(Debug, Clone)]
pub enum RoleCredentials {
    /// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`: as long as the process
    /// lives.
    Fixed(Credentials),
    /// `AWS_CONTAINER_CREDENTIALS_FULL_URI` says where to ask for them, and again before they end.
    Renewed,
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
        Ok(Self {
            table: required("TABLE_NAME")?,
            default_event: parsed("DEFAULT_EVENT_ID", DEFAULT_EVENT_ID)?,
            log_level: parsed("LOG_LEVEL", "info")?,
        })
    }
}

impl Aws {
    /// The settings in this process's environment.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] names the setting that is missing or wrong.
    pub fn from_env() -> Result<Self, ConfigError> {
        Ok(Self {
            region: required("AWS_REGION")?,
            credentials: RoleCredentials::from_env()?,
            endpoint: read("AWS_ENDPOINT_URL_DYNAMODB")?,
            roots_are_named: read("SSL_CERT_FILE")?.or(read("SSL_CERT_DIR")?).is_some(),
        })
    }
}

impl Stage {
    /// The settings in this process's environment.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] names the setting that is missing or wrong.
    pub fn from_env() -> Result<Self, ConfigError> {
        Ok(Self {
            url: required("API_URL")?,
            event: parsed("REHEARSAL_EVENT_ID", "ticketboss-rehearsal")?,
        })
    }
}

impl RoleCredentials {
    /// Fixed ones come first, as in AWS's own SDKs. Where a process may outlive its credentials,
    /// Lambda gives an address: that is documented for `SnapStart`, and not for managed instances.
    fn from_env() -> Result<Self, ConfigError> {
        const KEY: &str = "AWS_ACCESS_KEY_ID";
        if read(KEY)?.is_none() && read("AWS_CONTAINER_CREDENTIALS_FULL_URI")?.is_some() {
            return Ok(Self::Renewed);
        }
        let (key, secret) = (required(KEY)?, required("AWS_SECRET_ACCESS_KEY")?);
        let session = read("AWS_SESSION_TOKEN")?;
        Ok(Self::Fixed(Credentials::new(key, secret, session, None, "environment")))
    }
}

fn required(name: &'static str) -> Result<String, ConfigError> {
    read(name)?.ok_or_else(|| ConfigError { name, why: "is not set".to_owned() })
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
