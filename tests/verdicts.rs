//! What an error of DynamoDB's means for a write: lost to another, our fault, or unknown; and that
//! an answer which was altered means nothing.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use shared::store::{Commit, Store as _, StoreError};
use ticketboss::local::build;
use tokio::time::sleep;

use crate::support::desk::open;
use crate::support::nouns;
use crate::support::wire::operations::{Answer, cancelled};
use crate::support::wire::trouble::{CANCELLATIONS, DENIALS, DOUBTS, THROTTLES};
use crate::support::wire::{Wire, store_through};

#[tokio::test(start_paused = true)]
async fn every_error_of_a_write_has_its_verdict() {
    let lost = ["ConditionalCheckFailedException", "TransactionConflictException"];
    for (code, status, want) in (lost.iter().map(|code| (*code, 400, "lost")))
        .chain(DENIALS.iter().map(|code| (*code, 400, "our fault")))
        .chain(THROTTLES.iter().map(|code| (*code, 400, "unknown")))
        .chain(DOUBTS.iter().map(|(status, code)| (*code, *status, "unknown")))
        .chain([("TransactionInProgressException", 400, "unknown")])
    {
        assert_eq!(verdict(Answer::error(status, code), 1).await, want, "{code} of an update");
        let of_transaction = if want == "lost" { "unknown" } else { want };
        let answer = Answer::error(status, code);
        assert_eq!(verdict(answer, 2).await, of_transaction, "{code} of a transaction");
    }
}

#[tokio::test(start_paused = true)]
async fn every_reason_for_which_a_transaction_is_cancelled_has_its_verdict() {
    let lost = ["ConditionalCheckFailed", "TransactionConflict"].map(|reason| (reason, "lost"));
    let word = |is_our_fault| if is_our_fault { "our fault" } else { "unknown" };
    let others = CANCELLATIONS.iter().map(|(is_our_fault, reason)| (*reason, word(*is_our_fault)));
    for (reason, want) in lost.into_iter().chain(others).chain([("SomethingNew", "unknown")]) {
        assert_eq!(verdict(cancelled(&["None", reason]), 2).await, want, "{reason}");
    }
    let both = cancelled(&["ConditionalCheckFailed", "ValidationError"]);
    assert_eq!(verdict(both, 2).await, "our fault", "it will never be written");
    let both = cancelled(&["ThrottlingError", "ConditionalCheckFailed"]);
    assert_eq!(verdict(both, 2).await, "unknown", "it was not looked at closely");
}

/// All rows of the store's own table are met at the wire: by the weather, or by what stands there.
#[test]
fn every_row_of_the_table_is_met_at_the_wire() {
    let table = build::root().join("shared/src/dynamo/verdict.rs");
    let table = std::fs::read_to_string(table).expect("the store's table");
    let rows: BTreeSet<_> = table
        .lines()
        .filter_map(|line| line.trim().strip_prefix("(\"")?.split_once("\", Verdict::"))
        .map(|(code, _)| code)
        .collect();
    let of_the_table_itself = [
        "ConditionalCheckFailed",
        "ConditionalCheckFailedException",
        "TransactionConflict",
        "TransactionConflictException",
        "TransactionInProgressException",
    ];
    let met = DENIALS.iter().chain(&THROTTLES).chain(&of_the_table_itself).copied();
    let met = met.chain(DOUBTS.iter().map(|(_, code)| *code));
    let met: BTreeSet<_> = met.chain(CANCELLATIONS.iter().map(|(_, code)| *code)).collect();
    assert_eq!(rows.difference(&met).collect::<Vec<_>>(), Vec::<&&str>::new());
    assert!(rows.contains("ValidationException"), "the rows are found: {rows:?}");
}

