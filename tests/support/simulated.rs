//! The simulated store: events and pools in a [`Table`] under some [`Weather`].

mod creation;
mod sdk;
pub(crate) mod state;
pub(crate) mod table;
pub(crate) mod weather;

use std::collections::BTreeMap;
use std::sync::Arc;

use shared::board::Board;
use shared::event::{Event, PoolIndex};
use shared::mark::RequestMark;
use shared::pool::{Change, Pool};
use shared::store::{Commit, CreationStep, Store, StoreError};
use shared::text::EventId;

use self::sdk::Failure;
use self::state::Apply;
use self::table::{Table, Written};
use self::weather::{Dice, Weather};

/// What stands under one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Item {
    Event(Event),
    Pool(Pool),
    Board(Board),
    /// Which request claims the id of an event that is not there yet.
    Claim(RequestMark),
    /// Which event a request created.
    Created(EventId),
}

/// A store in memory, with the semantics of DynamoDB and whatever goes wrong with it.
#[derive(Debug, Clone)]
pub(crate) struct SimulatedStore {
    pub(crate) table: Table<Item>,
}

impl SimulatedStore {
    /// A store that answers everything at once.
    pub(crate) fn calm() -> Self {
        Self::under(Weather::calm(), Dice::new(0))
    }

    pub(crate) fn under(weather: Weather, dice: Dice) -> Self {
        Self { table: Table::new(dice, weather, bytes) }
    }

    /// Puts a new event there, with its pools, without a call.
    pub(crate) fn put_event(&self, event: &Event) {
        self.put(event, Pool::open_all(event));
    }

    /// Puts an event there, with pools that stand like these, without a call.
    pub(crate) fn put(&self, event: &Event, pools: Vec<Pool>) {
        for pool in pools {
            self.table.put(pool_key(&event.id, pool.index()), Item::Pool(pool));
        }
        self.table.put(event_key(&event.id), Item::Event(event.clone()));
    }

    /// All pools of the event as they are, without a call.
    pub(crate) fn peek_pools(&self, event: &Event) -> Vec<Pool> {
        let peek = |index| match self.table.peek(&pool_key(&event.id, index)) {
            Some(Item::Pool(pool)) => pool,
            other => panic!("{other:?} is no pool"),
        };
        event.pools.indices().map(peek).collect()
    }
}

impl Store for SimulatedStore {
    async fn load_event(&self, id: &EventId) -> Result<Option<Event>, StoreError> {
        match self.table.get(event_key(id)).await? {
            Some(Item::Event(event)) => Ok(Some(event)),
            Some(Item::Claim(_)) | None => Ok(None),
            Some(other) => panic!("{other:?} stands where {id} should"),
        }
    }

    async fn load_pool(&self, event: &Event, index: PoolIndex) -> Result<Pool, StoreError> {
        pool_of(self.table.get(pool_key(&event.id, index)).await?, event, index)
    }

    async fn load_some(
        &self,
        event: &Event,
        indices: Vec<PoolIndex>,
    ) -> Result<Vec<Pool>, StoreError> {
        let keys = indices.iter().map(|index| pool_key(&event.id, *index)).collect();
        let found = self.table.get_batch(keys).await?.into_iter();
        indices.iter().zip(found).map(|(index, item)| pool_of(item, event, *index)).collect()
    }

    async fn load_board(&self, event: &Event) -> Result<Board, StoreError> {
        match self.table.get(board_key(&event.id)).await? {
            Some(Item::Board(board)) => Ok(board),
            Some(other) => panic!("{other:?} stands where a board should"),
            None => Ok(Board::default()),
        }
    }

    async fn post(
        &self,
        event: &Event,
        expected: &Board,
        after: &Board,
    ) -> Result<Commit, StoreError> {
        let (expected, after) = ((expected.begun, expected.round), after.clone());
        let apply: Apply<Item> = Arc::new(move |before| {
            let stands = match before {
                Some(Item::Board(board)) => (board.begun, board.round),
                _ => (0, 0),
            };
            (stands == expected).then(|| Item::Board(after.clone()))
        });
        Ok(match self.table.write(board_key(&event.id), apply).await? {
            Written::Applied => Commit::Applied,
            Written::ConditionFailed(_) | Written::InTransaction => Commit::Conflict(None),
        })
    }

    async fn commit(&self, event: &Event, changes: &[Change]) -> Result<Commit, StoreError> {
        let mut writes: Vec<_> = changes.iter().map(|change| write_of(event, change)).collect();
        if writes.len() > 1 {
            let applied = self.table.transact(writes).await?;
            return Ok(if applied { Commit::Applied } else { Commit::Conflict(None) });
        }
        let (key, apply) = writes.remove(0);
        Ok(match self.table.write(key, apply).await? {
            Written::Applied => Commit::Applied,
            Written::ConditionFailed(Some(Item::Pool(found))) => Commit::Conflict(Some(found)),
            Written::ConditionFailed(_) | Written::InTransaction => Commit::Conflict(None),
        })
    }

