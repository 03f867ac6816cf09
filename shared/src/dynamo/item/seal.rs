//! The seal of an item: a checksum of what it says. What was altered or lost in an item is seen
//! before anything of it is believed.
//!
//! A seal is of what is said and not of how it is written. What a later version adds to an item
//! breaks the seal for this one, which then refuses the item and does not write over it. A version
//! from before there were seals would write over it, and must not run beside this one.

use std::fmt::{self, Display, Write as _};

use crc32fast::Hasher;

use super::{Item, Why, bounded};

/// The attribute that holds it. Items from before there were seals have none.
pub(in crate::dynamo) const SEAL: &str = "seal";

/// The CRC-32 of several parts, each of which ends in a zero byte.
#[derive(Debug, Default)]
pub(super) struct Seal(Hasher);

impl Seal {
    pub(super) fn of(parts: &[&dyn Display]) -> Self {
        Self::default().and(parts)
    }

    pub(super) fn and(mut self, parts: &[&dyn Display]) -> Self {
        for part in parts {
            write!(self, "{part}\0").expect("a checksum takes all");
        }
        self
    }

    pub(super) fn value(self) -> u32 {
        self.0.finalize()
    }

    /// That this seal is the item's own.
    pub(super) fn check(self, item: &Item) -> Result<(), Why> {
        if item.contains_key(SEAL) && bounded::<u32>(item, SEAL)? != self.value() {
            return Err("its seal is broken, so it is not as it was written".to_owned());
        }
        Ok(())
    }
}

impl fmt::Write for Seal {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.update(text.as_bytes());
        Ok(())
    }
}
