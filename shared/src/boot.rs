//! What every function does before its first request: settings, logs, store, desk.

use jiff::Timestamp;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::{Config, ConfigError};
use crate::desk::Desk;
use crate::dynamo::DynamoStore;

/// The desk of a deployed function: DynamoDB, the machine's clock, the system's chance.
///
/// # Errors
///
/// [`ConfigError`] when the environment lacks a setting.
pub async fn open_desk() -> Result<Desk<DynamoStore>, ConfigError> {
    let config = start()?;
    let store = DynamoStore::open(config.table).await;
    Ok(Desk::new(store, config.default_event, clock, random))
}

/// The store alone, for the function that decides who may come to a desk.
///
/// # Errors
///
/// [`ConfigError`] when the environment lacks a setting.
pub async fn open_store() -> Result<DynamoStore, ConfigError> {
    let config = start()?;
    Ok(DynamoStore::open(config.table).await)
}

/// The settings, and logs as JSON lines from here on. Lambda filters these by their `timestamp`
/// and `level`.
///
/// # Errors
///
/// [`ConfigError`] when the environment lacks a setting.
pub fn start() -> Result<Config, ConfigError> {
    let config = Config::from_env()?;
    // What we stand on logs whole requests at its finer levels, with the access keys in them.
    let others = config.log_level.min(LevelFilter::INFO);
    let levels = Targets::new().with_default(others).with_targets(
        ["shared", "audit_seats", "authorize_partner"].map(|ours| (ours, config.log_level)),
    );
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_max_level(config.log_level)
        .finish()
        .with(levels)
        .init();
    Ok(config)
}

/// The time of this machine.
#[expect(clippy::disallowed_methods, reason = "this is the one place that asks for the time")]
pub fn clock() -> Timestamp {
    Timestamp::now()
}

/// 32 bytes from the operating system's source of randomness.
///
/// # Panics
///
/// If there is none: no id could be drawn then.
pub fn random() -> [u8; 32] {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).expect("the operating system has randomness");
    bytes
}
