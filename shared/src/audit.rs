//! The audit: whether what stands in the store keeps promise 1, found out while seats are sold.
//!
//! A pool is one item, so every reading of it is exact: its seats add up, or they do not. The pools
//! of an event are not read at one moment, and a gather may move seats behind the audit's back. So
//! a wrong total counts only if no seat moved between two readings that both show it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::stream::{self, Stream, StreamExt as _};

use crate::event::{Event, PoolIndex};
use crate::findings::{Findings, Violation, Warning};
use crate::pool::Pool;
use crate::reservation::Reservation;
use crate::store::{Books, Evidence, StoreError};

/// How often a total that is wrong is looked at, until no seat moves meanwhile.
const ROUNDS_MAX: u32 = 20;

/// How long seats may go on moving before the next look.
const PAUSE: Duration = Duration::from_millis(50);

/// How many events are audited at once. An audit waits for the store nearly all the time.
const AT_ONCE: usize = 16;

/// Audits the events of these ids, many at once, and gives what was found in their order.
pub fn audit_events<B: Books>(
    books: &B,
    ids: impl IntoIterator<Item = String>,
) -> impl Stream<Item = Result<Findings, StoreError>> {
    let audit = async move |id: String| audit_event(books, &id).await;
    stream::iter(ids).map(audit).buffered(AT_ONCE)
}

/// Audits the event of this id, while its seats are sold.
///
/// # Errors
///
/// [`StoreError`] when the store does not answer. What is corrupt is a finding, not an error.
pub async fn audit_event<B: Books>(books: &B, id: &str) -> Result<Findings, StoreError> {
    let without_pools = |violation| Ok(Findings::of(id, 0, vec![violation]));
    let Ok(event_id) = id.parse() else { return without_pools(Violation::IdMalformed) };
    // The event first: whoever has seen it sees all its pools, which were written with it.
    let event = match books.load_event(&event_id).await {
        Ok(Some(event)) => event,
        Ok(None) => return without_pools(Violation::EventMissing),
        Err(StoreError::Corrupt { why, .. }) => {
            return without_pools(Violation::EventCorrupt(why));
        }
        Err(error) => return Err(error),
    };

    Ok(inspect(books, &event).await?.0)
}

/// The pools of an event, as one reading found them.
pub(crate) type Pools = BTreeMap<PoolIndex, Evidence>;

/// Audits this event. Gives the pools, too, as the findings are about them.
pub(crate) async fn inspect<B: Books>(
    books: &B,
    event: &Event,
) -> Result<(Findings, Pools), StoreError> {
    let mut rounds = 1_u32;
    loop {
        let before = books.inspect_pools(event).await?;
        let violations = violations(event, &before);
        let mut findings = Findings::of(event.id.as_str(), before.len(), violations);
        findings.warnings = warnings(&before);
        let total = event.total_seats.get();
        let capacity = match capacity(event, &before) {
            Some(capacity) if capacity != u64::from(total) => capacity,
            _ => return Ok((findings, before)),
        };

        let after = books.inspect_pools(event).await?;
        if no_seat_moved(&before, &after) {
            findings.violations.push(Violation::TotalWrong { capacity, total });
            return Ok((findings, before));
        }
        if rounds == ROUNDS_MAX {
            return Ok((Findings { unsettled: true, ..findings }, before));
        }
        rounds = rounds.saturating_add(1);
        tokio::time::sleep(PAUSE).await;
    }
}

/// What is wrong with single pools. One reading of a pool is proof.
fn violations(event: &Event, pools: &Pools) -> Vec<Violation> {
    let missing = event.pools.indices().filter(|index| !pools.contains_key(index));
    let mut violations: Vec<_> = missing.map(Violation::PoolMissing).collect();
    for (&index, evidence) in pools {
        match &evidence.0 {
            Ok(pool) => violations.extend(violations_in(event, pool)),
            Err(why) => {
                violations.push(Violation::PoolCorrupt { pool: index, why: why.clone() });
            }
        }
    }
    violations
}

fn violations_in(event: &Event, pool: &Pool) -> Vec<Violation> {
    let index = pool.index();
    let live = || pool.reservations().filter(|reservation| reservation.is_live());
    let mut violations = Vec::new();
    if !pool.adds_up() {
        violations.push(Violation::SeatsWrong {
            pool: index,
            capacity: pool.capacity(),
            available: pool.available(),
            taken: live().map(|reservation| u64::from(reservation.seats.get())).sum(),
        });
    }
    // The event was read before its pools.
    if index.get() < event.pools.get() && !event.is_changing && pool.revision() < event.revision {
        let (revision, want) = (pool.revision(), event.revision);
        violations.push(Violation::ChangeMissed { pool: index, revision, want });
    }
    // At version 0 it is left over from a creation that died or lost the id: no seat of it was
    // ever sold.
    if index.get() >= event.pools.get() && pool.version() > 0 {
        violations.push(Violation::PoolStranded { pool: index, live: live().count() });
    }
    let ids = pool.reservations().map(|reservation| reservation.id);
    let strangers = ids.filter(|id| id.pool() != index);
    violations.extend(strangers.map(|id| Violation::ReservationStranded { pool: index, id }));
    violations
}

