//! The store: where pools stand, and the one way to change them.

use std::collections::BTreeMap;
use std::future::Future;

use crate::board::Board;
use crate::event::{Event, PoolIndex};
use crate::mark::RequestMark;
use crate::pool::{Change, Pool};
use crate::terms::Moment;
use crate::text::EventId;

/// Events and their pools. Whoever implements it passes `tests/store_contract.rs`.
pub trait Store: Send + Sync {
    /// The event, if there is one.
    fn load_event(
        &self,
        id: &EventId,
    ) -> impl Future<Output = Result<Option<Event>, StoreError>> + Send;

    /// One pool of the event, with every commit that was acknowledged before.
    fn load_pool(
        &self,
        event: &Event,
        index: PoolIndex,
    ) -> impl Future<Output = Result<Pool, StoreError>> + Send;

    /// These pools of the event, in this order. Each is as a [`Store::load_pool`] at some moment of
    /// this call would find it; not all at the same moment.
    fn load_some(
        &self,
        event: &Event,
        indices: Vec<PoolIndex>,
    ) -> impl Future<Output = Result<Vec<Pool>, StoreError>> + Send;

    /// All pools of the event, by index, as [`Store::load_some`] finds them.
    fn load_pools(
        &self,
        event: &Event,
    ) -> impl Future<Output = Result<Vec<Pool>, StoreError>> + Send {
        self.load_some(event, event.pools.indices().collect())
    }

    /// The event's board as it stands.
    fn load_board(&self, event: &Event) -> impl Future<Output = Result<Board, StoreError>> + Send;

    /// Writes the event's board, only if it still stands as expected: with so many rounds begun,
    /// and the census of that round.
    fn post(
        &self,
        event: &Event,
        expected: &Board,
        after: &Board,
    ) -> impl Future<Output = Result<Commit, StoreError>> + Send;

    /// Writes the changes, all or none: only if every pool still stands at its expected version.
    ///
    /// [`StoreError::Unavailable`] says nothing about the outcome: the commit may have been
    /// applied, or may yet be.
    fn commit(
        &self,
        event: &Event,
        changes: &[Change],
    ) -> impl Future<Output = Result<Commit, StoreError>> + Send;

    /// Writes the event as it was changed, with its row in the directory: only if it still has the
    /// revision that is expected.
    fn amend(
        &self,
        event: &Event,
        expected_revision: u64,
    ) -> impl Future<Output = Result<Commit, StoreError>> + Send;

    /// Puts one pool on the event's terms. [`Commit::Conflict`] says that it was on these or later
    /// ones already, or that another write was under way.
    fn impose(
        &self,
        event: &Event,
        index: PoolIndex,
    ) -> impl Future<Output = Result<Commit, StoreError>> + Send;

    /// Takes one step of the event's creation, whole or not at all. [`Commit::Conflict`] says that
    /// its condition failed, or that another's step was under way.
    fn create(
        &self,
        event: &Event,
        step: CreationStep<'_>,
    ) -> impl Future<Output = Result<Commit, StoreError>> + Send;

    /// The events of the directory by id, from this one on, or the first; so many at most. There
    /// are fewer only if these are the last. One that is corrupt is left out.
    fn load_directory(
        &self,
        from: Option<&EventId>,
        count: usize,
    ) -> impl Future<Output = Result<Vec<Event>, StoreError>> + Send;

    /// Which event the request with this mark created, if it created one.
    fn load_creation(
        &self,
        mark: RequestMark,
    ) -> impl Future<Output = Result<Option<EventId>, StoreError>> + Send;
}

/// One step of an event's creation. Pools are written before the event, so that half an event never
/// exists; and pools without an event are nobody's.
#[derive(Debug, Clone, Copy)]
pub enum CreationStep<'a> {
    /// If there is no such event: claims its id for this request, even from another that claimed
    /// it before.
    Claim,
    /// If this request has the claim: writes these pools.
    Pools(&'a [Pool]),
    /// If there is no such event, and the request has created no other: writes it with its last
    /// pools, and ends the claim, which must be this request's. An event that is written in this
    /// one step needs no claim, and ends any other's.
    Event {
        /// The last pools, or all.
        pools: &'a [Pool],
        /// Whether there were steps before.
        is_claimed: bool,
    },
}

/// What only an audit reads: which events there are, and pools that may not be sound.
pub trait Books: Store {
    /// All events, as the directory has them.
    fn list_events(&self) -> impl Future<Output = Result<Vec<Listed>, StoreError>> + Send;

    /// Every pool that stands under the event's name, also beyond its last. Each is as it was at
    /// some moment of this call.
    fn inspect_pools(
        &self,
        event: &Event,
    ) -> impl Future<Output = Result<BTreeMap<PoolIndex, Evidence>, StoreError>> + Send;
}

/// A row of the directory of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The event's id, whatever it is.
    pub id: String,
    /// When the event is over, if that was said.
    pub ends_at: Option<Moment>,
}

/// A pool as an audit found it, sound or not. Nothing can be sold from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence(pub(crate) Result<Pool, String>);

impl From<Pool> for Evidence {
    fn from(pool: Pool) -> Self {
        Self(Ok(pool))
    }
}

/// How a commit went. A lost race is an ordinary answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Commit {
    /// Every change is written.
    Applied,
    /// Another commit came first and nothing is written. Where one pool was to be changed and
    /// the store could tell, this is how it stands.
    Conflict(Option<Pool>),
}

/// What can go wrong between us and the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// What is stored breaks a promise, or is not what we write.
    #[error("stored {what} is corrupt: {why}")]
    Corrupt {
        /// The keys of the item.
        what: String,
        /// What is wrong with it.
        why: String,
    },
    /// The store did not answer, or not in time; what was asked for may have been done.
    #[error("the store is unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The store will not do what was asked, however often: our deployment is at fault.
    #[error("the store rejected the request")]
    Rejected(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl StoreError {
    /// The same once more, for another request that the same call was for.
    pub(crate) fn again(&self) -> Self {
        match self {
            Self::Corrupt { what, why } => Self::Corrupt { what: what.clone(), why: why.clone() },
            Self::Unavailable(cause) => Self::Unavailable(cause.to_string().into()),
            Self::Rejected(cause) => Self::Rejected(cause.to_string().into()),
        }
    }
}
