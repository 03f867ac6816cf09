//! The lookout: how an instance comes to know of all pools, at the least cost to all.
//!
//! It looks at the board first. If that is too old, and nobody is reading the pools, it begins a
//! round and reads them; else it waits for whoever is. The board is a help and no more: when it
//! cannot be read or written, or somebody died while reading, every instance reads the pools for
//! itself.

use std::time::Duration;

use tokio::time::Instant;

use crate::board::{Board, Census, Shortage, Sighting};
use crate::desk::Desk;
use crate::event::Event;
use crate::pool::Pool;
use crate::store::{Commit, Store, StoreError};
use crate::trail;

/// How long to wait for a round that somebody else has begun: reading 2,000 pools takes some 60 ms.
const PATIENCE: Duration = Duration::from_millis(150);

/// After this, an instance reads the pools itself, whatever others do.
const TIME_MAX: Duration = Duration::from_millis(600);

/// So often an instance tries to begin a round. If another comes first each time, and none of their
/// rounds serves, the board is in trouble.
const BEGINNINGS_MAX: u32 = 3;

/// The least pause between two looks at the board. It is twice as long on average, about as long as
/// half a round takes.
const PAUSE: Duration = Duration::from_millis(6);

/// A board is left as it is for a millisecond for each so many pools, since to read 2,000 of them
/// ten times a second is half of what a table takes in a new account.
const POOLS_A_MS: u16 = 20;

/// Reading so few pools costs no more than the two writes that tell others of it. So only one
/// reading in so many is told: that is enough for a crowd to find a round under way, and wait.
pub(crate) const FEW_POOLS: u16 = 16;
const TOLD_ONE_IN: u8 = 8;

/// In a crowd, what is a second old must do. It is a crowd if one instance would refuse, or read
/// all pools, more than so often in a second; or if it sees that so many rounds were begun in one.
/// A person never meets that. A crowd does, and would otherwise have every pool read without end.
const REFUSALS_A_SECOND: u16 = 8;
const ROUNDS_A_SECOND: u16 = 24;

/// An event of many pools is read less often: so many pools in a second.
const READINGS_A_SECOND: u16 = 640;

/// How old what is found may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Age {
    /// The pools were read after the call began.
    New,
    /// Or, in a crowd, after a moment that is less than a second ago.
    ASecondInCrowd,
}

/// What a look found out.
#[derive(Debug, Clone)]
pub(crate) struct Looked {
    /// What was known at a moment before the census was read.
    pub(crate) before: Sighting,
    pub(crate) census: Census,
    /// All pools, if this instance has read them itself.
    pub(crate) pools: Option<Vec<Pool>>,
}

impl Looked {
    /// What is proved.
    pub(crate) fn shortage(&self, event: &Event) -> Shortage {
        Shortage::of(event.total_seats, &self.before, &self.census)
    }

    /// This, of which the request's line says how old it may be.
    fn not_new(self) -> Self {
        trail::note(|trail| trail.board_age = Some(self.before.at.elapsed()));
        self
    }

    /// Whether too few seats were counted for an order, and it is not proved that they were too few
    /// at one moment.
    fn is_doubtful(&self, event: &Event, requested: u32) -> bool {
        let free = u64::from(event.total_seats.get()).saturating_sub(self.census.taken());
        free < requested.into() && !self.shortage(event).is_of(requested)
    }
}

/// The numbers of an event, as they are now; or in a crowd as they were at most a second ago.
///
/// # Errors
///
/// The store's.
pub async fn census<S: Store>(desk: &Desk<S>, event: &Event) -> Result<Census, StoreError> {
    Ok(look(desk, event, 0, Age::ASecondInCrowd).await?.census)
}

