//! How nouns are written as items: whatever there is comes back as it was, and an item that was
//! altered or cut is corrupt, or says the same.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value, json};
use shared::access::{AccessToken, Caller, Role};
use shared::board::{Board, Census};
use shared::event::{Event, PoolIndex, TotalSeats};
use shared::hold::HoldTime;
use shared::mark::RequestMark;
use shared::order::{Order, SeatCount};
use shared::pool::Pool;
use shared::reservation::ReservationId;
use shared::store::{Commit, Store as _, StoreError};
use shared::terms::{Sale, Terms};
use shared::text::{EventId, EventName, PartnerId, PartnerReference};

use crate::store_contract::changes;
use crate::support::desk::create;
use crate::support::nouns;
use crate::support::simulation::life::runtime;
use crate::support::wire::Wire;

/// Letters that look alike, weigh much, mean something to JSON, or belong together.
const LETTERS: [&str; 12] =
    ["a", "Z", "0", " ", "\"", "\\", "é", "中", "🎟", "👩\u{200d}👧", "\u{a0}", "#"];

fn texts<T: std::str::FromStr + std::fmt::Debug>(
    letters: &'static [&str],
) -> impl Strategy<Value = T> {
    let letters = prop::collection::vec(prop::sample::select(letters), 1..=64);
    letters.prop_filter_map("a text of this kind", |letters| letters.concat().parse().ok())
}

fn ids<T: std::str::FromStr + std::fmt::Debug>() -> impl Strategy<Value = T> {
    texts(&["a", "b", "z", "0", "9", "-"])
}

fn times() -> impl Strategy<Value = Timestamp> {
    (0..253_402_207_200_000_i64).prop_map(|at| Timestamp::from_millisecond(at).expect("a time"))
}

fn events() -> impl Strategy<Value = Event> {
    let event =
        (ids::<EventId>(), texts::<EventName>(&LETTERS), 1..=150_u64, times(), any::<u64>());
    event.prop_map(|(id, name, seats, created_at, by)| {
        let created_by = RequestMark::new(by);
        Event { id, name, created_at, created_by, ..nouns::event("any", seats) }
    })
}

/// One thing that is done to a pool: a sale, and perhaps its cancellation by a request.
#[derive(Debug, Clone)]
struct Deed {
    order: Order,
    id: [u8; 32],
    at: Timestamp,
    cancelled_by: Option<u64>,
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let hold = prop::option::of(60..=900_u64);
    let reference = prop::option::of(texts::<PartnerReference>(&LETTERS));
    let order = (ids::<PartnerId>(), 1..=10_u64, reference, hold).prop_map(
        |(partner, seats, reference, hold)| Order {
            partner,
            seats: SeatCount::try_from(seats).expect("1 to 10"),
            reference,
            hold: hold.map(|seconds| HoldTime::try_from(seconds).expect("60 to 900")),
        },
    );
    let deed = (order, any::<[u8; 32]>(), times(), prop::option::of(any::<u64>()));
    let deed = deed.prop_map(|(order, id, at, cancelled_by)| Deed { order, id, at, cancelled_by });
    prop::collection::vec(deed, 1..8)
}

/// Does all that to the first pool of the event, and reads it back each time.
async fn lived_through(wire: &Wire, event: &Event, deeds: &[Deed]) -> Pool {
    assert!(!create(&wire.store(), event).await.expect("it is calm"), "it is new");
    let mut pool = loaded(wire, event).await.expect("it is there");
    for Deed { order, id, at, cancelled_by } in deeds {
        let id = ReservationId::in_pool(pool.index(), *id);
        let Ok(sold) = pool.reserve(&id, order, *at) else { continue };
        let mut all = vec![changes(Ok(sold))];
        let caller = Caller { id: order.partner.clone(), role: Role::Partner };
        if order.hold.is_some() && order.seats.get() % 2 == 0 {
            all.push(changes(all[0][0].after().confirm(&id, &caller, *at)));
        }
        if let Some(by) = cancelled_by {
            let sold = all.last().expect("it was sold")[0].after();
            all.push(changes(sold.cancel(&id, &caller, RequestMark::new(*by), *at)));
        }
        for change in all {
            let done = wire.store().commit(event, &change).await.expect("it is calm");
            assert_eq!(done, Commit::Applied);
            pool = loaded(wire, event).await.expect("it is there");
            assert_eq!(pool, *change[0].after());
        }
    }
    pool
}

