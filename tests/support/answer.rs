//! An answer, from wherever it came; and what every refusal must look like.

use lambda_http::http::HeaderMap;
use serde_json::Value;

/// Every problem there is: its code, its statuses, title and `error`, and whether a retry may help.
pub(crate) const PROBLEMS: [(&str, &[u16], &str, &str, bool); 27] = [
    ("access-denied", &[403], "Access denied", "Access denied", false),
    ("bad-request", &[400, 414, 431], "Bad request", "Bad request", false),
    ("body-too-large", &[413], "Body too large", "Body too large", false),
    ("cancellation-not-found", &[404], "Cancellation not found", "Cancellation not found", false),
    (
        "encoding-unsupported",
        &[415],
        "Content encoding not supported",
        "Content encoding not supported",
        false,
    ),
    ("event-exists", &[409], "Event exists", "Event exists", false),
    ("event-not-found", &[404], "Event not found", "Event not found", false),
    ("hold-expired", &[410], "Hold expired", "Hold expired", false),
    ("hold-limit-reached", &[409], "Held for too long", "Held for too long", false),
    ("idempotency-key-reused", &[422], "Idempotency key reused", "Idempotency key reused", false),
    ("internal", &[500], "Internal error", "Internal error", false),
    ("no-room", &[409], "No room", "No room", false),
    ("not-enough-seats", &[409], "Not enough seats left", "Not enough seats left", false),
    ("not-held", &[409], "Not held", "Not held", false),
    ("order-too-large", &[409], "Order too large", "Order too large", false),
    ("partner-mismatch", &[403], "Not your partner id", "Not your partner id", false),
    ("precondition-failed", &[412], "Changed since you saw it", "Changed since you saw it", false),
    ("precondition-required", &[428], "If-Match missing", "If-Match missing", false),
    ("rate-limited", &[429], "Too many requests", "Too many requests", true),
    (
        "reservation-not-found",
        &[404],
        "Reservation not found",
        "Reservation not found or already cancelled",
        false,
    ),
    ("route-not-found", &[404], "No such route", "No such route", false),
    ("sales-closed", &[409], "Sales closed", "Sales closed", false),
    ("too-many-held", &[409], "Too many seats held", "Too many seats held", false),
    ("unauthenticated", &[401], "Access key missing", "Access key missing", false),
    ("unavailable", &[502, 503, 504], "Outcome unknown", "Outcome unknown", true),
    ("validation-failed", &[400], "Invalid request", "Invalid request", false),
    (
        "version-conflict",
        &[409],
        "Too much contention",
        "Concurrency conflict. Please retry.",
        true,
    ),
];

/// An answer as its caller sees it.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    /// A success in one word, `201`; a refusal in two, `409 not-enough-seats`, and then it is
    /// complete: every member, every header, in the words that belong to its code.
    pub(crate) fn said(&self) -> String {
        if self.status < 400 {
            return self.status.to_string();
        }
        let code = check_problem(self.status, &self.json());
        let is_retryable =
            PROBLEMS.iter().any(|(known, .., retryable)| *known == code && *retryable);
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.header("cache-control"), "no-store");
        assert_eq!(self.header("x-content-type-options"), "nosniff");
        assert_eq!(self.header("retry-after"), if is_retryable { "1" } else { "" });
        let challenge = if self.status == 401 { "Bearer realm=\"ticketboss\"" } else { "" };
        assert_eq!(self.header("www-authenticate"), challenge);
        format!("{} {code}", self.status)
    }

    /// The body, which must be JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|why| panic!("{why}: {self:?}"))
    }

    /// A text of the body's.
    pub(crate) fn text_of(&self, member: &str) -> String {
        let body = self.json();
        body[member].as_str().unwrap_or_else(|| panic!("no `{member}`: {self:?}")).to_owned()
    }

    /// A header's value; empty if there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("headers are ASCII"))
    }
}

/// Panics unless the body is a complete problem in the words that belong to its code; gives that.
pub(crate) fn check_problem(status: u16, problem: &Value) -> String {
    let code = problem["code"].as_str().unwrap_or_default().to_owned();
    let known = PROBLEMS.iter().find(|(known, ..)| *known == code);
    let Some((_, statuses, title, error, retryable)) = known else {
        panic!("no such problem: {problem}");
    };
    assert!(statuses.contains(&status), "{status} {problem}");
    assert_eq!(problem["type"], format!("https://ticketboss.example/problems/{code}"));
    assert_eq!(problem["status"], status);
    assert_eq!(problem["title"], *title);
    assert_eq!(problem["error"], *error);
    assert_eq!(problem["retryable"], *retryable);
    for member in ["detail", "requestId"] {
        let text = problem[member].as_str().unwrap_or_default();
        assert!(!text.is_empty(), "{problem}");
    }
    assert_ne!(problem["requestId"], "$context.requestId", "the gateway fills that in");
    assert_eq!(problem["errors"].is_array(), code == "validation-failed", "{problem}");
    for fault in problem["errors"].as_array().into_iter().flatten() {
        for member in ["pointer", "detail", "code"] {
            assert!(fault[member].is_string(), "{problem}");
        }
    }
    if code == "not-enough-seats" {
        let seats = |name: &str| problem[name].as_u64().expect("a number of seats");
        assert!(seats("availableSeats") < seats("requestedSeats"), "{problem}");
    }
    code
}
