//! A counter: an event on sale, and every handler at it, for requests that may be anything.
//!
//! Whatever is handed over it, the answer is one that the contract knows, what is refused has
//! changed nothing, and no seat is lost.

use amend_event::amend_event;
use amend_reservation::amend_reservation;
use cancel_all_reservations::cancel_all_reservations;
use cancel_reservation::cancel_reservation;
use confirm_reservation::confirm_reservation;
use create_event::create_event;
use extend_reservation::extend_reservation;
use lambda_http::{Body, Request, Response};
use list_events::list_events;
use list_reservations::list_reservations;
use reserve_seats::reserve_seats;
use shared::answer::finish;
use shared::board::Census;
use shared::config::DEFAULT_EVENT_ID;
use shared::desk::Desk;
use shared::event::Event;
use shared::parse;
use shared::problem::Problem;
use shared::summary::Summary;
use show_cancellation::show_cancellation;
use show_docs::show_docs;
use show_reservation::show_reservation;
use summarize_event::summarize_event;
use tokio::runtime::Runtime;

use super::answer::Answer;
use super::desk::{desk, to_answer};
use super::simulated::SimulatedStore;
use super::{contract, nouns};

/// Where a partner orders, where an organiser creates, and where both see how many are left.
pub(crate) const ORDER: (&str, &str) = ("POST", "/events/{eventId}/reservations");
pub(crate) const CREATE: (&str, &str) = ("POST", "/events");
pub(crate) const SUMMARY: (&str, &str) = ("GET", "/events/{eventId}");

/// Where each lists what it may see.
pub(crate) const LIST: (&str, &str) = ("GET", "/events/{eventId}/reservations");
pub(crate) const EVENTS: (&str, &str) = ("GET", "/events");

/// The route of each operation whose parser is tried, in the order of a reservation's life.
const ROUTES: [(&str, &str); 14] = [
    ORDER,
    ("GET", "/events/{eventId}/reservations/{reservationId}"),
    ("PATCH", "/events/{eventId}/reservations/{reservationId}"),
    ("POST", "/events/{eventId}/reservations/{reservationId}/extend"),
    ("POST", "/events/{eventId}/reservations/{reservationId}/confirm"),
    ("DELETE", "/events/{eventId}/reservations/{reservationId}"),
    LIST,
    SUMMARY,
    EVENTS,
    CREATE,
    ("PATCH", "/events/{eventId}"),
    ("POST", "/events/{eventId}/cancellations"),
    ("GET", "/events/{eventId}/cancellations/{cancellationId}"),
    ("GET", "/docs/{asset}"),
];

pub(crate) struct Counter {
    pub(crate) desk: Desk<SimulatedStore>,
    pub(crate) event: Event,
    runtime: Runtime,
}

impl Counter {
    /// Opens it with the default event, which has several pools. Nobody else stands at it, and
    /// its first reservation without a key always has the same id.
    pub(crate) fn open() -> Self {
        let (store, event) = (SimulatedStore::calm(), nouns::event(DEFAULT_EVENT_ID, 120));
        store.put_event(&event);
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_time().start_paused(true).build().expect("a runtime");
        Self { desk: desk(store), event, runtime }
    }

    /// Hands the request to every handler; gives what each said.
    pub(crate) fn try_all(&self, request: &Request) -> Vec<String> {
        ROUTES.map(|route| self.ask(route, request).said()).into()
    }

    /// Hands the request to the handler of this route.
    pub(crate) fn ask(&self, (method, route): (&str, &str), request: &Request) -> Answer {
        let before = self.desk.store.table.peek_all();
        let outcome = self.runtime.block_on(self.handle(method, route, request));
        let Ok(response) = finish(request, outcome);
        let answer = to_answer(&response);
        let said = answer.said();
        if said == "500 internal" {
            assert!(parse::caller(request).is_err(), "no gateway leaves the authorizer out");
        } else if !route.starts_with("/docs") {
            // Without its asset, that is another route.
            contract::check(method, route, &answer);
        }
        let unchanged = before == self.desk.store.table.peek_all();
        assert!(answer.status < 400 || unchanged, "{said} changed what is stored");
        let summary = Summary::of(&self.event, &self.census(), self.desk.now());
        let taken = summary.reserved_seats + summary.held_seats;
        assert_eq!(summary.available_seats + taken, summary.total_seats);
        answer
    }

    /// What the event's pools come to as they are.
    pub(crate) fn census(&self) -> Census {
        Census::of(&self.desk.store.peek_pools(&self.event), self.desk.now())
    }

    async fn handle(
        &self,
        method: &str,
        route: &str,
        request: &Request,
    ) -> Result<Response<Body>, Problem> {
        match (method, route.rsplit('/').next()) {
            ("POST", Some("reservations")) => reserve_seats(&self.desk, request).await,
            ("GET", Some("{reservationId}")) => show_reservation(&self.desk, request).await,
            ("POST", Some("extend")) => extend_reservation(&self.desk, request).await,
            ("POST", Some("confirm")) => confirm_reservation(&self.desk, request).await,
            ("PATCH", Some("{eventId}")) => amend_event(&self.desk, request).await,
            ("PATCH", _) => amend_reservation(&self.desk, request).await,
            ("DELETE", _) => cancel_reservation(&self.desk, request).await,
            ("POST", Some("cancellations")) => cancel_all_reservations(&self.desk, request).await,
            ("GET", Some("{cancellationId}")) => show_cancellation(&self.desk, request).await,
            ("GET", Some("reservations")) => list_reservations(&self.desk, request).await,
            ("GET", Some("events")) => list_events(&self.desk, request).await,
            ("GET", Some("{eventId}")) => summarize_event(&self.desk, request).await,
            ("POST", _) => create_event(&self.desk, request).await,
            _ => show_docs(request),
        }
    }
}
