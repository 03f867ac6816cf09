//! Where a command works: on a deployed stack's table, with the AWS credentials and the region of
//! the environment; or on another DynamoDB's, the local stack's for one.

use std::env;
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::ProvideCredentials as _;
use shared::dynamo::DynamoStore;

use crate::Error;
use crate::local::aws;

/// Which table.
#[derive(Debug, clap::Args)]
pub(crate) struct Place {
    /// The table, as the deployed stack's outputs name it; otherwise `TABLE_NAME` names it
    // `--stack` from when a stack's table bore its name.
    #[arg(long, alias = "stack", global = true, value_name = "NAME")]
    table: Option<String>,
    /// A DynamoDB that is not AWS's own: the local stack prints where its own is
    #[arg(long, global = true, value_name = "URL")]
    dynamodb_endpoint: Option<String>,
}

impl Place {
    /// The store there. Nothing is asked of it yet.
    ///
    /// # Errors
    ///
    /// [`Error::NoTable`]; for AWS's own DynamoDB [`Error::NoRegion`] and [`Error::NoCredentials`].
    pub(crate) async fn open(self) -> Result<DynamoStore, Error> {
        let table = name_of(self.table, self.dynamodb_endpoint.is_some())?;
        let client = match self.dynamodb_endpoint {
            Some(endpoint) => aws::dynamodb_at(&endpoint),
            None => deployed().await?,
        };
        Ok(DynamoStore::with_client(client, table))
    }
}

fn name_of(table: Option<String>, is_local: bool) -> Result<String, Error> {
    let named = env::var_os("TABLE_NAME").map(|name| name.to_string_lossy().into_owned());
    let named = table.or(named).filter(|name| !name.is_empty());
    named.or_else(|| is_local.then(|| aws::TABLE.to_owned())).ok_or(Error::NoTable)
}

/// AWS's own DynamoDB, for a person who waits at a terminal, maybe far away: a function's tight
/// time limits would be wrong here.
async fn deployed() -> Result<Client, Error> {
    let timeouts = TimeoutConfig::builder().operation_timeout(Duration::from_secs(15)).build();
    let defaults = aws_config::defaults(BehaviorVersion::v2026_01_12());
    let config = defaults.timeout_config(timeouts).load().await;
    if config.region().is_none() {
        return Err(Error::NoRegion);
    }
    // Asked for now, since the SDK would take their absence for trouble of the network.
    if let Some(credentials) = config.credentials_provider() {
        let found = credentials.provide_credentials().await;
        found.map_err(|error| Error::NoCredentials(Box::new(error)))?;
    }
    Ok(Client::new(&config))
}
