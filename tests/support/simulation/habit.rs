//! What simulated partners do besides ordering, cancelling and looking.

use super::World;
use super::partner::Partner;

/// What partners do besides: in each world no more than one of these, so that a new habit changes
/// few worlds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Habit {
    /// Nothing.
    Usual,
    /// They hold seats.
    Holds,
    /// They compare their books with ours.
    Lists,
    /// They pause the sale, and let it go on.
    Pauses,
}

impl Habit {
    /// That of the world of this seed.
    pub(crate) fn of(seed: u64) -> Self {
        match seed % 5 {
            2 => Self::Pauses,
            3 => Self::Lists,
            4 => Self::Holds,
            _ => Self::Usual,
        }
    }
}

impl Partner {
    /// Does what it is used to do, if it chooses to. False if it did nothing.
    pub(super) async fn follow_habit(&mut self, world: &World) -> bool {
        match world.habit {
            Habit::Holds if world.dice.chance(0.4) => self.hold_or_so(world).await,
            Habit::Lists if world.dice.chance(0.2) => self.compare_books(world).await,
            Habit::Pauses if world.dice.chance(0.15) => self.run_sale(world).await,
            Habit::Usual | Habit::Holds | Habit::Lists | Habit::Pauses => return false,
        }
        true
    }
}