    async fn amend(&self, event: &Event, expected_revision: u64) -> Result<Commit, StoreError> {
        let amended = Item::Event(event.clone());
        let apply: Apply<Item> = Arc::new(move |before| match before {
            Some(Item::Event(before)) if before.revision == expected_revision => {
                Some(amended.clone())
            }
            _ => None,
        });
        // Its row in the directory is written with it.
        let applied = self.table.transact(vec![(event_key(&event.id), apply)]).await?;
        Ok(if applied { Commit::Applied } else { Commit::Conflict(None) })
    }

    async fn impose(&self, event: &Event, index: PoolIndex) -> Result<Commit, StoreError> {
        let terms_of = event.clone();
        let apply: Apply<Item> = Arc::new(move |before| match before {
            Some(Item::Pool(before)) if before.revision() < terms_of.revision => {
                Some(Item::Pool(before.clone().on_terms_of(&terms_of)))
            }
            _ => None,
        });
        Ok(match self.table.write(pool_key(&event.id, index), apply).await? {
            Written::Applied => Commit::Applied,
            Written::ConditionFailed(Some(Item::Pool(found))) => Commit::Conflict(Some(found)),
            Written::ConditionFailed(_) | Written::InTransaction => Commit::Conflict(None),
        })
    }

    async fn create(&self, event: &Event, step: CreationStep<'_>) -> Result<Commit, StoreError> {
        let created = self.table.transact(creation::writes_of(event, step)).await?;
        Ok(if created { Commit::Applied } else { Commit::Conflict(None) })
    }

    async fn load_directory(
        &self,
        from: Option<&EventId>,
        count: usize,
    ) -> Result<Vec<Event>, StoreError> {
        // The call is under the weather; what it finds is there when it ends.
        self.table.get("events".to_owned()).await?;
        let mut events = BTreeMap::new();
        for item in self.table.peek_all().into_values() {
            if let Item::Event(event) = item {
                events.insert(event.id.clone(), event);
            }
        }
        let listed = events.into_iter().filter(|(id, _)| from.is_none_or(|from| id >= from));
        Ok(listed.map(|(_, event)| event).take(count).collect())
    }

    async fn load_creation(&self, mark: RequestMark) -> Result<Option<EventId>, StoreError> {
        match self.table.get(creation::mark_key(mark)).await? {
            Some(Item::Created(id)) => Ok(Some(id)),
            Some(other) => panic!("{other:?} stands where a creation should"),
            None => Ok(None),
        }
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Unknown => Self::Unavailable("an attempt was not answered".into()),
            Failure::Denied => Self::Rejected("we may not do this".into()),
        }
    }
}

/// The write of one change: whole, and only from the version that it expects.
fn write_of(event: &Event, change: &Change) -> (String, Apply<Item>) {
    let (expected, after) = (change.expected(), change.after().clone());
    let apply: Apply<Item> = Arc::new(move |before| match before {
        Some(Item::Pool(before)) if before.stamp() == expected => Some(Item::Pool(after.clone())),
        _ => None,
    });
    (pool_key(&event.id, change.pool()), apply)
}

fn pool_of(item: Option<Item>, event: &Event, index: PoolIndex) -> Result<Pool, StoreError> {
    match item {
        Some(Item::Pool(pool)) => Ok(pool),
        _ => Err(StoreError::Corrupt {
            what: pool_key(&event.id, index),
            why: "it is missing".to_owned(),
        }),
    }
}

fn event_key(id: &EventId) -> String {
    format!("event#{id}")
}

fn board_key(id: &EventId) -> String {
    format!("event#{id}#board")
}

fn pool_key(id: &EventId, index: PoolIndex) -> String {
    format!("event#{id}#{}", index.get())
}

/// About what the item weighs in DynamoDB: names and counts, and its reservations, packed.
fn bytes(item: &Item) -> usize {
    const KEYS_AND_COUNTS: usize = 90;
    /// An id, a partner's position, seats, a time, a version, and that there is nothing else.
    const ENTRY: usize = 14 + 1 + 1 + 3 + 1 + 2;
    const ENDED: usize = 3 + 8;
    match item {
        Item::Event(_) | Item::Claim(_) | Item::Created(_) => 150,
        Item::Board(board) => 110 + board.census.free.len(),
        Item::Pool(pool) => {
            let entries = pool.reservations().map(|one| {
                let reference = one.reference.as_ref().map_or(0, |text| 1 + text.as_str().len());
                let ended = if one.is_live() { 0 } else { ENDED };
                ENTRY + reference + ended
            });
            // They are few: a set would take longer, and every reading weighs its items.
            let mut partners: Vec<&str> = Vec::new();
            for partner in pool.reservations().map(|one| one.partner.as_str()) {
                if !partners.contains(&partner) {
                    partners.push(partner);
                }
            }
            let partners = partners.into_iter().map(|partner| 1 + partner.len());
            KEYS_AND_COUNTS + entries.sum::<usize>() + partners.sum::<usize>()
        }
    }
}
