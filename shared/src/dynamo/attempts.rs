//! The attempts of one write: the SDK tries again by itself and tells of the last attempt only.
//!
//! An attempt whose answer was lost may have been applied. If the next one then meets an error
//! that says "not applied", that is true of the one attempt and of no other. So attempts are
//! counted as they are sent, and counted off as they are answered for certain.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_dynamodb::config::interceptors::{
    BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::{BoxError, ProvideErrorMetadata};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;

use super::verdict::Verdict;
use crate::store::StoreError;

/// How many attempts of one write were sent and not answered for certain.
#[derive(Debug, Clone, Default)]
pub(super) struct Attempts {
    doubtful: Arc<AtomicU32>,
}

impl Attempts {
    /// The error of the whole write: a rejection is one only if no other attempt is in doubt.
    pub(super) fn judge(&self, error: StoreError) -> StoreError {
        match error {
            StoreError::Rejected(cause) if self.doubtful.load(Ordering::Relaxed) > 0 => {
                StoreError::Unavailable(cause)
            }
            StoreError::Rejected(_) | StoreError::Unavailable(_) | StoreError::Corrupt { .. } => {
                error
            }
        }
    }
}

impl Intercept for Attempts {
    fn name(&self) -> &'static str {
        "Attempts"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.doubtful.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(Err(error)) = context.output_or_error() else { return Ok(()) };
        let Some(error) = error.as_operation_error() else { return Ok(()) };
        let update = error.downcast_ref::<UpdateItemError>().map(ProvideErrorMetadata::code);
        let transact = error.downcast_ref::<TransactWriteItemsError>();
        let is_certain = match (update, transact) {
            (_, Some(TransactWriteItemsError::TransactionCanceledException(_))) => true,
            (_, Some(error)) => Verdict::of(error.code()) != Verdict::Unknown,
            (Some(code), None) => Verdict::of(code) != Verdict::Unknown,
            (None, None) => false,
        };
        if is_certain {
            // It was sent, or it would not have been answered.
            self.doubtful.fetch_sub(1, Ordering::Relaxed);
        }
        Ok(())
    }
}
