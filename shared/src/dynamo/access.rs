//! Partners and their access keys in the table. Only a key's hash is ever stored.

use aws_sdk_dynamodb::types::{AttributeValue, Delete, TransactWriteItem, Update};
use jiff::Timestamp;

use super::item::{self, Item};
use super::table::{DynamoStore, Transacted};
use super::verdict::failed;
use crate::access::{AccessToken, Caller, KeyInfo, KeyPrefix, Partner};
use crate::store::StoreError;
use crate::text::PartnerId;

/// How many keys a partner may have at once: enough to replace one without a gap.
const KEYS_MAX: usize = 10;

/// Why a partner's keys were not changed.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// There is no such partner.
    #[error("there is no partner `{0}`")]
    PartnerUnknown(PartnerId),
    /// The partner has another role, or as many keys as it may have.
    #[error("`{0}` has another role, or {KEYS_MAX} keys already; revoke it first")]
    KeyRefused(PartnerId),
    /// The partner has no key that begins like this.
    #[error("`{0}` has no key that begins with {1}")]
    KeyUnknown(PartnerId, KeyPrefix),
    /// Several keys of the partner begin like this, so it is not clear which is meant.
    #[error("several keys begin with {0}: {1}")]
    KeyAmbiguous(KeyPrefix, String),
    /// The token is another partner's.
    #[error("the token belongs to another partner")]
    TokenTaken,
    /// Somebody else changed this partner's keys at the same time.
    #[error("the keys of `{0}` were changed meanwhile; try again")]
    Changed(PartnerId),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl DynamoStore {
    /// Who holds this token, if anybody does.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the table does not answer.
    pub async fn find_caller(&self, token: &AccessToken) -> Result<Option<Caller>, StoreError> {
        let partition = item::access::key_partition(&token.hash());
        let found = self.get(item::key_of(&partition, item::access::KEY_SORT)).await?;
        found.map(|found| item::access::to_caller(&partition, &found)).transpose()
    }

    /// Gives the partner this access key, beside those it has.
    ///
    /// # Errors
    ///
    /// [`AccessError`]; then nothing was changed.
    pub async fn add_partner(
        &self,
        partner: &Caller,
        token: &AccessToken,
        now: Timestamp,
    ) -> Result<(), AccessError> {
        if self.has_key(partner, token).await? {
            return Ok(());
        }

        let hash = token.hash();
        let key = self.put(item::access::of_key(token, partner, now), Some(item::NEW));
        let listed = Update::builder()
            .table_name(&self.table)
            .set_key(Some(item::key_of(item::access::PARTNERS, partner.id.as_str())))
            .update_expression(
                "SET #role = :role, created_at = if_not_exists(created_at, :now) ADD #keys :key",
            )
            .condition_expression(
                "attribute_not_exists(pk) OR attribute_not_exists(#keys) \
                 OR (#role = :role AND size(#keys) < :keys_max)",
            )
            .expression_attribute_names("#role", "role")
            .expression_attribute_names("#keys", "keys")
            .expression_attribute_values(":role", item::text(partner.role.as_str()))
            .expression_attribute_values(":now", item::number(now.as_millisecond()))
            .expression_attribute_values(":key", AttributeValue::Ss(vec![hash]))
            .expression_attribute_values(":keys_max", item::number(KEYS_MAX))
            .build()
            .expect("table, key and expression are set");

        let listed = TransactWriteItem::builder().update(listed).build();
        match self.transact(vec![key, listed]).await? {
            Transacted::Applied => Ok(()),
            // Unless somebody else has added the same key meanwhile.
            Transacted::Cancelled if self.has_key(partner, token).await? => Ok(()),
            Transacted::Cancelled => Err(AccessError::KeyRefused(partner.id.clone())),
        }
    }

    /// Whether the token is a key of this partner's.
    async fn has_key(&self, partner: &Caller, token: &AccessToken) -> Result<bool, AccessError> {
        match self.find_caller(token).await? {
            Some(holder) if holder == *partner => Ok(true),
            Some(_) => Err(AccessError::TokenTaken),
            None => Ok(false),
        }
    }

    /// All partners and organisers, by id; the revoked ones too.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the table does not answer.
    pub async fn list_partners(&self) -> Result<Vec<Partner>, StoreError> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :partners")
            .expression_attribute_values(":partners", item::text(item::access::PARTNERS))
            .into_paginator()
            .items()
            .send();
        let mut partners = Vec::new();
        while let Some(found) = pages.next().await {
            let found = found.map_err(failed)?;
            let keys = self.keys_of(&found).await?.into_iter().map(|(_, key)| key).collect();
            partners.push(item::access::to_partner(&found, keys)?);
        }
        Ok(partners)
    }

    /// Takes all keys of the partner away, or the one that begins like this. The gateway may accept
    /// them for one more minute.
    ///
    /// # Errors
    ///
    /// [`AccessError`]; then nothing was changed, unless the store says that it cannot tell.
    pub async fn revoke_partner(
        &self,
        partner: &PartnerId,
        only: Option<&KeyPrefix>,
    ) -> Result<(), AccessError> {
        let listed = item::key_of(item::access::PARTNERS, partner.as_str());
        let found = self.get(listed.clone()).await?;
        let found = found.ok_or_else(|| AccessError::PartnerUnknown(partner.clone()))?;
        let hashes = item::access::key_hashes(&found);
        let gone = match only {
            Some(prefix) => vec![self.key_like(partner, &found, prefix).await?],
            None if hashes.is_empty() => return Ok(()),
            None => hashes.clone(),
        };

        let forget = Update::builder()
            .table_name(&self.table)
            .set_key(Some(listed))
            .update_expression("DELETE #keys :gone")
            .condition_expression("#keys = :keys")
            .expression_attribute_names("#keys", "keys")
            .expression_attribute_values(":keys", AttributeValue::Ss(hashes))
            .expression_attribute_values(":gone", AttributeValue::Ss(gone.clone()))
            .build()
            .expect("table, key and expression are set");
        let delete = |hash: &String| {
            let partition = item::access::key_partition(hash);
            let key = Delete::builder()
                .table_name(&self.table)
                .set_key(Some(item::key_of(partition, item::access::KEY_SORT)))
                .build();
            TransactWriteItem::builder().delete(key.expect("table and key are set")).build()
        };
        let mut items: Vec<_> = gone.iter().map(delete).collect();
        items.push(TransactWriteItem::builder().update(forget).build());
        match self.transact(items).await? {
            Transacted::Applied => Ok(()),
            Transacted::Cancelled => Err(AccessError::Changed(partner.clone())),
        }
    }

    /// The hash of the partner's one key that begins like this.
    async fn key_like(
        &self,
        partner: &PartnerId,
        found: &Item,
        prefix: &KeyPrefix,
    ) -> Result<String, AccessError> {
        let mut keys = self.keys_of(found).await?;
        keys.retain(|(_, key)| key.prefix.as_ref().is_some_and(|own| own.is_within(prefix)));
        match keys.as_slice() {
            [] => Err(AccessError::KeyUnknown(partner.clone(), prefix.clone())),
            [(hash, _)] => Ok(hash.clone()),
            several => {
                let several: Vec<_> = several.iter().map(|(_, key)| key.to_string()).collect();
                Err(AccessError::KeyAmbiguous(prefix.clone(), several.join("; ")))
            }
        }
    }

    /// The keys that a partner's item lists, by their hashes, the oldest first.
    async fn keys_of(&self, partner: &Item) -> Result<Vec<(String, KeyInfo)>, StoreError> {
        let mut keys = Vec::new();
        for hash in item::access::key_hashes(partner) {
            let partition = item::access::key_partition(&hash);
            // A key that is taken away meanwhile is still listed, and not found.
            if let Some(found) = self.get(item::key_of(&partition, item::access::KEY_SORT)).await? {
                keys.push((hash, item::access::to_key_info(&partition, &found)?));
            }
        }
        keys.sort_by_key(|(_, key)| key.created_at);
        Ok(keys)
    }
}
