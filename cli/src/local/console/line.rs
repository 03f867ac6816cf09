//! A request's line in the log, as the functions write it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The line. What is not named here is kept, too, to be looked at.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(super) request_id: String,
    pub(super) operation: String,
    pub(super) status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) event: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) partner: Option<String>,
    #[serde(default)]
    pub(super) seats_sold: u64,
    #[serde(default)]
    pub(super) seats_returned: u64,
    #[serde(default)]
    pub(super) races_lost: u64,
    #[serde(default)]
    pub(super) duration_ms: f64,
    timestamp: String,
    #[serde(flatten)]
    more: Map<String, Value>,
}

impl Line {
    /// The line, if it is a request's.
    pub(crate) fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// For a person: `10:15:30 reserve-seats 201 3 seats sold, 12.4 ms, abc-corp`.
    pub(crate) fn to_text(&self) -> String {
        let time = self.timestamp.get(11..19).unwrap_or_default();
        let mut text = format!("{time} {} {}", self.operation, self.status);
        for (more, words) in [
            (self.code.is_some(), self.code.clone().unwrap_or_default()),
            (self.seats_sold > 0, format!("{} seats sold", self.seats_sold)),
            (self.seats_returned > 0, format!("{} seats back", self.seats_returned)),
            (self.races_lost > 0, format!("{} races lost", self.races_lost)),
        ] {
            if more {
                text.push(' ');
                text.push_str(&words);
            }
        }
        let partner = self.partner.as_deref().map(|id| format!(", {id}")).unwrap_or_default();
        format!("{text}, {:.1} ms{partner}", self.duration_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_requests_line_is_read_and_no_other() {
        let line = r#"{"timestamp":"2026-11-28T10:15:30.123456Z","level":"INFO","message":"refused",
            "request_id":"r","operation":"reserve-seats","status":409,"code":"not-enough-seats",
            "partner":"abc-corp","races_lost":2,"calls":4,"duration_ms":12.44}"#;
        let line = Line::read(line).expect("it is one");
        let want = "10:15:30 reserve-seats 409 not-enough-seats 2 races lost, 12.4 ms, abc-corp";
        assert_eq!(line.to_text(), want);
        assert_eq!(line.more["calls"], 4);
        for other in ["thread panicked", r#"{"level":"WARN","message":"the board"}"#] {
            assert!(Line::read(other).is_none(), "{other}");
        }
    }
}