pub(crate) async fn loaded(wire: &Wire, event: &Event) -> Result<Pool, StoreError> {
    wire.store().load_pool(event, PoolIndex::new(0)).await
}

#[test]
fn whatever_was_altered_or_cut_is_corrupt_or_the_same() {
    let mut runner =
        TestRunner::new(Config { failure_persistence: None, cases: 20, ..Config::default() });
    let outcome = runner.run(&(events(), deeds()), |(event, deeds)| {
        runtime().block_on(async {
            let wire = Wire::calm();
            let pool = lived_through(&wire, &event, &deeds).await;
            let key = format!("event#{}#0|pool", event.id);
            check_alterations(&wire, &key, pool.clone(), async || loaded(&wire, &event).await)
                .await;

            let store = wire.store();
            let key = format!("event#{}|event", event.id);
            let read = async || store.load_event(&event.id).await;
            check_alterations(&wire, &key, Some(event.clone()), read).await;

            let (new, census) = (Board::default(), Census::of([&pool], nouns::start_of_time()));
            let begun = new.with_next_round();
            let ended = begun.clone().with_census(census);
            store.post(&event, &new, &begun).await.expect("it is calm");
            store.post(&event, &begun, &ended).await.expect("it is calm");
            let key = format!("event#{}|board", event.id);
            check_alterations(&wire, &key, ended, async || store.load_board(&event).await).await;

            let (changed, on_terms) = put_on_terms(&wire, event.total_seats).await;
            let read = async || loaded(&wire, &changed).await;
            check_alterations(&wire, "event#changed#0|pool", on_terms, read).await;
            let read = async || store.load_event(&changed.id).await;
            check_alterations(&wire, "event#changed|event", Some(changed.clone()), read).await;

            let key = format!("creation#{:016x}|creation", event.created_by.get());
            let read = async || store.load_creation(event.created_by).await;
            check_alterations(&wire, &key, Some(event.id.clone()), read).await;
        });
        Ok(())
    });
    outcome.unwrap();
}

/// An event that was changed, and its first pool.
async fn put_on_terms(wire: &Wire, seats: TotalSeats) -> (Event, Pool) {
    let event = nouns::event("changed", seats.get().into());
    assert!(!create(&wire.store(), &event).await.expect("it is calm"), "it is new");
    let seats = seats.get();
    let terms = Terms {
        sale: if seats.is_multiple_of(2) { Sale::Paused } else { Sale::OnSale },
        opens_at: event.created_at.try_into().ok().filter(|_| seats.is_multiple_of(3)),
        closes_at: event.created_at.try_into().ok(),
        order_max: u64::from(seats % 11).try_into().ok(),
    };
    let amended = Event { terms, revision: 1, is_changing: true, ..event };
    let store = wire.store();
    assert_eq!(store.amend(&amended, 0).await.expect("it is calm"), Commit::Applied);
    let imposed = store.impose(&amended, PoolIndex::new(0)).await.expect("it is calm");
    assert_eq!(imposed, Commit::Applied);
    let mut pools = Pool::open_all(&amended);
    (amended, pools.remove(0))
}

/// The item with this key says this; and however it is altered, it says the same or is corrupt.
async fn check_alterations<T: PartialEq + std::fmt::Debug>(
    wire: &Wire,
    key: &str,
    said: T,
    read: impl AsyncFn() -> Result<T, StoreError>,
) {
    assert_eq!(read().await.expect("it is calm"), said);
    for altered in alterations(&wire.table.peek(key).expect("it is there")) {
        wire.table.put(key.to_owned(), altered.clone());
        match read().await {
            Err(StoreError::Corrupt { .. }) => {}
            Ok(same) => assert_eq!(same, said, "{altered:?}"),
            Err(other) => panic!("{other:?}: {altered:?}"),
        }
    }
}

