//! Lists of reservations, a page at a time, in the order of their ids.
//!
//! An id begins with the index of its pool, and a reservation never moves. So whoever walks through
//! the ids meets every reservation that stood when it set out, whatever is sold and gathered
//! meanwhile; unless that was forgotten, a day after it ended.

use crate::desk::Desk;
use crate::event::{Event, PoolIndex};
use crate::paging::{self, PageSize};
use crate::reservation::{Reservation, ReservationId, Status};
use crate::store::{Store, StoreError};
use crate::text::{EventId, Malformed, PartnerId, PartnerReference};

/// So many pools one page looks at, at most: a page that finds little ends early.
const POOLS_MAX: u16 = 200;

/// So many pools a page looks at first: sold out, they hold more than the usual page shows. Each
/// further reading is of twice as many, so little is read in vain, and in few calls.
const POOLS_FIRST: u16 = 4;

/// Which reservations of an event are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// Those of one partner. `None` is all, which only an organiser may see.
    pub partner: Option<PartnerId>,
    /// Those in this state.
    pub status: Option<Status>,
    /// Those that their partner calls like this.
    pub reference: Option<PartnerReference>,
}

/// One page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// What it shows: it may be less than its size, or nothing, and others follow.
    pub reservations: Vec<Reservation>,
    /// Where the next page begins. `None` if this is the last.
    pub next: Option<Place>,
}

/// A place in a list: before the reservation whose id has these bytes, or would have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place([u8; 16]);

/// One page of the event's reservations, from a place on.
///
/// # Errors
///
/// The store's.
pub async fn page<S: Store>(
    desk: &Desk<S>,
    event: &Event,
    filter: &Filter,
    from: Place,
    size: PageSize,
) -> Result<Page, StoreError> {
    let mut reservations = Vec::new();
    let (mut pool, mut width) = (from.pool(), POOLS_FIRST);
    let end = event.pools.get().min(pool.saturating_add(POOLS_MAX));
    while pool < end {
        let upto = end.min(pool.saturating_add(width));
        let read = desk.store.load_some(event, (pool..upto).map(PoolIndex::new).collect()).await?;
        for pool in read {
            let settled = pool.settled(desk.now());
            let wanted = settled.reservations().filter(|one| from <= Place::of(&one.id));
            for one in wanted.filter(|one| filter.has(one)) {
                if reservations.len() == size.get() {
                    return Ok(Page { reservations, next: Some(Place::of(&one.id)) });
                }
                reservations.push(one.clone());
            }
        }
        (pool, width) = (upto, width.saturating_mul(2));
    }
    let next = (pool < event.pools.get()).then(|| Place::before_pool(pool));
    Ok(Page { reservations, next })
}

impl Filter {
    fn has(&self, reservation: &Reservation) -> bool {
        self.partner.as_ref().is_none_or(|partner| reservation.partner == *partner)
            && self.status.is_none_or(|status| reservation.status() == status)
            && (self.reference.is_none() || reservation.reference == self.reference)
    }

    /// The cursor of a place among these reservations of the event.
    pub fn cursor_of(&self, event: &EventId, place: Place) -> String {
        paging::write_cursor(&place.0, &self.parts(event))
    }

    /// The place that a cursor means among these reservations of the event.
    ///
    /// # Errors
    ///
    /// [`Malformed`] for one that was altered, or belongs to another list.
    pub fn place_of(&self, event: &EventId, cursor: &str) -> Result<Place, Malformed> {
        let place = paging::read_cursor(cursor, &self.parts(event))?;
        place.try_into().map(Place).map_err(|_| paging::UNLIKE)
    }

    /// What names this list. No partner, state or reference is an empty text.
    fn parts<'a>(&'a self, event: &'a EventId) -> [&'a str; 5] {
        let partner = self.partner.as_ref().map_or("", |partner| partner.as_str());
        let reference = self.reference.as_ref().map_or("", |reference| reference.as_str());
        let status = self.status.map_or("", Status::as_str);
        ["reservations", event.as_str(), partner, status, reference]
    }
}

impl Place {
    /// Before all.
    pub const FIRST: Self = Self([0; 16]);

    fn of(id: &ReservationId) -> Self {
        Self(*id.as_bytes())
    }

    fn before_pool(index: u16) -> Self {
        let mut bytes = [0; 16];
        bytes[..2].copy_from_slice(&index.to_be_bytes());
        Self(bytes)
    }

    fn pool(self) -> u16 {
        let [high, low, ..] = self.0;
        u16::from_be_bytes([high, low])
    }
}
