//! A request's mark: how a retry knows what an earlier try of the same request did.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

use crate::text::{EventId, IdempotencyKey, Malformed, PartnerId, PartnerReference};

/// Marks what one request, with all its retries, did: equal marks are the same request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestMark(u64);

impl RequestMark {
    /// The mark of every request of this caller with this key that cancels this reservation.
    pub fn of_cancel(
        reservation: &impl fmt::Display,
        caller: &PartnerId,
        key: &IdempotencyKey,
    ) -> Self {
        let reservation = reservation.to_string();
        Self::of_random(digest(&["cancel", &reservation, caller.as_str(), key.as_str()]))
    }

    /// The mark of every request of this caller with this key that creates an event.
    pub fn of_create(caller: &PartnerId, key: &IdempotencyKey) -> Self {
        Self::of_random(digest(&["create", caller.as_str(), key.as_str()]))
    }

    /// The mark of every request of this caller with this key that cancels all reservations of this
    /// event.
    pub fn of_cancel_all(event: &EventId, caller: &PartnerId, key: &IdempotencyKey) -> Self {
        let parts = ["cancel all", event.as_str(), caller.as_str(), key.as_str()];
        Self::of_random(digest(&parts))
    }

    /// The mark of an order for this, to know it again when what it made has changed.
    pub fn of_order(partner: &PartnerId, seats: u32, reference: Option<&PartnerReference>) -> Self {
        // A reference is never empty.
        let (seats, reference) = (seats.to_string(), reference.map_or("", |one| one.as_str()));
        Self::of_random(digest(&["order", partner.as_str(), &seats, reference]))
    }

    /// The mark of a request without a key: the leading 64 of these bits.
    pub fn of_random(bits: [u8; 32]) -> Self {
        let [first, ..] = *bits.as_chunks::<8>().0 else { unreachable!("32 bytes are 4 times 8") };
        Self(u64::from_be_bytes(first))
    }

    /// The mark's 64 bits, as the store keeps them.
    pub fn get(self) -> u64 {
        self.0
    }

    /// The mark with these 64 bits.
    pub fn new(bits: u64) -> Self {
        Self(bits)
    }
}

/// 16 hexadecimal digits, as the contract names what a request has begun.
impl fmt::Display for RequestMark {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}", self.0)
    }
}

impl FromStr for RequestMark {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let mark = u64::from_str_radix(text, 16).ok().map(Self);
        let mark = mark.filter(|mark| mark.to_string() == text);
        mark.ok_or(Malformed::Unlike("16 of 0-9 and a-f"))
    }
}

/// SHA-256 of the parts. No part holds a NUL, so no two lists of parts are hashed alike.
pub(crate) fn digest(parts: &[&str]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.as_bytes());
        hasher.update([0]);
    }
    hasher.finalize().into()
}

/// The two halves of 32 bytes.
pub(crate) fn halves(bits: [u8; 32]) -> [[u8; 16]; 2] {
    let [first, second] = *bits.as_chunks::<16>().0 else {
        unreachable!("32 bytes are 2 times 16")
    };
    [first, second]
}
