//! The body of a problem's answer.

use serde::Serialize;

use super::{Fault, Problem};
use crate::refusal::Refusal;

impl Problem {
    /// The body of the answer.
    pub fn body<'a>(&'a self, request_id: &'a str) -> ProblemBody<'a> {
        let shortage = if let Self::Refused(Refusal::NotEnoughSeats { requested, available }) = self
        {
            Some((*requested, *available))
        } else {
            None
        };
        let opens_at = if let Self::Refused(Refusal::SalesClosed { opens_at }) = self {
            *opens_at
        } else {
            None
        };
        let max = if let Self::Refused(Refusal::OrderTooLarge { max }) = self {
            Some(*max)
        } else {
            None
        };
        ProblemBody {
            kind: format!("https://ticketboss.example/problems/{}", self.code()),
            title: self.title(),
            status: self.status(),
            detail: self.detail(),
            code: self.code(),
            error: self.error(),
            request_id,
            retryable: self.is_retryable(),
            requested_seats: shortage.map(|(requested, _)| requested),
            available_seats: shortage.map(|(_, available)| available),
            sales_open_at: opens_at.map(|opens_at| format!("{opens_at:.3}")),
            max_seats_per_order: max,
            errors: if let Self::InvalidRequest(faults) = self { Some(faults) } else { None },
        }
    }
}

/// A problem as RFC 9457 wants it shown, with the members that only some problems have.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProblemBody<'a> {
    #[serde(rename = "type")]
    kind: String,
    title: &'static str,
    status: u16,
    detail: String,
    code: &'static str,
    error: &'static str,
    request_id: &'a str,
    retryable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    requested_seats: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    available_seats: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sales_open_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_seats_per_order: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<&'a [Fault]>,
}
