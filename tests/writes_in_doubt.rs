//! A write is applied, its answer is lost, and what comes next is certain: denied, invalid, gone.
//! It is certain of the last attempt alone, so nobody is told that nothing was done.

use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::json;

use crate::dynamodb_in_trouble::on_sale;
use crate::support::answer::Answer;
use crate::support::proxy::{Fate, Proxy};
use crate::support::sale::unique;

/// What DynamoDB says for certain, each a kind of its own; and what nobody has heard of.
const CERTAIN: [&str; 9] = [
    "AccessDeniedException",
    "ExpiredTokenException",
    "IncompleteSignatureException",
    "InvalidSignatureException",
    "ItemCollectionSizeLimitExceededException",
    "NeverHeardOfException",
    "ResourceNotFoundException",
    "UnrecognizedClientException",
    "ValidationException",
];

/// The first call of this action is done and not answered. After it, so many writes and readings of
/// events are refused with this code.
fn lose_and_refuse(proxy: &Proxy, lost: &'static str, code: &'static str, refused_max: u32) {
    let (writes, refused) = (AtomicU32::new(0), AtomicU32::new(0));
    proxy.hook(move |action, body| {
        if action == lost && writes.fetch_add(1, Ordering::SeqCst) == 0 {
            return Fate::LostAfter;
        }
        let is_ours = body.contains("event#") || body.contains("creation#");
        let began = writes.load(Ordering::SeqCst) > 0;
        if is_ours && began && refused.fetch_add(1, Ordering::SeqCst) < refused_max {
            return Fate::Refused(code);
        }
        Fate::Answered
    });
}

fn assert_unknown(answer: &Answer, code: &str) {
    assert_eq!(answer.said(), "503 unavailable", "after {code}");
    assert_eq!(answer.header("retry-after"), "1", "after {code}");
    assert_eq!(answer.json()["retryable"], true, "after {code}");
}

#[tokio::test]
async fn a_sale_in_doubt_is_never_denied_and_its_key_finds_it() {
    let (proxy, _stack, sale) = on_sale(50).await;
    for (sold, code) in (1..).zip(CERTAIN) {
        lose_and_refuse(&proxy, "UpdateItem", code, u32::MAX);
        assert_unknown(&sale.order(2).keyed(code).send().await, code);

        proxy.hook(|_, _| Fate::Answered);
        let retry = sale.order(2).keyed(code).send().await;
        assert_eq!(retry.said(), "201", "after {code}");
        assert_eq!(retry.header("idempotency-replayed"), "true", "after {code}");
        assert_eq!(sale.summary().await["reservationCount"], sold, "after {code}");
    }
}

#[tokio::test]
async fn a_sale_in_doubt_is_looked_for_and_found() {
    let (proxy, _stack, sale) = on_sale(50).await;
    for (sold, code) in (1..).zip(CERTAIN) {
        // The SDK's second attempt is refused, and the reading after it is not.
        lose_and_refuse(&proxy, "UpdateItem", code, 1);
        assert_eq!(sale.order(2).send().await.said(), "201", "after {code}");
        assert_eq!(sale.summary().await["reservationCount"], sold, "after {code}");
    }
}

#[tokio::test]
async fn a_cancellation_in_doubt_is_never_denied() {
    let (proxy, _stack, sale) = on_sale(50).await;
    for code in CERTAIN {
        let id = sale.sell(5).await;
        let cancel = || sale.callers.partner.delete(&sale.reservation(&id)).keyed(code);
        lose_and_refuse(&proxy, "UpdateItem", code, u32::MAX);
        assert_unknown(&cancel().send().await, code);

        proxy.hook(|_, _| Fate::Answered);
        assert_eq!(cancel().send().await.said(), "204", "after {code}");
        assert_eq!(sale.free_seats().await, 50, "the seats come back once");
    }
}

#[tokio::test]
async fn a_gather_in_doubt_is_never_denied() {
    let (proxy, _stack, sale) = on_sale(52).await;
    for _ in 0..5 {
        assert_eq!(sale.order(10).send().await.said(), "201");
    }
    lose_and_refuse(&proxy, "TransactWriteItems", "AccessDeniedException", u32::MAX);
    let order = || sale.order(2).keyed("the last two");
    assert_unknown(&order().send().await, "AccessDeniedException");

    proxy.hook(|_, _| Fate::Answered);
    assert_eq!(order().send().await.said(), "201");
    assert_eq!(sale.free_seats().await, 0, "they were sold once");
}

#[tokio::test]
async fn a_creation_in_doubt_is_never_denied_and_its_key_finds_it() {
    let (proxy, _stack, sale) = on_sale(1).await;
    // One step, and several.
    for (seats, code) in [1, 6_000].into_iter().cycle().zip(CERTAIN) {
        let event = json!({"eventId": unique("doubt"), "name": "Any", "totalSeats": seats});
        let key = unique(code);
        let create = || sale.callers.organiser.post("/events", &event).keyed(&key);
        lose_and_refuse(&proxy, "TransactWriteItems", code, u32::MAX);
        assert_unknown(&create().send().await, code);

        proxy.hook(|_, _| Fate::Answered);
        let retry = create().send().await;
        assert_eq!(retry.said(), "201", "{seats} seats after {code}");
        assert_eq!(retry.json()["availableSeats"], seats, "after {code}");
    }
}

#[tokio::test]
async fn what_was_refused_at_once_was_not_done_and_is_said_to_be_our_fault() {
    let (proxy, _stack, sale) = on_sale(50).await;
    let id = sale.sell(1).await;
    for code in CERTAIN.into_iter().filter(|code| *code != "NeverHeardOfException") {
        proxy.hook(
            move |action, _| {
                if action == "UpdateItem" { Fate::Refused(code) } else { Fate::Answered }
            },
        );
        let refused = sale.order(2).keyed(code).send().await;
        assert_eq!(refused.said(), "500 internal", "{code}");
        assert_eq!(refused.json()["retryable"], false, "{code}");
        assert_eq!(sale.cancel(&id).await.said(), "500 internal", "{code}");
        assert_eq!(sale.summary().await["reservationCount"], 1, "{code}");
    }
}
