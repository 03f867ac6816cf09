//! One step of a pool, as a commit writes it.

use super::{Pool, Stamp};
use crate::event::PoolIndex;
use crate::reservation::Reservation;

/// One step of one pool, from the version before to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub(super) after: Pool,
}

impl Change {
    /// Which pool changes.
    pub fn pool(&self) -> PoolIndex {
        self.after.index
    }

    /// The version at which the pool must still stand.
    pub fn expected_version(&self) -> u64 {
        self.after.version.checked_sub(1).expect("a change makes a version of at least 1")
    }

    /// Where the pool must still stand.
    pub fn expected(&self) -> Stamp {
        Stamp { version: self.expected_version(), revision: self.after.revision }
    }

    /// The pool as it will stand.
    pub fn after(&self) -> &Pool {
        &self.after
    }

    /// The pool as it will stand, though still at the version that it starts from: for a further
    /// step of the same commit.
    pub(crate) fn so_far(&self) -> Pool {
        Pool { version: self.expected_version(), ..self.after.clone() }
    }

    /// An order of this pool stands in another from now on.
    pub(crate) fn overflow(&mut self) {
        self.after.is_overflowed = true;
    }

    /// Free seats come from other pools.
    pub(crate) fn receive(&mut self, seats: u32) {
        self.after.capacity = self.after.capacity.saturating_add(seats);
        self.after.available = self.after.available.saturating_add(seats);
    }

    /// Free seats go to another pool.
    ///
    /// # Panics
    ///
    /// If there are not so many.
    pub(crate) fn give(&mut self, seats: u32) {
        let left = |of: u32| of.checked_sub(seats).expect("a donor gives only free seats");
        self.after.available = left(self.after.available);
        self.after.capacity = left(self.after.capacity);
        self.after.check();
    }

    /// The reservation stands on, in another state or with other seats.
    ///
    /// # Panics
    ///
    /// If it does not stand, or if there are too few free seats.
    pub(crate) fn replace(&mut self, reservation: Reservation) {
        let after = &mut self.after;
        let standing = after.reservations.get(&reservation.id).expect("it stands");
        let (had, has) = (standing.seats.get(), reservation.seats.get());
        let back = had.saturating_sub(has);
        let free = after.available.saturating_add(back).checked_sub(has.saturating_sub(had));
        after.available = free.expect("a change takes only free seats");
        after.returned = after.returned.saturating_add(back.into());
        after.reservations.insert(reservation.id, reservation);
        after.check();
    }

    /// The reservation is new, and takes its seats; or it has ended, and gives them back.
    ///
    /// # Panics
    ///
    /// If the seats do not add up.
    pub(crate) fn write(&mut self, reservation: Reservation) {
        let seats = reservation.seats.get();
        if reservation.is_live() {
            let left = self.after.available.checked_sub(seats);
            self.after.available = left.expect("an order takes only free seats");
        } else {
            self.after.available = self.after.available.saturating_add(seats);
            self.after.returned = self.after.returned.saturating_add(seats.into());
        }
        self.after.reservations.insert(reservation.id, reservation);
        self.after.check();
    }
}