/// Every item that differs from this one in one place: something is gone, is of another kind, or is
/// one letter, digit or byte off. The key stays.
fn alterations(item: &Map<String, Value>) -> Vec<Map<String, Value>> {
    let mut all = Vec::new();
    for (name, value) in item.iter().filter(|(name, _)| !["pk", "sk"].contains(&name.as_str())) {
        let with = |value: Value| {
            let mut altered = item.clone();
            altered.insert(name.clone(), value);
            altered
        };
        let mut without = item.clone();
        without.remove(name);
        all.push(without);
        all.extend([json!({ "NULL": true }), json!({ "S": "" }), json!({ "L": [] })].map(with));
        if let Some(text) = value["S"].as_str() {
            all.extend(texts_off(text).map(|text| with(json!({ "S": text }))));
            all.push(with(json!({ "B": "YQ==" })));
        }
        if let Some(digits) = value["N"].as_str() {
            all.extend(texts_off(digits).map(|digits| with(json!({ "N": digits }))));
            all.push(with(json!({ "S": digits })));
        }
        if let Some(packed) = value["B"].as_str() {
            let bytes = STANDARD.decode(packed).expect("base64");
            all.extend(bytes_off(&bytes).map(|off| with(json!({ "B": STANDARD.encode(off) }))));
        }
    }
    let mut more = item.clone();
    more.insert("unheard-of".to_owned(), json!({ "N": "1" }));
    all.push(more);
    all
}

/// The bytes with one of them changed, added or cut off, and turned round.
fn bytes_off(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let changed = (0..bytes.len()).flat_map(|at| {
        [1, 2, 0x80, 0xff].map(|bits| {
            let mut bytes = bytes.to_vec();
            bytes[at] ^= bits;
            bytes
        })
    });
    let (longer, cut) = ([bytes, &[0]].concat(), bytes[..bytes.len() - 1].to_vec());
    changed.chain([longer, cut, bytes.iter().rev().copied().collect()])
}

/// The text with one letter changed, added or cut off, and turned round.
fn texts_off(text: &str) -> impl Iterator<Item = String> {
    let letters: Vec<char> = text.chars().collect();
    let changed = (0..letters.len()).map({
        let letters = letters.clone();
        move |at| {
            let mut letters = letters.clone();
            letters[at] = if letters[at] == '1' { '2' } else { '1' };
            letters.into_iter().collect()
        }
    });
    let cut = letters[..letters.len() - 1].iter().collect();
    let turned = letters.iter().rev().collect();
    changed.chain([format!("{text}1"), cut, turned])
}

#[tokio::test(start_paused = true)]
async fn a_pool_that_stands_in_place_of_another_is_corrupt() {
    let wire = Wire::calm();
    let (one, other) = (nouns::event("one", 100), nouns::event("other", 100));
    for event in [&one, &other] {
        create(&wire.store(), event).await.expect("it is calm");
    }
    for elsewhere in ["event#one#1|pool", "event#other#0|pool"] {
        wire.table.put("event#one#0|pool".to_owned(), wire.table.peek(elsewhere).expect("a pool"));
        let found = loaded(&wire, &one).await;
        assert!(matches!(found, Err(StoreError::Corrupt { .. })), "{elsewhere}: {found:?}");
    }
}

#[test]
fn every_key_comes_back_and_an_altered_one_opens_nothing_else() {
    let mut runner =
        TestRunner::new(Config { failure_persistence: None, cases: 20, ..Config::default() });
    let keys = (ids::<PartnerId>(), any::<bool>(), any::<[u8; 32]>(), times());
    let outcome = runner.run(&keys, |(id, is_partner, random, at)| {
        runtime().block_on(async {
            let role = if is_partner { Role::Partner } else { Role::Organiser };
            let (wire, token) = (Wire::calm(), AccessToken::of_random(random));
            let (holder, store) = (Caller { id, role }, wire.store());
            store.add_partner(&holder, &token, at).await.expect("it is new");
            let listed = store.list_partners().await.expect("it is calm");
            assert_eq!(
                (&listed[0].id, listed[0].role, listed[0].created_at),
                (&holder.id, role, at)
            );
            assert_eq!(listed[0].keys[0].prefix, Some(token.prefix()));
            assert_eq!(listed[0].keys[0].created_at, at);

            let key = format!("key#{}|key", token.hash());
            let read = async || store.find_caller(&token).await;
            check_alterations(&wire, &key, Some(holder), read).await;
        });
        Ok(())
    });
    outcome.unwrap();
}
