//! The audit, every few minutes: is every seat there, and only once?
//!
//! An event that ended more than a day ago is looked at about twice a day, so that the cost does
//! not grow with all events that ever were.
//!
//! What is wrong is named in the log, as errors. The counts go to CloudWatch as metrics, in a log
//! line of its embedded metric format, and an alarm in template.yaml watches them.

use std::pin::pin;

use futures_util::StreamExt as _;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};
use shared::audit::audit_events;
use shared::findings::Findings;
use shared::store::{Books, Listed, StoreError};

/// What an audit counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Audited {
    /// The events that were audited.
    pub events: usize,
    /// The pools that were read.
    pub pools: usize,
    /// What is wrong.
    pub violations: usize,
    /// The pools that have used half of their room for reservations, or more.
    pub heavy: usize,
    /// The events that were too busy to be added up; the next audit tries again.
    pub unsettled: usize,
}

/// For how long after its end an event may still change: seats are given back, books are closed.
const AFTERMATH: SignedDuration = SignedDuration::from_hours(24);

/// An event that ended has its turn for ten minutes a day, which two audits meet.
const TURN_MINUTES: u64 = 10;
const DAY_MINUTES: u64 = 24 * 60;

/// Audits every event that may change, and those that ended when it is their turn; names in the log
/// what is wrong with them.
///
/// # Errors
///
/// [`StoreError`] when the store does not answer; the rest is left to the next audit.
pub async fn audit_seats<B: Books>(books: &B, now: Timestamp) -> Result<Audited, StoreError> {
    let listed = books.list_events().await?;
    let due = listed.into_iter().filter(|event| is_due(event, now)).map(|event| event.id);
    let mut findings = pin!(audit_events(books, due));
    let mut audited = Audited::default();
    while let Some(findings) = findings.next().await {
        let findings = findings?;
        let event = &findings.event;
        for violation in &findings.violations {
            tracing::error!(event, %violation, "the seats are not as they must be");
        }
        for warning in &findings.warnings {
            tracing::warn!(event, %warning, "worth a look");
        }
        if findings.unsettled {
            tracing::warn!(event, "too busy to be added up, left to the next audit");
        }
        audited.add(&findings);
    }
    tracing::info!(events = audited.events, violations = audited.violations, "audited");
    Ok(audited)
}

/// Whether this audit looks at the event.
fn is_due(event: &Listed, now: Timestamp) -> bool {
    let is_over = event.ends_at.is_some_and(|end| now.duration_since(end.get()) > AFTERMATH);
    let minute = u64::try_from(now.as_second() / 60).unwrap_or_default();
    let its_own = u64::from(crc32fast::hash(event.id.as_bytes()));
    !is_over || minute.wrapping_add(its_own) % DAY_MINUTES < TURN_MINUTES
}

impl Audited {
    fn add(&mut self, findings: &Findings) {
        self.events = self.events.saturating_add(1);
        self.pools = self.pools.saturating_add(findings.pools);
        self.violations = self.violations.saturating_add(findings.violations.len());
        self.heavy = self.heavy.saturating_add(findings.warnings.len());
        self.unsettled = self.unsettled.saturating_add(usize::from(findings.unsettled));
    }

    /// The log line from which CloudWatch takes the metrics, for the stack that this table is of.
    pub fn metrics(&self, table: &str, now: Timestamp) -> Value {
        let count = |name| json!({"Name": name, "Unit": "Count"});
        json!({
            "_aws": {
                "Timestamp": now.as_millisecond(),
                "CloudWatchMetrics": [{
                    "Namespace": "TicketBoss",
                    "Dimensions": [["TableName"]],
                    "Metrics": [
                        count("EventsAudited"),
                        count("EventsUnsettled"),
                        count("PoolsAudited"),
                        count("PoolsHeavy"),
                        count("SeatsAuditViolations"),
                    ],
                }],
            },
            // Lambda filters lines by these two.
            "timestamp": now.to_string(),
            "level": "INFO",
            "TableName": table,
            "EventsAudited": self.events,
            "EventsUnsettled": self.unsettled,
            "PoolsAudited": self.pools,
            "PoolsHeavy": self.heavy,
            "SeatsAuditViolations": self.violations,
        })
    }
}
