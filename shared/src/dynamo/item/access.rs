//! Access keys and partners as items. Only a key's hash is ever stored.

use jiff::Timestamp;

use super::seal::{SEAL, Seal};
use super::{Item, Why, corrupt, key_of, moment, number, parsed, text};
use crate::access::{AccessToken, Caller, KeyInfo, Partner};
use crate::store::StoreError;

pub(in crate::dynamo) const KEY_SORT: &str = "key";
pub(in crate::dynamo) const PARTNERS: &str = "partners";

pub(in crate::dynamo) fn key_partition(hash: &str) -> String {
    format!("key#{hash}")
}

pub(in crate::dynamo) fn of_key(token: &AccessToken, holder: &Caller, now: Timestamp) -> Item {
    let partition = key_partition(&token.hash());
    let created = now.as_millisecond();
    let seal = Seal::of(&[&partition, &holder.id, &holder.role, &created, &token.prefix()]);
    let mut item = key_of(partition, KEY_SORT);
    item.extend([
        ("prefix".to_owned(), text(token.prefix().as_str())),
        ("partner".to_owned(), text(holder.id.as_str())),
        ("role".to_owned(), text(holder.role.as_str())),
        ("created_at".to_owned(), number(created)),
        (SEAL.to_owned(), number(seal.value())),
    ]);
    item
}

pub(in crate::dynamo) fn to_caller(partition: &str, item: &Item) -> Result<Caller, StoreError> {
    Ok(to_key(partition, item)?.0)
}

/// What an operator may know of the key.
pub(in crate::dynamo) fn to_key_info(partition: &str, item: &Item) -> Result<KeyInfo, StoreError> {
    Ok(to_key(partition, item)?.1)
}

/// Old keys were stored without their prefix, and without a seal.
fn to_key(partition: &str, item: &Item) -> Result<(Caller, KeyInfo), StoreError> {
    let read = || {
        let holder = Caller { id: parsed(item, "partner")?, role: parsed(item, "role")? };
        let prefix = item.contains_key("prefix").then(|| parsed(item, "prefix")).transpose()?;
        let key = KeyInfo { created_at: moment(item, "created_at")?, prefix };
        let created = key.created_at.as_millisecond();
        let mut seal = Seal::of(&[&partition, &holder.id, &holder.role, &created]);
        if let Some(prefix) = &key.prefix {
            seal = seal.and(&[prefix]);
        }
        seal.check(item)?;
        Ok((holder, key))
    };
    read().map_err(|why: Why| corrupt(partition, why))
}

/// The partner that has these keys.
pub(in crate::dynamo) fn to_partner(
    item: &Item,
    keys: Vec<KeyInfo>,
) -> Result<Partner, StoreError> {
    let read = || {
        Ok(Partner {
            id: parsed(item, "sk")?,
            role: parsed(item, "role")?,
            keys,
            created_at: moment(item, "created_at")?,
        })
    };
    read().map_err(|why| corrupt(PARTNERS, why))
}

/// The hashes of the keys that a partner's item lists: none once it is revoked.
pub(in crate::dynamo) fn key_hashes(item: &Item) -> Vec<String> {
    item.get("keys").and_then(|keys| keys.as_ss().ok()).cloned().unwrap_or_default()
}
