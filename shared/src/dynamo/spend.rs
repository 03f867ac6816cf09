//! What a request spends at DynamoDB: calls, units, and how often it was throttled and why.

use aws_sdk_dynamodb::config::interceptors::{
    BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::{BoxError, ProvideErrorMetadata as _};
use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemError;
use aws_sdk_dynamodb::operation::get_item::GetItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{ConsumedCapacity, ThrottlingReason};

use super::verdict::Verdict;
use crate::trail::{self, one_more};

/// The units of a reading that was answered.
pub(super) fn on_reading<'a>(consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) {
    let units = total(consumed);
    trail::note(|trail| trail.read_units += units);
}

/// The units of a write that was applied.
pub(super) fn on_writing<'a>(consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) {
    let units = total(consumed);
    trail::note(|trail| trail.write_units += units);
}

fn total<'a>(consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) -> f64 {
    consumed.into_iter().filter_map(ConsumedCapacity::capacity_units).sum()
}

/// Counts each attempt of a call, and each that was throttled.
#[derive(Debug)]
pub(super) struct Spending;

impl Intercept for Spending {
    fn name(&self) -> &'static str {
        "Spending"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        trail::note(|trail| one_more(&mut trail.calls));
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
        // Each operation has an error type of its own, of the same shape.
        macro_rules! throttled {
            ($($operation:ident),*) => {$(
                if let Some(error) = error.downcast_ref::<$operation>() {
                    let reasons = match error {
                        $operation::ProvisionedThroughputExceededException(one) => {
                            one.throttling_reasons()
                        }
                        $operation::ThrottlingException(one) => one.throttling_reasons(),
                        _ => &[],
                    };
                    note_throttle(error.code(), reasons);
                }
            )*};
        }
        throttled!(GetItemError, BatchGetItemError, UpdateItemError, TransactWriteItemsError);
        Ok(())
    }
}

fn note_throttle(code: Option<&str>, reasons: &[ThrottlingReason]) {
    if Verdict::of(code) != Verdict::Throttled {
        return;
    }
    let reason = reasons.first().and_then(ThrottlingReason::reason).or(code).unwrap_or_default();
    trail::note(|trail| {
        one_more(&mut trail.throttles);
        reason.clone_into(&mut trail.throttled);
    });
}
