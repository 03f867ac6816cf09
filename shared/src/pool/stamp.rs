//! Where a pool stands, for the condition of a commit.

use super::Pool;
use crate::event::Event;
use crate::terms::Terms;

/// Where a pool stands. A commit is on condition of both, so it is applied only to what it read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// How many commits it has seen.
    pub version: u64,
    /// Which change of its event's terms it has seen last; 0 if there was none.
    pub revision: u64,
}

impl Stamp {
    /// Whether a pool that stands here is beyond what a commit expects: then that is never applied.
    pub fn is_beyond(self, expected: Self) -> bool {
        self.version > expected.version || self.revision > expected.revision
    }
}

impl Pool {
    /// Where it stands.
    pub fn stamp(&self) -> Stamp {
        Stamp { version: self.version, revision: self.revision }
    }

    /// The terms on which its seats are sold.
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// Which change of its event's terms it has seen last; 0 if there was none.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The pool on these terms, of this revision. No commit makes this step: it changes no seat,
    /// and no version.
    pub fn on_terms(self, terms: Terms, revision: u64) -> Self {
        Self { terms, revision, ..self }
    }

    /// The pool on the terms of its event.
    pub fn on_terms_of(self, event: &Event) -> Self {
        self.on_terms(event.terms, event.revision)
    }
}