/// Looks at all pools, to know whether so many seats are free.
pub(crate) async fn look<S: Store>(
    desk: &Desk<S>,
    event: &Event,
    requested: u32,
    age: Age,
) -> Result<Looked, StoreError> {
    let often = READINGS_A_SECOND.checked_div(event.pools.get()).unwrap_or(1).max(1);
    let looks = if requested == 0 { often } else { often.min(REFUSALS_A_SECOND) };
    let mut may_be_old = desk.recall(event, |memory| memory.want(looks));
    may_be_old &= age == Age::ASecondInCrowd;
    if may_be_old
        && let Some((before, census)) = desk.recall(event, |memory| memory.looked())
        && let known = (Looked { before, census, pools: None })
        && (requested == 0 || known.shortage(event).is_of(requested))
    {
        return Ok(known.not_new());
    }

    let calm = Duration::from_millis(u64::from(event.pools.get() / POOLS_A_MS));
    let started = Instant::now();
    let (mut first, mut since, mut beginnings) = (None, (0, started), 0);
    while event.pools.get() > 1
        && started.elapsed() < TIME_MAX
        && beginnings < BEGINNINGS_MAX
        && let Some((board, sighting)) = sight(desk, event).await
    {
        let is_first_look = first.is_none();
        let first = *first.get_or_insert(sighting);
        let mut before = Some(first).filter(|first| first.begun < board.round);
        let rounds = desk.recall(event, |memory| memory.rounds());
        may_be_old |= age == Age::ASecondInCrowd && rounds >= often.min(ROUNDS_A_SECOND).into();
        if may_be_old {
            before = desk.recall(event, |memory| memory.before(board.round));
        }
        if let Some(before) = before {
            let Board { census, .. } = board;
            desk.recall(event, |memory| memory.learn(before, &census));
            return Ok(Looked { before, census, pools: None }.not_new());
        }

        if since.0 != board.begun {
            since = (board.begun, Instant::now());
        }
        if is_first_look && !board.is_busy() && is_better_alone(desk, event) {
            return read(desk, event, requested, sighting, None).await;
        }
        let is_idle = since.1.elapsed() >= if board.is_busy() { PATIENCE } else { calm };
        // Of those who waited for a round in vain, not all begin the next at once.
        if is_idle && (is_first_look || is_one_in(desk, 2)) {
            let begun = board.with_next_round();
            if let Ok(Commit::Applied) = desk.store.post(event, &board, &begun).await {
                return read(desk, event, requested, sighting, Some(begun)).await;
            }
            beginnings = beginnings.saturating_add(1);
        }
        let pause = PAUSE.saturating_add(desk.jitter(PAUSE.saturating_mul(2)));
        tokio::time::sleep(pause).await;
    }
    read(desk, event, requested, own_sighting(desk, event), None).await
}

/// Whether this is one of the readings that no others are told of.
fn is_better_alone<S: Store>(desk: &Desk<S>, event: &Event) -> bool {
    event.pools.get() <= FEW_POOLS && !is_one_in(desk, TOLD_ONE_IN)
}

/// True so often: one time in so many.
fn is_one_in<S: Store>(desk: &Desk<S>, many: u8) -> bool {
    let [chance, ..] = desk.random();
    chance.is_multiple_of(many)
}

/// The board as it stands; and that it was seen is remembered. `None` if it cannot be read.
async fn sight<S: Store>(desk: &Desk<S>, event: &Event) -> Option<(Board, Sighting)> {
    // What is seen from here on may be later than what the board says.
    let before = own_sighting(desk, event);
    match desk.store.load_board(event).await {
        Ok(board) => {
            let (begun, sold) = (board.begun, before.sold.max(board.census.sold));
            let sighting = Sighting { begun, sold, ..before };
            desk.recall(event, |memory| memory.sight(sighting));
            Some((board, sighting))
        }
        Err(error) => {
            // A corrupt one is never healed by itself, and all refusals wait for their own proof.
            tracing::warn!(%error, "the board cannot be read");
            None
        }
    }
}

/// Reads all pools, and tells the others, if they wait for this round. If there are too few seats
/// for an order, it reads them a second time, should that be what it takes to prove it.
async fn read<S: Store>(
    desk: &Desk<S>,
    event: &Event,
    requested: u32,
    before: Sighting,
    round: Option<Board>,
) -> Result<Looked, StoreError> {
    let mut looked = read_after(desk, event, before).await?;
    if looked.is_doubtful(event, requested) {
        let before = own_sighting(desk, event);
        looked = read_after(desk, event, before).await?;
    }
    desk.recall(event, |memory| memory.learn(looked.before, &looked.census));
    if let Some(board) = round {
        let at = Instant::now();
        let after = board.clone().with_census(looked.census.clone());
        if let Ok(Commit::Applied) = desk.store.post(event, &board, &after).await {
            let sighting = Sighting { at, begun: after.begun, sold: after.census.sold };
            desk.recall(event, |memory| memory.sight(sighting));
        }
    }
    Ok(looked)
}

async fn read_after<S: Store>(
    desk: &Desk<S>,
    event: &Event,
    before: Sighting,
) -> Result<Looked, StoreError> {
    let pools = desk.store.load_pools(event).await?;
    desk.note(event, pools.iter());
    Ok(Looked { before, census: Census::of(&pools, desk.now()), pools: Some(pools) })
}

/// What this instance has seen of the pools by now. It saw no board: no census of another's round
/// is known to be later.
pub(crate) fn own_sighting<S: Store>(desk: &Desk<S>, event: &Event) -> Sighting {
    let (at, begun) = (Instant::now(), u64::MAX);
    Sighting { at, begun, sold: desk.recall(event, |memory| memory.sold()) }
}