fn warnings(pools: &Pools) -> Vec<Warning> {
    let readable = pools.values().filter_map(|evidence| evidence.0.as_ref().ok());
    let heavy = readable.filter(|pool| pool.is_heavy());
    let live = |pool: &Pool| pool.reservations().filter(|one| one.is_live()).count();
    heavy.map(|pool| Warning::PoolHeavy { pool: pool.index(), live: live(pool) }).collect()
}

/// The seats of all the event's pools, or `None` if one cannot be read.
fn capacity(event: &Event, pools: &Pools) -> Option<u64> {
    let capacity = |index| match pools.get(&index) {
        Some(Evidence(Ok(pool))) => Some(u64::from(pool.capacity())),
        Some(Evidence(Err(_))) | None => None,
    };
    event.pools.indices().map(capacity).sum()
}

/// Whether there was a moment between the two readings at which all pools had the seats that both
/// show: then their sum is exact.
fn no_seat_moved(before: &Pools, after: &Pools) -> bool {
    before.len() == after.len()
        && before.iter().all(|(index, before)| match (&before.0, after.get(index)) {
            (Ok(before), Some(Evidence(Ok(after)))) => kept_its_seats(before, after),
            (Err(_), Some(Evidence(Err(_)))) => true,
            (Ok(_) | Err(_), _) => false,
        })
}

/// Whether the pool neither gave nor received a seat between the two readings.
///
/// A sale adds a reservation, and what changes or cancels one gives it another version; a gift of
/// seats leaves no trace. So if the reservations explain each step between, no seat was given; and
/// then one that was received would show in the capacity.
fn kept_its_seats(before: &Pool, after: &Pool) -> bool {
    let known: BTreeMap<_, _> = before.reservations().map(|one| (one.id, one)).collect();
    // One step may write several, which then have its version. Of several steps of one reservation
    // only the last shows: then more were made than are explained, but for a sale and its end.
    let is_written =
        |one: &&Reservation| known.get(&one.id).is_none_or(|old| old.version != one.version);
    let written = || after.reservations().filter(is_written);
    let steps: BTreeSet<_> = written().map(|one| one.version).collect();
    let is_sale_and_end =
        |one: &&Reservation| !known.contains_key(&one.id) && one.cancelled.is_some();
    let sales_and_ends = written().filter(is_sale_and_end).count();
    let explained = u64::try_from(steps.len().saturating_add(sales_and_ends)).ok();
    explained.is_some()
        && before.capacity() == after.capacity()
        && after.version().checked_sub(before.version()) == explained
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{Caller, Role};
    use crate::mark::RequestMark;
    use crate::order::{Order, SeatCount};
    use crate::pool::Change;
    use crate::reservation::ReservationId;
    use crate::rules::Decision;

    #[test]
    fn a_seat_that_went_and_one_that_came_back_are_not_taken_for_a_pool_at_rest() {
        let now = jiff::Timestamp::UNIX_EPOCH;
        let caller = Caller { id: "abc-corp".parse().expect("an id"), role: Role::Partner };
        let seats = SeatCount::try_from(5).expect("1 to 10");
        let order = Order { partner: caller.id.clone(), seats, reference: None, hold: None };
        let id = |number| ReservationId::in_pool(PoolIndex::new(0), [number; 32]);
        let after = |decided: Result<Decision, _>| match decided {
            Ok(Decision::Commit(changes, _)) => changes.first().map(Change::after).cloned(),
            other => panic!("{other:?}"),
        };
        let after = |decided| after(decided).expect("one pool changes");

        let first = after(Pool::open(PoolIndex::new(0), 50).reserve(&id(1), &order, now));
        let sold = after(first.reserve(&id(2), &order, now));
        let cancelled = after(sold.cancel(&id(2), &caller, RequestMark::new(1), now));
        let gave = sold.give(5, now).after().clone();
        let (received, _) = gave.take(5, &id(3), &order, now).expect("5 seats came");
        let received = received.after().clone();
        let batch = match first.reserve(&id(4), &order, now) {
            Ok(Decision::Commit(changes, _)) => changes[0].so_far().reserve(&id(5), &order, now),
            other => panic!("{other:?}"),
        };
        let batch = after(batch);
        let gave_again = batch.give(5, now).after().clone();
        let (back, _) = gave_again.take(5, &id(6), &order, now).expect("5 seats came");
        let cases = [
            ("two sales in one step", &first, &batch, true),
            ("two sales in one step, a gift and one in return", &first, back.after(), false),
            ("nothing", &first, &first, true),
            ("a sale", &first, &sold, true),
            ("a cancellation", &sold, &cancelled, true),
            ("a sale and its cancellation", &first, &cancelled, true),
            ("a gift", &sold, &gave, false),
            ("a sale and a gift", &first, &gave, false),
            ("a gift and one in return", &sold, &received, false),
            ("time runs backwards", &sold, &first, false),
        ];
        for (what, before, after, want) in cases {
            assert_eq!(kept_its_seats(before, after), want, "{what}");
        }
        assert_eq!(received.capacity(), sold.capacity(), "which would hide both gifts");
    }
}
