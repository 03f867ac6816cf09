//! The directory of events, a page at a time, by id; each with its numbers.
//!
//! Those of a large event are the board's: they were true when somebody last looked at all its
//! pools. A small event costs as much to count as its board costs to read, and is counted.

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use crate::board::Census;
use crate::desk::Desk;
use crate::event::Event;
use crate::lookout::{self, FEW_POOLS};
use crate::paging::{self, PageSize};
use crate::store::{Store, StoreError};
use crate::summary::Summary;
use crate::text::{EventId, Malformed};

/// So many pools are counted for one page. It ends with the event that reaches as many.
const POOLS_MAX: u32 = 400;

/// For so many events at once something is read.
const AT_ONCE: usize = 8;

/// One page of the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// What it shows: it may be less than its size, and others follow. An event that cannot be read
    /// is left out.
    pub events: Vec<Summary>,
    /// The event with which the next page begins. `None` if this is the last.
    pub next: Option<EventId>,
}

/// One page, from this event on.
///
/// # Errors
///
/// The store's.
pub async fn page<S: Store>(
    desk: &Desk<S>,
    from: Option<&EventId>,
    size: PageSize,
) -> Result<Page, StoreError> {
    let mut events = desk.store.load_directory(from, size.get().saturating_add(1)).await?;
    let beyond = if events.len() > size.get() { events.pop() } else { None };
    let mut next = beyond.map(|event| event.id);

    let looks: Vec<_> = events.iter().map(|event| on_board(desk, event)).collect();
    let known: Vec<_> = stream::iter(looks).buffered(AT_ONCE).try_collect().await?;
    let (mut listed, mut counted) = (Vec::with_capacity(events.len()), 0_u32);
    for (event, known) in events.iter().zip(known) {
        if counted >= POOLS_MAX {
            next = Some(event.id.clone());
            break;
        }
        if known.is_none() {
            counted = counted.saturating_add(event.pools.get().into());
        }
        listed.push(summary(desk, event, known));
    }
    let summaries: Vec<_> = stream::iter(listed).buffered(AT_ONCE).try_collect().await?;
    Ok(Page { events: summaries.into_iter().flatten().collect(), next })
}

/// The event's numbers: as they are known, or as they are counted now. `None` if what is stored of
/// it is corrupt: one such event must not hide all others, and the audit rings for it.
async fn summary<S: Store>(
    desk: &Desk<S>,
    event: &Event,
    known: Option<Census>,
) -> Result<Option<Summary>, StoreError> {
    if let Some(census) = known {
        return Ok(Some(Summary::of(event, &census, desk.now())));
    }
    match lookout::census(desk, event).await {
        Ok(census) => Ok(Some(Summary::of(event, &census, desk.now()))),
        Err(error @ StoreError::Corrupt { .. }) => {
            tracing::error!(%error, event = %event.id, "an event cannot be listed");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// What the board knows of a large event, if it was ever counted and can be read.
async fn on_board<S: Store>(desk: &Desk<S>, event: &Event) -> Result<Option<Census>, StoreError> {
    if event.pools.get() <= FEW_POOLS {
        return Ok(None);
    }
    match desk.store.load_board(event).await {
        Ok(board) => Ok(Some(board.census).filter(|_| board.round > 0)),
        Err(StoreError::Corrupt { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The cursor of the page that begins with this event.
pub fn cursor_of(event: &EventId) -> String {
    paging::write_cursor(event.as_str().as_bytes(), &["events"])
}

/// The event with which the page of this cursor begins.
///
/// # Errors
///
/// [`Malformed`] for one that was altered, or belongs to another list.
pub fn place_of(cursor: &str) -> Result<EventId, Malformed> {
    let place = paging::read_cursor(cursor, &["events"])?;
    String::from_utf8(place).map_err(|_| paging::UNLIKE)?.parse().map_err(|_| paging::UNLIKE)
}
