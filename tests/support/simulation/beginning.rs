//! How a simulated world begins: its event, its pools and its weather, from its seed.

use std::collections::BTreeMap;
use std::sync::Mutex;

use shared::event::{Event, PoolCount, PoolIndex, TotalSeats};
use shared::order::Order;
use shared::pool::Pool;
use shared::reservation::ReservationId;

use super::habit::Habit;
use crate::support::nouns;
use crate::support::simulated::weather::{Dice, Weather};

/// Whose reservations were there before anybody came.
pub(crate) const RESIDENT: &str = "resident-of-long-standing-and-with-a-name-of-some-length";

/// A world before anybody came.
#[derive(Debug)]
pub(crate) struct Beginning {
    pub(crate) dice: Dice,
    pub(crate) event: Event,
    pub(crate) pools: Vec<Pool>,
    pub(crate) weather: Weather,
    pub(crate) habit: Habit,
}

impl Beginning {
    /// Of the world of this seed. One pool has no room, so often in 1.
    pub(crate) fn of(seed: u64, crammed: f64) -> Self {
        let dice = Dice::new(seed);
        let (fair, bad, jam) = (Weather::aws(), Weather::storm(), Weather::jam());
        let outlawed = Weather::outlawed();
        let mut weather = *dice.pick(&[fair, fair, bad, bad, bad, outlawed, outlawed, jam]);
        let mut event = nouns::event("on-sale", *dice.pick(&[5, 12, 24, 60, 150]));
        event.pools = PoolCount::try_from(*dice.pick(&[1, 2, 3, 4, 8])).expect("1 to 2,000 pools");
        let mut pools = Pool::open_all(&event);
        if pools.len() > 1 && dice.chance(crammed) {
            // Its item is heavy: what that costs in throughput would hide all else.
            weather.write_units_per_second = None;
            let position = dice.between(0, u64::from(event.pools.get()) - 1);
            event.total_seats = cram(&mut pools, usize::try_from(position).expect("few pools"));
        }
        Self { dice, event, pools, weather, habit: Habit::of(seed) }
    }
}

/// Fills one pool with the longest reservations of one seat, until there is no room for another;
/// and gives the seats of all pools. Such a pool is filled once, since it is the same each time.
fn cram(pools: &mut [Pool], position: usize) -> TotalSeats {
    static CRAMMED: Mutex<BTreeMap<(PoolIndex, u32), Pool>> = Mutex::new(BTreeMap::new());
    let (index, free) = (pools[position].index(), pools[position].capacity());
    let mut crammed = CRAMMED.lock().expect("filling does not panic");
    let full = crammed.entry((index, free)).or_insert_with(|| crammed_pool(index, free));
    pools[position] = full.clone();
    let total = pools.iter().map(|pool| u64::from(pool.capacity())).sum::<u64>();
    TotalSeats::try_from(total).expect("some hundred seats")
}

fn crammed_pool(index: PoolIndex, free: u32) -> Pool {
    let reference = Some("🎟".repeat(64).parse().expect("64 characters"));
    let order = Order { reference, ..nouns::order(RESIDENT, 1) };
    let mut pool = Pool::open(index, 600);
    for number in 0_u32.. {
        if !pool.has_room_for(&order) {
            break;
        }
        let mut bits = [0; 32];
        bits[12..16].copy_from_slice(&number.to_be_bytes());
        let id = ReservationId::in_pool(index, bits);
        let (change, _) = pool.take(0, &id, &order, nouns::start_of_time()).expect("there is room");
        pool = change.after().clone();
    }
    let too_many = pool.available().checked_sub(free).expect("it had enough");
    pool.give(too_many, nouns::start_of_time()).after().clone()
}