/// What the store makes of a commit to so many pools that is answered like this.
async fn verdict(answer: Answer, pools: usize) -> &'static str {
    let wire = Wire::calm();
    let event = open(&wire.store(), "judged", 100).await;
    let before = wire.store().load_pools(&event).await.expect("it is calm");
    let changes: Vec<_> =
        before.iter().take(pools).map(|pool| pool.give(1, nouns::start_of_time())).collect();
    let verdict = word_for(&wire.refusing(answer).store().commit(&event, &changes).await);
    assert_eq!(wire.store().load_pools(&event).await.expect("it is calm"), before);
    verdict
}

fn word_for(committed: &Result<Commit, StoreError>) -> &'static str {
    match committed {
        Ok(Commit::Conflict(None)) => "lost",
        Err(StoreError::Rejected(_)) => "our fault",
        Err(StoreError::Unavailable(_)) => "unknown",
        other => panic!("{other:?}"),
    }
}

/// The first attempt meets one wire, and all others the other.
#[derive(Debug, Clone)]
struct FirstThen(Wire, Wire, Arc<AtomicU32>);

impl HttpConnector for FirstThen {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Self(first, then, sent) = self;
        let wire = if sent.fetch_add(1, Ordering::SeqCst) == 0 { first } else { then };
        wire.call(request)
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_certain_of_an_attempt_says_nothing_of_the_one_before() {
    let wire = Wire::calm();
    let event = open(&wire.store(), "again", 100).await;
    let pools = wire.store().load_pools(&event).await.expect("it is calm");
    let changes = [pools[0].give(1, nouns::start_of_time())];
    let then = wire.refusing(Answer::error(400, "AccessDeniedException"));
    for (status, code, want) in [
        (500, "InternalServerError", "unknown"),
        (503, "ServiceUnavailable", "unknown"),
        (400, "ThrottlingException", "our fault"),
        (400, "ProvisionedThroughputExceededException", "our fault"),
    ] {
        let first = wire.refusing(Answer::error(status, code));
        let sent = Arc::new(AtomicU32::new(0));
        let store = store_through(FirstThen(first, then.clone(), Arc::clone(&sent)));
        assert_eq!(word_for(&store.commit(&event, &changes).await), want, "{code}");
        assert_eq!(sent.load(Ordering::SeqCst), 2, "the SDK tries again after {code}");
    }
}

/// A wire on which no answer comes as it was sent, though it can be read.
#[derive(Debug, Clone)]
struct Altering(Wire);

impl HttpConnector for Altering {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let answering = self.0.call(request);
        HttpConnectorFuture::new(async move {
            let mut answered = answering.await?;
            let sent = answered.body().bytes().expect("it is in memory");
            *answered.body_mut() = String::from_utf8_lossy(sent).replace('0', "1").into();
            Ok(answered)
        })
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_was_altered_on_its_way_is_never_believed() {
    let wire = Wire::calm();
    let event = open(&wire.store(), "altered", 100).await;
    let altering = store_through(Altering(wire.clone()));
    let read = altering.load_event(&event.id).await;
    assert!(matches!(read, Err(StoreError::Unavailable(_))), "{read:?}");
    let read = altering.load_pools(&event).await;
    assert!(matches!(read, Err(StoreError::Unavailable(_))), "{read:?}");
}

/// A wire on which every request is 800 ms under way.
#[derive(Debug, Clone)]
struct Late(Wire);

impl HttpConnector for Late {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let answering = self.0.call(request);
        HttpConnectorFuture::new(async move {
            sleep(Duration::from_millis(800)).await;
            answering.await
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_transaction_has_more_time_than_an_update_before_it_is_in_doubt() {
    let wire = Wire::calm();
    let event = open(&wire.store(), "late", 100).await;
    let pools = wire.store().load_pools(&event).await.expect("it is calm");
    let changes = [&pools[0], &pools[1]].map(|pool| pool.give(1, nouns::start_of_time()));
    let late = store_through(Late(wire));
    assert_eq!(word_for(&late.commit(&event, &changes[..1]).await), "unknown");
    assert_eq!(late.commit(&event, &changes).await.expect("it is in time"), Commit::Applied);
}
