//! The audit, every few minutes: is every seat there, and only once?
//!
//! What is wrong is named in the log, as errors. The counts go to CloudWatch as metrics, in a log
//! line of its embedded metric format, and an alarm in template.yaml watches them.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use shared::audit::audit_event;
use shared::findings::Findings;
use shared::store::{Books, StoreError};

/// What an audit counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Audited {
    /// The events that are listed.
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

/// Audits every event, and names in the log what is wrong with it.
///
/// # Errors
///
/// [`StoreError`] when the store does not answer; the rest is left to the next audit.
pub async fn audit_seats<B: Books>(books: &B) -> Result<Audited, StoreError> {
    let mut audited = Audited::default();
    for event in books.list_events().await? {
        let findings = audit_event(books, &event).await?;
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
