//! A pool as the auditor sees it in the table, whatever the table is made of.

use std::collections::BTreeMap;

use shared::pool::Pool;
use shared::reservation::{Reservation, ReservationId};
use shared::terms::Sale;

/// All that is stored of a pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sighting {
    pub(crate) index: u16,
    pub(crate) version: u64,
    pub(crate) capacity: u32,
    pub(crate) available: u32,
    pub(crate) reservations: BTreeMap<ReservationId, Reservation>,
    pub(crate) is_overflowed: bool,
    pub(crate) revision: u64,
    /// Whether its terms let nobody order.
    pub(crate) is_paused: bool,
}

impl From<&Pool> for Sighting {
    fn from(pool: &Pool) -> Self {
        let reservations = pool.reservations().map(|one| (one.id, one.clone())).collect();
        Self {
            index: pool.index().get(),
            version: pool.version(),
            capacity: pool.capacity(),
            available: pool.available(),
            reservations,
            is_overflowed: pool.is_overflowed(),
            revision: pool.revision(),
            is_paused: pool.terms().sale != Sale::OnSale,
        }
    }
}
