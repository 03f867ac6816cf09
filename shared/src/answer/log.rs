//! The one line that a request leaves in the log: what was asked, what became of it, what it met on
//! its way, and what it cost. No access key, no body.
//!
//! What there is nothing to say of is left out: a plain sale is a short line.

use std::error::Error;
use std::time::Duration;

use lambda_http::{Request, RequestExt as _};

use crate::access::Caller;
use crate::parse;
use crate::problem::Problem;
use crate::trail::{self, Trail};

/// What is told of a request.
pub(super) struct Told<'a> {
    request_id: &'a str,
    caller: Option<Caller>,
    trail: Trail,
}

impl<'a> Told<'a> {
    /// All that is known of the request when its answer is ready.
    pub(super) fn of(request: &'a Request) -> Self {
        let mut trail = trail::so_far();
        if trail.event.is_empty() {
            let named = request.path_parameters_ref().and_then(|path| path.first("eventId"));
            named.unwrap_or_default().clone_into(&mut trail.event);
        }
        let caller = parse::caller(request).ok();
        Self { request_id: parse::request_id(request), caller, trail }
    }

    /// A success.
    pub(super) fn answered(&self, status: u16) {
        self.tell(status, None);
    }

    /// A refusal, or a fault of ours.
    pub(super) fn refused(&self, problem: &Problem) {
        self.tell(problem.status(), Some(problem));
    }

    fn tell(&self, status: u16, problem: Option<&Problem>) {
        let Self { request_id, caller, trail } = self;
        let code = problem.map(Problem::code);
        let cause = problem.map(|problem| chain(problem));
        let milliseconds = |time: Duration| time.as_secs_f64() * 1_000.0;
        let duration_ms = trail.started.map(|started| milliseconds(started.elapsed()));
        let board_age_ms = trail.board_age.map(milliseconds);
        // One list of fields for both levels.
        macro_rules! tell {
            ($level:ident, $message:literal) => {
                tracing::$level!(
                    request_id,
                    trace_id = said(&trail.trace_id),
                    operation = trail.operation,
                    version = said(&trail.version),
                    cold_start = trail.is_cold.then_some(true),
                    event = said(&trail.event),
                    partner = caller.as_ref().map(|caller| caller.id.as_str()),
                    role = caller.as_ref().map(|caller| caller.role.as_str()),
                    status,
                    code,
                    cause,
                    reservation = said(&trail.reservation),
                    seats_sold = more_than(0, trail.seats_sold),
                    seats_held = more_than(0, trail.seats_held),
                    seats_returned = more_than(0, trail.seats_returned),
                    replay = trail.is_replay.then_some(true),
                    own_work_found = trail.own_work_found.then_some(true),
                    pool = trail.pool,
                    board_age_ms,
                    refused_in_crowd = trail.refused_in_crowd.then_some(true),
                    races_lost = more_than(0, trail.races_lost),
                    outcomes_unknown = more_than(0, trail.outcomes_unknown),
                    doubt = said(&trail.doubt),
                    pools_committed = more_than(1, trail.pools_committed),
                    batch = more_than(1, trail.batch),
                    calls = trail.calls,
                    read_units = trail.read_units,
                    write_units = trail.write_units,
                    throttles = more_than(0, trail.throttles),
                    throttled = said(&trail.throttled),
                    duration_ms,
                    $message
                )
            };
        }
        match problem {
            None => tell!(info, "answered"),
            Some(_) if status < 500 => tell!(info, "refused"),
            Some(_) => tell!(error, "failed"),
        }
    }
}

/// A text, if it says anything.
fn said(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

/// A number, if it is more than usual.
fn more_than(usual: u64, number: impl TryInto<u64>) -> Option<u64> {
    number.try_into().ok().filter(|number| *number > usual)
}

/// An error's words, and those of all that caused it.
fn chain(error: &dyn Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", chain(source)),
        None => error.to_string(),
    }
}
