//! The checksum of DynamoDB's answers: an answer that was altered on its way is an error, and what
//! it says is never believed.
//!
//! DynamoDB sends the CRC-32 of a body in `x-amz-crc32`. Other SDKs compare it, the one for Rust
//! does not (<https://github.com/smithy-lang/smithy-rs/issues/130>).

use aws_sdk_dynamodb::config::interceptors::AfterDeserializationInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;

/// Compares each answer with its checksum. One without is taken as it is: errors come without.
#[derive(Debug)]
pub(super) struct AnswerChecksum;

impl Intercept for AnswerChecksum {
    fn name(&self) -> &'static str {
        "AnswerChecksum"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let answer = context.response();
        let Some(sent) = answer.headers().get("x-amz-crc32") else { return Ok(()) };
        let came = answer.body().bytes().map(crc32fast::hash);
        if sent.parse().ok() == came {
            Ok(())
        } else {
            Err(format!("the answer is not the one that was sent: {sent} became {came:?}").into())
        }
    }
}
