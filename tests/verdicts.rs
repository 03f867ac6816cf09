//! What an error of DynamoDB's means for a write: lost to another, our fault, or unknown.

use shared::store::{Commit, Store as _, StoreError};

use crate::support::desk::open;
use crate::support::nouns;
use crate::support::wire::Wire;

/// The reasons are those on the page of `TransactWriteItems` in AWS's API reference, and one that
/// is on no page.
#[tokio::test(start_paused = true)]
async fn every_reason_for_which_a_transaction_is_cancelled_has_its_verdict() {
    let reasons = [
        ("ConditionalCheckFailed", "lost"),
        ("TransactionConflict", "lost"),
        ("ItemCollectionSizeLimitExceeded", "our fault"),
        ("ValidationError", "our fault"),
        ("ProvisionedThroughputExceeded", "unknown"),
        ("ThrottlingError", "unknown"),
        ("DuplicateItem", "unknown"),
        ("SomethingNew", "unknown"),
    ];
    for (reason, want) in reasons {
        let wire = Wire::calm();
        let event = open(&wire.store(), "gathered", 100).await;
        let pools = wire.store().load_pools(&event).await.expect("it is calm");
        let changes = [&pools[0], &pools[1]].map(|pool| pool.give(1, nouns::start_of_time()));
        let verdict = match wire.cancelling(reason).store().commit(&event, &changes).await {
            Ok(Commit::Conflict(None)) => "lost",
            Err(StoreError::Rejected(_)) => "our fault",
            Err(StoreError::Unavailable(_)) => "unknown",
            other => panic!("{reason}: {other:?}"),
        };
        assert_eq!(verdict, want, "{reason}");
        assert_eq!(wire.store().load_pools(&event).await.expect("it is calm"), pools);
    }
}
