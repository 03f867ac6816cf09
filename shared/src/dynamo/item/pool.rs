//! Pools as items, with their reservations inside, and the update that writes one step of a pool.

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;

use super::reservations::{RESERVATIONS, code_of, of_reservations, to_reservations};
use super::seal::{SEAL, Seal};
use super::terms::{self, REVISION, of_terms, to_terms};
use super::{Item, Why, bounded, corrupt, key_of, number, whole};
use crate::event::{Event, PoolIndex};
use crate::hold::Hold;
use crate::pool::{Change, Pool};
use crate::reservation::Cancellation;
use crate::store::{Evidence, StoreError};
use crate::text::EventId;

pub(in crate::dynamo) const POOL_SORT: &str = "pool";

/// Only a pool that overflowed has it.
const OVERFLOWED: &str = "overflowed";

/// Only a pool that was given seats back has it.
const RETURNED: &str = "returned";

pub(in crate::dynamo) fn pool_partition(id: &EventId, index: PoolIndex) -> String {
    format!("event#{id}#{}", index.get())
}

pub(in crate::dynamo) fn of_pool(event: &EventId, pool: &Pool) -> Item {
    let mut item = key_of(pool_partition(event, pool.index()), POOL_SORT);
    item.extend([
        ("version".to_owned(), number(pool.version())),
        ("capacity".to_owned(), number(pool.capacity())),
        ("available".to_owned(), number(pool.available())),
        (RESERVATIONS.to_owned(), of_reservations(pool)),
        (SEAL.to_owned(), number(seal_of(event, pool).value())),
    ]);
    if pool.is_overflowed() {
        item.insert(OVERFLOWED.to_owned(), AttributeValue::Bool(true));
    }
    if pool.returned() > 0 {
        item.insert(RETURNED.to_owned(), number(pool.returned()));
    }
    let partition = pool_partition(event, pool.index());
    item.extend(of_terms(&partition, pool.terms(), pool.revision()).into_iter().flatten());
    item
}

pub(in crate::dynamo) fn to_pool(
    event: &EventId,
    index: PoolIndex,
    item: &Item,
) -> Result<Pool, StoreError> {
    let read = || {
        let pool = stored_pool(event, index, item)?;
        if !pool.adds_up() {
            return Err("its seats do not add up".to_owned());
        }
        seal_of(event, &pool).check(item)?;
        Ok(pool)
    };
    read().map_err(|why| corrupt(&pool_partition(event, index), why))
}

/// The pool that this item is, or was meant to be. A pool whose seats do not add up says more than
/// its broken seal.
pub(in crate::dynamo) fn to_evidence(event: &EventId, index: PoolIndex, item: &Item) -> Evidence {
    let read = || {
        let pool = stored_pool(event, index, item)?;
        if pool.adds_up() {
            seal_of(event, &pool).check(item)?;
        }
        Ok(pool)
    };
    Evidence(read())
}

fn stored_pool(event: &EventId, index: PoolIndex, item: &Item) -> Result<Pool, Why> {
    let reservations = to_reservations(index, item)?;
    let (capacity, available) = (bounded(item, "capacity")?, bounded(item, "available")?);
    let returned = if item.contains_key(RETURNED) { whole(item, RETURNED)? } else { 0 };
    let (version, overflowed) = (whole(item, "version")?, item.contains_key(OVERFLOWED));
    let pool =
        Pool::from_stored(index, version, capacity, available, returned, reservations, overflowed);
    let (terms, revision) = to_terms(&pool_partition(event, index), item)?;
    Ok(pool.on_terms(terms, revision))
}

/// The index of the pool that this item is, read from its partition key.
pub(in crate::dynamo) fn pool_index(item: &Item) -> Option<PoolIndex> {
    let partition = item.get("pk")?.as_s().ok()?;
    let (_, index) = partition.rsplit_once('#')?;
    index.parse().ok().map(PoolIndex::new)
}

/// The update that puts a pool on its event's terms, on condition that it was on earlier ones.
pub(in crate::dynamo) fn impose(event: &Event, index: PoolIndex) -> UpdateBuilder {
    let partition = pool_partition(&event.id, index);
    let update = terms::impose(&partition, &event.terms, event.revision);
    update.set_key(Some(key_of(partition, POOL_SORT)))
}

