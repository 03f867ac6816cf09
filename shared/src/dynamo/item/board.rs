//! An event's board as an item, and the update that writes its next state.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;

use super::event::event_partition;
use super::seal::{SEAL, Seal};
use super::{Item, corrupt, key_of, number, required, whole};
use crate::board::{Board, Census};
use crate::store::StoreError;
use crate::text::EventId;

/// A board from before there were holds does not have it.
const HELD: &str = "held";

/// Only the board of an event that was changed has it.
const REVISION: &str = "revision";

pub(in crate::dynamo) fn board_key(event: &EventId) -> Item {
    key_of(event_partition(event), "board")
}

pub(in crate::dynamo) fn to_board(event: &EventId, item: &Item) -> Result<Board, StoreError> {
    let read = || {
        let free = required(item, "free")?.as_b().map_err(|_| "`free` is of another kind")?;
        let census = Census {
            sold: whole(item, "sold")?,
            returned: whole(item, "returned")?,
            reservations: whole(item, "reservations")?,
            version: whole(item, "version")?,
            held: if item.contains_key(HELD) { whole(item, HELD)? } else { 0 },
            revision: if item.contains_key(REVISION) { whole(item, REVISION)? } else { 0 },
            free: free.as_ref().to_vec(),
        };
        let board = Board { begun: whole(item, "begun")?, round: whole(item, "round")?, census };
        seal_of(event, &board).check(item)?;
        Ok(board)
    };
    read().map_err(|why| corrupt(&format!("the board of event {event}"), why))
}

/// The update that makes the board stand like `after`, on condition that it stands as expected.
pub(in crate::dynamo) fn update_of(
    event: &EventId,
    expected: &Board,
    after: &Board,
) -> UpdateBuilder {
    let census = &after.census;
    let mut sets = "SET #b = :begun, #r = :round, #o = :sold, #t = :returned, #n = :reservations, \
                    #v = :version, #h = :held, #f = :free, #s = :seal"
        .to_owned();
    let mut update = aws_sdk_dynamodb::types::Update::builder()
        .set_key(Some(board_key(event)))
        .expression_attribute_names("#b", "begun")
        .expression_attribute_names("#r", "round")
        .expression_attribute_names("#o", "sold")
        .expression_attribute_names("#t", "returned")
        .expression_attribute_names("#n", "reservations")
        .expression_attribute_names("#v", "version")
        .expression_attribute_names("#h", HELD)
        .expression_attribute_names("#f", "free")
        .expression_attribute_names("#s", SEAL)
        .expression_attribute_values(":begun", number(after.begun))
        .expression_attribute_values(":round", number(after.round))
        .expression_attribute_values(":sold", number(census.sold))
        .expression_attribute_values(":returned", number(census.returned))
        .expression_attribute_values(":reservations", number(census.reservations))
        .expression_attribute_values(":version", number(census.version))
        .expression_attribute_values(":held", number(census.held))
        .expression_attribute_values(":free", AttributeValue::B(Blob::new(census.free.clone())))
        .expression_attribute_values(":seal", number(seal_of(event, after).value()));
    if census.revision > 0 {
        sets.push_str(", #c = :revision");
        update = update
            .expression_attribute_names("#c", REVISION)
            .expression_attribute_values(":revision", number(census.revision));
    }
    let update = update.update_expression(sets);
    if *expected == Board::default() {
        return update.condition_expression(super::NEW);
    }
    update
        .condition_expression("#b = :expected AND #r = :round_expected")
        .expression_attribute_values(":expected", number(expected.begun))
        .expression_attribute_values(":round_expected", number(expected.round))
}

fn seal_of(event: &EventId, board: &Board) -> Seal {
    let Board { begun, round, census } = board;
    let seal = Seal::of(&[event, &"board", begun, round, &census.sold, &census.returned]);
    let mut seal = seal.and(&[&census.reservations, &census.version]);
    if census.held > 0 {
        seal = seal.and(&[&"h", &census.held]);
    }
    if census.revision > 0 {
        seal = seal.and(&[&"c", &census.revision]);
    }
    census.free.iter().fold(seal, |seal, free| seal.and(&[free]))
}
