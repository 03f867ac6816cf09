//! `ticketboss partner`: gives access keys, lists who has some, takes them away.
//!
//! On a deployed stack's table, with the AWS credentials and the region of the environment; or on
//! another DynamoDB's, the local stack's for one. A key is shown once: the table knows its hash.

use std::env;
use std::fmt::Write;
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::Client;
use shared::access::{AccessToken, Caller, Role};
use shared::boot::{clock, random};
use shared::dynamo::{AccessError, DynamoStore};
use shared::text::PartnerId;

use crate::Error;
use crate::local::aws;
use crate::output::print;

/// What to do, and where.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    action: Action,
    /// The deployed stack whose table is meant; otherwise `TABLE_NAME` names the table
    #[arg(long, global = true, value_name = "NAME")]
    stack: Option<String>,
    /// A DynamoDB that is not AWS's own: the local stack prints where its own is
    #[arg(long, global = true, value_name = "URL")]
    dynamodb_endpoint: Option<String>,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Give a partner or organiser an access key, beside those it has, and show it once
    Add {
        /// 1 to 64 of A-Z, a-z, 0-9, ., _ and -
        id: PartnerId,
        /// partner: reserves; organiser: also creates events, and acts for any partner
        #[arg(long, default_value_t = Role::Partner)]
        role: Role,
    },
    /// List all partners and organisers, the revoked ones too
    List,
    /// Take all access keys of a partner or organiser away
    Revoke {
        /// As it was added
        id: PartnerId,
    },
}

/// Does it, and prints the result.
///
/// # Errors
///
/// [`Error`], and then nothing was changed; or a key was added that cannot be shown.
pub async fn run(arguments: Arguments) -> Result<(), Error> {
    let Arguments { action, stack, dynamodb_endpoint } = arguments;
    let table = table(stack, dynamodb_endpoint.is_some())?;
    let client = match dynamodb_endpoint {
        Some(endpoint) => aws::dynamodb_at(&endpoint),
        None => deployed().await,
    };
    let store = DynamoStore::with_client(client, &table);
    let done = match action {
        Action::Add { id, role } => add(&store, Caller { id, role }).await,
        Action::List => list(&store).await,
        Action::Revoke { id } => revoke(&store, &id).await,
    };
    let text = done.map_err(|source| Error::Table { table, source })?;
    print(&text)
}

/// The table's name: a stack's table bears the stack's.
fn table(stack: Option<String>, is_local: bool) -> Result<String, Error> {
    let named = env::var_os("TABLE_NAME").map(|name| name.to_string_lossy().into_owned());
    let named = stack.or(named).filter(|name| !name.is_empty());
    named.or_else(|| is_local.then(|| aws::TABLE.to_owned())).ok_or(Error::NoTable)
}

/// AWS's own DynamoDB, for a person who waits at a terminal, maybe far away: a function's tight
/// time limits would be wrong here.
async fn deployed() -> Client {
    let timeouts = TimeoutConfig::builder().operation_timeout(Duration::from_secs(15)).build();
    let defaults = aws_config::defaults(BehaviorVersion::v2026_01_12());
    Client::new(&defaults.timeout_config(timeouts).load().await)
}

async fn add(store: &DynamoStore, holder: Caller) -> Result<String, AccessError> {
    let token = AccessToken::of_random(random());
    store.add_partner(&holder, &token, clock()).await?;
    Ok(format!(
        "{} {} has this access key. It is shown now and never again:\n\n  {}\n",
        holder.role,
        holder.id,
        token.reveal(),
    ))
}

async fn list(store: &DynamoStore) -> Result<String, AccessError> {
    let mut text = format!("{:32} {:10} {:>4}  {}\n", "ID", "ROLE", "KEYS", "ADDED");
    for partner in store.list_partners().await? {
        let (id, role, keys) = (partner.id.as_str(), partner.role.as_str(), partner.keys);
        writeln!(text, "{id:32} {role:10} {keys:>4}  {}", partner.created_at)
            .expect("a String takes any text");
    }
    Ok(text)
}

async fn revoke(store: &DynamoStore, id: &PartnerId) -> Result<String, AccessError> {
    store.revoke_partner(id).await?;
    Ok(format!(
        "{id} has no access key any more. The gateway may accept an old one for a minute.\n"
    ))
}