/// The update that writes the change, on condition that the pool stands where it started from.
pub(in crate::dynamo) fn update_of(event: &EventId, change: &Change) -> UpdateBuilder {
    let after = change.after();
    let mut sets = "SET #v = :next, #c = :capacity, #a = :available, #r = :reservations, \
                    #s = :seal"
        .to_owned();
    let mut update = aws_sdk_dynamodb::types::Update::builder()
        .set_key(Some(key_of(pool_partition(event, after.index()), POOL_SORT)))
        .expression_attribute_names("#n", REVISION)
        .expression_attribute_names("#v", "version")
        .expression_attribute_names("#c", "capacity")
        .expression_attribute_names("#a", "available")
        .expression_attribute_names("#r", RESERVATIONS)
        .expression_attribute_names("#s", SEAL)
        .expression_attribute_values(":expected", number(change.expected_version()))
        .expression_attribute_values(":next", number(after.version()))
        .expression_attribute_values(":capacity", number(after.capacity()))
        .expression_attribute_values(":available", number(after.available()))
        .expression_attribute_values(":reservations", of_reservations(after))
        .expression_attribute_values(":seal", number(seal_of(event, after).value()));

    if after.is_overflowed() {
        sets.push_str(", #o = :overflowed");
        update = update
            .expression_attribute_names("#o", OVERFLOWED)
            .expression_attribute_values(":overflowed", AttributeValue::Bool(true));
    }
    if after.returned() > 0 {
        sets.push_str(", #b = :returned");
        update = update
            .expression_attribute_names("#b", RETURNED)
            .expression_attribute_values(":returned", number(after.returned()));
    }
    // A change of the terms since they were read loses the race.
    let condition = if after.revision() > 0 {
        update = update.expression_attribute_values(":revision", number(after.revision()));
        "#v = :expected AND #n = :revision"
    } else {
        "#v = :expected AND attribute_not_exists(#n)"
    };
    update.update_expression(sets).condition_expression(condition)
}

