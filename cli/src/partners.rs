//! `ticketboss partner`: gives access keys, lists who has some, takes them away.
//!
//! A key is shown once: the table knows its hash.

use std::fmt::Write;

use shared::access::{AccessToken, Caller, KeyPrefix, Role};
use shared::boot::{clock, random};
use shared::dynamo::{AccessError, DynamoStore};
use shared::text::PartnerId;

use crate::Error;
use crate::output::print;
use crate::place::Place;

/// What to do, and where.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    place: Place,
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
    /// Take all access keys of a partner or organiser away, or one
    Revoke {
        /// As it was added
        id: PartnerId,
        /// Only the key that begins like this, as `list` shows it
        #[arg(long, value_name = "PREFIX")]
        key: Option<KeyPrefix>,
    },
}

/// Does it, and prints the result.
///
/// # Errors
///
/// [`Error`], and then nothing was changed; or a key was added that cannot be shown.
pub async fn run(arguments: Arguments) -> Result<(), Error> {
    let store = arguments.place.open().await?;
    let done = match arguments.action {
        Action::Add { id, role } => add(&store, Caller { id, role }).await,
        Action::List => list(&store).await,
        Action::Revoke { id, key } => revoke(&store, &id, key.as_ref()).await,
    };
    let table = || store.table().to_owned();
    let text = done.map_err(|source| Error::Table { table: table(), source })?;
    print(&text)
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
        let (id, role, keys) = (partner.id.as_str(), partner.role.as_str(), partner.keys.len());
        writeln!(text, "{id:32} {role:10} {keys:>4}  {}", partner.created_at)
            .expect("a String takes any text");
        for key in partner.keys {
            writeln!(text, "  {key}").expect("a String takes any text");
        }
    }
    Ok(text)
}

async fn revoke(
    store: &DynamoStore,
    id: &PartnerId,
    key: Option<&KeyPrefix>,
) -> Result<String, AccessError> {
    store.revoke_partner(id, key).await?;
    let what = match key {
        Some(prefix) => format!("The key {prefix}... of {id} is taken away."),
        None => format!("{id} has no access key any more."),
    };
    Ok(format!("{what} The gateway may accept an old one for a minute.\n"))
}
