//! Who calls: access keys, and what the gateway says of the caller who showed one.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::text::{Malformed, PartnerId};

/// What a caller may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Reserves, reads and cancels its own reservations.
    Partner,
    /// As a partner, for any partner; and creates events.
    Organiser,
}

impl Role {
    /// The role's word: `partner` or `organiser`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Partner => "partner",
            Self::Organiser => "organiser",
        }
    }
}

impl FromStr for Role {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        match text {
            "partner" => Ok(Self::Partner),
            "organiser" => Ok(Self::Organiser),
            _ => Err(Malformed::Unlike("partner or organiser")),
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// The caller, as the authorizer found it by the access key. Nothing else is trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The partner or organiser.
    pub id: PartnerId,
    /// What it may do.
    pub role: Role,
}

impl Caller {
    /// Whether the caller may order for this partner, and see and change what is this partner's.
    pub fn may_act_for(&self, partner: &PartnerId) -> bool {
        match self.role {
            Role::Partner => self.id == *partner,
            Role::Organiser => true,
        }
    }
}

/// A partner, as an operator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partner {
    /// Its id.
    pub id: PartnerId,
    /// What its keys may do.
    pub role: Role,
    /// Its keys, the oldest first: none once it is revoked.
    pub keys: Vec<KeyInfo>,
    /// When it was first added.
    pub created_at: Timestamp,
}

/// What an operator may know of an access key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyInfo {
    /// When it was made.
    pub created_at: Timestamp,
    /// How it begins. `None` for a key that was made before this was stored.
    pub prefix: Option<KeyPrefix>,
}

impl fmt::Display for KeyInfo {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.prefix {
            Some(prefix) => write!(formatter, "{prefix}, made {}", self.created_at),
            None => write!(formatter, "of unknown beginning, made {}", self.created_at),
        }
    }
}

/// How an access key begins: `tb_` and up to 6 letters or digits, enough to tell a partner's keys
/// apart, and far too few to guess one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPrefix(String);

impl KeyPrefix {
    /// The letters after `tb_`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a key that begins like this begins like the other, too.
    pub fn is_within(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }
}

impl FromStr for KeyPrefix {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let letters = text.strip_prefix("tb_").unwrap_or(text);
        let fits = (1..=6).contains(&letters.len());
        if fits && letters.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            Ok(Self(letters.to_owned()))
        } else {
            Err(Malformed::Unlike("1 to 6 letters or digits, those after `tb_`"))
        }
    }
}

impl fmt::Display for KeyPrefix {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "tb_{}", self.0)
    }
}

/// An access key, as its holder sends it: `tb_` and 20 to 100 letters or digits.
///
/// It is never stored, and never shown again: its hash names it.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken(String);

impl AccessToken {
    /// The token of these random bytes.
    pub fn of_random(random: [u8; 32]) -> Self {
        Self(format!("tb_{}", hexadecimal(&random)))
    }

    /// What the store knows the token by: its SHA-256, in hexadecimal.
    pub fn hash(&self) -> String {
        hexadecimal(&Sha256::digest(self.0.as_bytes()))
    }

    /// How the token begins.
    pub fn prefix(&self) -> KeyPrefix {
        KeyPrefix(self.0.chars().skip(3).take(6).collect())
    }

    /// The token itself, to be shown once to its holder.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl FromStr for AccessToken {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let secret = text.strip_prefix("tb_").unwrap_or_default();
        let fits = (20..=100).contains(&secret.len());
        if fits && secret.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Malformed::Unlike("`tb_` and 20 to 100 letters or digits"))
        }
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("AccessToken(..)")
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
