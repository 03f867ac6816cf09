//! The real stack while DynamoDB loses requests, loses answers, throttles and is gone: nobody is
//! sold a seat twice, and nobody pays for a lost answer.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::support::database;
use crate::support::proxy::{Fate, Proxy};
use crate::support::sale::{Callers, Sale};
use crate::support::stack::Stack;

/// From now on, this befalls the first so many calls of this action.
fn befall(proxy: &Proxy, action: &'static str, fate: Fate, calls: u32) {
    let so_far = AtomicU32::new(0);
    proxy.hook(move |called, _| {
        if called == action && so_far.fetch_add(1, Ordering::Relaxed) < calls {
            fate.clone()
        } else {
            Fate::Answered
        }
    });
}

pub(crate) async fn on_sale(seats: u32) -> (Proxy, Stack, Sale) {
    let proxy = Proxy::before(database::endpoint());
    let stack = Stack::start(&["--instances=1", "--dynamodb-endpoint", &proxy.endpoint()]);
    let sale = Sale::by(Callers::of(&stack.url, &stack.keys), seats).await;
    (proxy, stack, sale)
}

#[tokio::test]
async fn a_sale_survives_what_dynamodb_loses() {
    let (proxy, _stack, sale) = on_sale(50).await;
    let cases = [
        ("GetItem", Fate::LostBefore, 1),
        ("GetItem", Fate::LostAfter, 2),
        ("GetItem", Fate::THROTTLED, 2),
        ("UpdateItem", Fate::LostBefore, 1),
        ("UpdateItem", Fate::LostAfter, 1),
        ("UpdateItem", Fate::LostAfter, 2),
        ("UpdateItem", Fate::THROTTLED, 2),
        // The SDK gives up, and the request's own work is looked for: there, or not there.
        ("UpdateItem", Fate::LostAfter, 3),
        ("UpdateItem", Fate::LostBefore, 3),
    ];
    for (sold, (action, fate, calls)) in (1..).zip(cases) {
        befall(&proxy, action, fate.clone(), calls);
        let answer = sale.order(2).send().await;
        assert_eq!(answer.said(), "201", "{action} {fate:?} {calls} times");
        let summary = sale.summary().await;
        assert_eq!(summary["reservationCount"], sold, "{action} {fate:?} {calls} times");
        assert_eq!(summary["version"], sold, "one commit each");
    }
}

#[tokio::test]
async fn a_cancellation_survives_what_dynamodb_loses() {
    let (proxy, _stack, sale) = on_sale(50).await;
    let cases = [
        (Fate::LostBefore, 1),
        (Fate::LostAfter, 1),
        (Fate::LostAfter, 2),
        (Fate::THROTTLED, 1),
        (Fate::LostAfter, 3),
        (Fate::LostBefore, 3),
    ];
    for (fate, calls) in cases {
        let id = sale.sell(5).await;
        befall(&proxy, "UpdateItem", fate.clone(), calls);
        assert_eq!(sale.cancel(&id).await.said(), "204", "{fate:?} {calls} times");
        assert_eq!(sale.free_seats().await, 50, "the seats come back once");
        assert_eq!(sale.cancel(&id).await.said(), "404 reservation-not-found");
    }
}

#[tokio::test]
async fn a_gather_and_a_creation_survive_what_dynamodb_loses() {
    let (proxy, stack, _sale) = on_sale(1).await;
    let callers = Callers::of(&stack.url, &stack.keys);
    for fate in [Fate::LostBefore, Fate::LostAfter, Fate::THROTTLED] {
        befall(&proxy, "TransactWriteItems", fate.clone(), 1);
        let sale = Sale::by(callers.clone(), 52).await;
        for _ in 0..5 {
            befall(&proxy, "TransactWriteItems", fate.clone(), 1);
            assert_eq!(sale.order(10).send().await.said(), "201", "{fate:?}");
        }
        let summary = sale.summary().await;
        assert_eq!(
            (&summary["availableSeats"], &summary["reservationCount"]),
            (&2.into(), &5.into())
        );
    }
}

#[tokio::test]
async fn while_dynamodb_is_gone_the_outcome_is_unknown_and_the_same_key_finds_it_out() {
    let (proxy, _stack, sale) = on_sale(50).await;
    let id = sale.sell(1).await;
    proxy.hook(|_, _| Fate::LostBefore);
    assert_eq!(sale.order(2).keyed("never done").send().await.said(), "503 unavailable");
    assert_eq!(sale.cancel(&id).await.said(), "503 unavailable");
    let deep = sale.callers.nobody.get("/healthcheck?deep=1").send().await;
    assert_eq!(deep.said(), "503 unavailable");
    let stranger = sale.callers.nobody.with_key("tb_00000000000000000000");
    assert_eq!(stranger.get(&sale.path()).send().await.said(), "503 unavailable");

    proxy.hook(|action, _| if action == "UpdateItem" { Fate::LostAfter } else { Fate::Answered });
    let found = sale.order(2).keyed("done").send().await;
    assert_eq!(found.said(), "201", "its own work is found there");

    proxy.hook(|_, _| Fate::Answered);
    let retry = sale.order(2).keyed("done").send().await;
    assert_eq!((retry.said(), retry.text), ("201".to_owned(), found.text));
    assert_eq!(sale.order(2).keyed("never done").send().await.said(), "201");
    assert_eq!(sale.summary().await["reservedSeats"], 5);
    assert_eq!(
        stranger.get(&sale.path()).send().await.said(),
        "403 access-denied",
        "not remembered"
    );
}
