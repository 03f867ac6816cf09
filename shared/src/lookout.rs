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

/// How long to wait for a round that somebody else has begun: reading 2,000 pools takes some 60 ms.
const PATIENCE: Duration = Duration::from_millis(150);

/// After this, an instance reads the pools itself, whatever others do.
const TIME_MAX: Duration = Duration::from_millis(600);

/// The longest pause between two looks at the board.
const PAUSE: Duration = Duration::from_millis(12);

/// So many pools an instance may have read in a second for one event's refusals, or its summaries.
/// Beyond that, it rests on what is at most a second old. A person never meets that. A crowd does,
/// and would otherwise have every pool read without end.
const READINGS_A_SECOND: u16 = 640;
const REFUSALS_A_SECOND: u16 = 8;

/// In a crowd of readers, what is so old is looked for again: then the board has gone on.
const SUMMARY_AGE: Duration = Duration::from_millis(500);

/// What a look found out.
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
    let often = often_enough(event);
    let (is_crowd, known) =
        desk.recall(event, |memory| (memory.want(often), memory.census(SUMMARY_AGE)));
    match known {
        Some(census) if is_crowd => Ok(census),
        _ if is_crowd => Ok(look(desk, event, 0, true).await?.census),
        _ => Ok(read(desk, event, 0, own_sighting(desk, event), None).await?.census),
    }
}

/// Whether an instance that refuses may rest on what is a second old.
pub(crate) fn is_in_crowd<S: Store>(desk: &Desk<S>, event: &Event) -> bool {
    let often = often_enough(event).min(REFUSALS_A_SECOND);
    desk.recall(event, |memory| memory.want(often))
}

fn often_enough(event: &Event) -> u16 {
    READINGS_A_SECOND.checked_div(event.pools.get()).unwrap_or(1).max(1)
}

/// A census that was read after this call began; or, in a crowd, after a moment that is less than a
/// second ago. It is looked for to know whether so many seats are free.
pub(crate) async fn look<S: Store>(
    desk: &Desk<S>,
    event: &Event,
    requested: u32,
    is_in_crowd: bool,
) -> Result<Looked, StoreError> {
    let now = Instant::now();
    let (mut first, mut waiting_since, mut last_begun) = (None, now, None);
    while now.elapsed() < TIME_MAX
        && let Some((board, sighting)) = sight(desk, event).await
    {
        let first = *first.get_or_insert(sighting);
        let mut before = Some(first).filter(|first| first.begun < board.round);
        if is_in_crowd {
            before = desk.recall(event, |memory| memory.before(board.round));
        }
        if let Some(before) = before {
            let Board { census, .. } = board;
            desk.recall(event, |memory| memory.learn(before.at, &census));
            return Ok(Looked { before, census, pools: None });
        }
        if last_begun.replace(board.begun) != Some(board.begun) {
            waiting_since = Instant::now();
        } else if !board.is_busy() {
            // Its beginning failed, and nobody else has begun: the board is in trouble.
            break;
        }
        if !board.is_busy() || waiting_since.elapsed() > PATIENCE {
            let begun = board.with_next_round();
            if let Ok(Commit::Applied) = desk.store.post(event, &board, &begun).await {
                return read(desk, event, requested, sighting, Some(begun)).await;
            }
        }
        tokio::time::sleep(desk.jitter(PAUSE)).await;
    }
    read(desk, event, requested, own_sighting(desk, event), None).await
}

/// The board as it stands; and that it was seen is remembered. `None` if it cannot be read.
async fn sight<S: Store>(desk: &Desk<S>, event: &Event) -> Option<(Board, Sighting)> {
    let at = Instant::now();
    match desk.store.load_board(event).await {
        Ok(board) => {
            let (begun, sold) = (board.begun, board.census.sold);
            let sighting = desk.recall(event, |memory| Some(memory.sight(at, begun, sold)));
            Some((board, sighting?))
        }
        Err(error) => {
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
    let mut began = Instant::now();
    let mut looked = read_after(desk, event, before).await?;
    if looked.is_doubtful(event, requested) {
        began = Instant::now();
        let sold = looked.census.sold;
        looked = read_after(desk, event, Sighting { at: began, begun: u64::MAX, sold }).await?;
    }
    let (at, mut begun) = (Instant::now(), u64::MAX);
    if let Some(board) = round
        && let after = board.clone().with_census(looked.census.clone())
        && let Ok(Commit::Applied) = desk.store.post(event, &board, &after).await
    {
        begun = after.begun;
    }
    desk.recall(event, |memory| {
        memory.learn(began, &looked.census);
        memory.sight(at, begun, looked.census.sold);
    });
    Ok(looked)
}

async fn read_after<S: Store>(
    desk: &Desk<S>,
    event: &Event,
    before: Sighting,
) -> Result<Looked, StoreError> {
    let pools = desk.store.load_pools(event).await?;
    desk.note(event, pools.iter());
    Ok(Looked { before, census: Census::of(&pools), pools: Some(pools) })
}

/// What this instance has seen of the pools by now.
pub(crate) fn own_sighting<S: Store>(desk: &Desk<S>, event: &Event) -> Sighting {
    let at = Instant::now();
    let known = desk.recall(event, |memory| Some(memory.sight(at, u64::MAX, 0)));
    known.unwrap_or(Sighting { at, begun: u64::MAX, sold: 0 })
}