fn seal_of(event: &EventId, pool: &Pool) -> Seal {
    let (index, overflowed) = (pool.index().get(), pool.is_overflowed());
    let mut seal = Seal::of(&[event, &index, &pool.version(), &overflowed]);
    seal = seal.and(&[&pool.capacity(), &pool.available()]);
    if pool.returned() > 0 {
        seal = seal.and(&[&"b", &pool.returned()]);
    }
    for one in pool.reservations() {
        let created = one.created_at.as_millisecond();
        seal =
            seal.and(&[&one.id, &one.partner.as_str(), &one.seats.get(), &created, &one.version]);
        if let Some(reference) = &one.reference {
            seal = seal.and(&[&"r", &reference.as_str()]);
        }
        if let Some(Cancellation { at, by }) = one.cancelled {
            seal = seal.and(&[&"x", &at.as_millisecond(), &by.get()]);
        }
        if let Some(ordered) = one.ordered {
            seal = seal.and(&[&"o", &ordered.get()]);
        }
        if let Some(Hold { time, until, state }) = one.hold {
            let (seconds, until) = (time.seconds(), until.as_millisecond());
            seal = seal.and(&[&"h", &seconds, &until, &code_of(state)]);
        }
    }
    seal
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a wrong sum fails the test")]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::*;
    use crate::hold::HoldState;
    use crate::mark::RequestMark;
    use crate::order::{Order, SeatCount};
    use crate::reservation::{Reservation, ReservationId};

    /// What DynamoDB says that a value weighs: "Item sizes and formats" in its developer
    /// guide (`CapacityUnitCalculations`), rounded up where that says "approximately".
    #[expect(clippy::wildcard_enum_match_arm, reason = "no other kind is in a pool")]
    fn weight(value: &AttributeValue) -> usize {
        match value {
            AttributeValue::S(text) => text.len(),
            AttributeValue::N(digits) => digits.len().div_ceil(2) + 1,
            AttributeValue::B(bytes) => bytes.as_ref().len(),
            AttributeValue::Bool(_) => 1,
            _ => panic!("{value:?} is in no pool"),
        }
    }

    fn weight_of(item: &Item) -> usize {
        item.iter().map(|(name, value)| name.len() + weight(value)).sum()
    }

    /// Some 21 orders of 2.4 seats on average fill a pool.
    #[test]
    fn a_pool_that_usual_orders_have_sold_out_is_written_for_one_unit() {
        let mut pool = Pool::open(PoolIndex::new(1_999), 50);
        let start = Timestamp::from_millisecond(1_763_900_000_000).expect("a time");
        for number in 0..25_u8 {
            let order = Order {
                partner: format!("partner-{}", number % 12).parse().expect("a partner"),
                seats: SeatCount::try_from(2).expect("2 seats"),
                reference: None,
                hold: None,
            };
            let id = ReservationId::in_pool(pool.index(), [number; 32]);
            let later = start + SignedDuration::from_mins(i64::from(number));
            let (sold, _) = pool.take(0, &id, &order, later).expect("there is room");
            pool = sold.after().clone();
        }
        let event = "node-meetup-2025".parse().expect("an id");
        let weight = weight_of(&of_pool(&event, &pool));
        assert_eq!((pool.available(), weight <= 1_024), (0, true), "{weight} bytes");
    }

    #[test]
    fn a_hold_adds_eight_bytes_to_its_pool() {
        let order = |hold| {
            let (partner, seats) = ("abc-corp".parse().expect("a partner"), 2.try_into());
            let seats = seats.expect("2 seats");
            Order { partner, seats, reference: None, hold }
        };
        let weight = |hold: Option<u64>| {
            let hold = hold.map(|seconds| seconds.try_into().expect("60 to 900"));
            let id = ReservationId::in_pool(PoolIndex::new(0), [1; 32]);
            let pool = Pool::open(PoolIndex::new(0), 50);
            let (sold, _) =
                pool.take(0, &id, &order(hold), Timestamp::UNIX_EPOCH).expect("there is room");
            weight_of(&of_pool(&"any".parse().expect("an id"), sold.after()))
        };
        let plain = weight(None);
        assert!([60, 900].into_iter().all(|seconds| weight(Some(seconds)) <= plain + 8));
    }

    #[test]
    fn a_pool_weighs_no_more_than_its_bounds_take_it_for() {
        let latest = Timestamp::from_millisecond(253_402_207_200_000).expect("the year 9999");
        let time = crate::hold::HoldTime::try_from(900).expect("15 minutes");
        let hold = Hold { time, until: latest, state: HoldState::Confirmed };
        let reservation = |number: u8, partner: &str, reference: Option<String>, ended: bool| {
            let by = RequestMark::new(u64::MAX);
            Reservation {
                id: ReservationId::in_pool(PoolIndex::new(0), [number; 32]),
                partner: partner.parse().expect("a partner"),
                seats: SeatCount::try_from(10).expect("10 seats"),
                reference: reference.map(|text| text.parse().expect("a reference")),
                created_at: latest,
                version: u64::MAX,
                ordered: Some(by),
                hold: Some(hold),
                cancelled: ended.then_some(Cancellation { at: latest, by }),
            }
        };
        let long = "p".repeat(64);
        let fattest = [
            reservation(1, "p", None, false),
            reservation(2, "p", None, true),
            reservation(3, &long, Some("🎟".repeat(64)), false),
            reservation(4, &long, Some("🎟".repeat(64)), true),
        ];
        for count in 0..=fattest.len() {
            let kept = fattest.iter().take(count).map(|one| (one.id, one.clone())).collect();
            let (index, most) = (PoolIndex::new(u16::MAX), u32::MAX);
            let pool = Pool::from_stored(index, u64::MAX, most, most, u64::MAX, kept, true);
            let event = "e".repeat(64).parse().expect("an id");
            let stored = weight_of(&of_pool(&event, &pool));
            assert!(stored <= pool.bytes() + 300, "{count}: {stored} > {}", pool.bytes());
        }
    }
}
