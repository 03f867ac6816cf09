//! `ticketboss event`: creates events and runs their sales, through the API as an organiser would.
//!
//! What is retryable is tried again, with the same `Idempotency-Key`: so an event is created once,
//! and a sale that an operator paused is paused.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, IF_MATCH};
use axum::http::{Method, Request, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use shared::access::AccessToken;
use shared::order::SeatCount;
use shared::terms::Moment;
use shared::text::{EventId, EventName};
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use crate::Error;
use crate::http_client::HttpClient;
use crate::output::print;
use crate::target::Target;

/// Longer than the gateway waits for a function, cold start and all.
const PATIENCE: Duration = Duration::from_secs(15);

/// How often something is tried, and the pause in between: what `Retry-After` says.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_secs(1);

/// What to do, and where.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    action: Action,
    /// The stack: where it answers, stage included
    #[arg(long, env = "TICKETBOSS_URL", value_name = "URL", global = true)]
    url: Option<Target>,
    /// An organiser's access key
    #[arg(
        long,
        env = "TICKETBOSS_ORGANISER_KEY",
        hide_env_values = true,
        value_name = "TOKEN",
        global = true
    )]
    organiser: Option<AccessToken>,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Put an event on sale
    Create(NewEvent),
    /// List all events
    List,
    /// Show one event
    Show {
        /// As it was created
        id: EventId,
    },
    /// Let the sale of an event rest: once this is done, no order is accepted
    Pause {
        /// As it was created
        id: EventId,
    },
    /// Let the sale of an event go on
    Resume {
        /// As it was created
        id: EventId,
    },
    /// Close the sale of an event
    Close {
        /// As it was created
        id: EventId,
    },
}

#[derive(Debug, clap::Args)]
struct NewEvent {
    /// 1 to 64 of a-z, 0-9 and -
    id: EventId,
    /// What it is called
    #[arg(long)]
    name: EventName,
    /// How many seats it has: 1 to 100,000
    #[arg(long, value_name = "COUNT")]
    seats: u32,
    /// When it is over, such as 2026-12-01T22:00:00Z
    #[arg(long, value_name = "TIME")]
    ends_at: Option<Moment>,
    /// From when on its seats are sold
    #[arg(long, value_name = "TIME")]
    sales_open_at: Option<Moment>,
    /// From when on they are sold no more
    #[arg(long, value_name = "TIME")]
    sales_close_at: Option<Moment>,
    /// How many seats one order may have: 1 to 10
    #[arg(long, value_name = "COUNT", value_parser = seat_count)]
    max_seats_per_order: Option<SeatCount>,
}

fn seat_count(text: &str) -> Result<SeatCount, String> {
    let seats: u64 = text.parse().map_err(|_| "must be an integer from 1 to 10".to_owned())?;
    SeatCount::try_from(seats).map_err(|malformed| malformed.to_string())
}

/// Does it, and prints the event, or all of them.
///
/// # Errors
///
/// [`Error::Refused`] with what the stack said.
pub async fn run(arguments: Arguments) -> Result<(), Error> {
    let Arguments { action, url, organiser } = arguments;
    let api = Api::of(url, organiser)?;
    let mut text =
        format!("{:32} {:>7} {:>7} {:>7} {:10} NAME\n", "ID", "SEATS", "FREE", "HELD", "STATUS");
    let events = match action {
        Action::List => api.list().await?,
        Action::Create(event) => vec![api.create(&event).await?],
        Action::Show { id } => {
            vec![api.ask("show the event", Method::GET, &path_of(&id), None).await?]
        }
        Action::Pause { id } => vec![api.change("pause the sale", &id, "paused").await?],
        Action::Resume { id } => vec![api.change("resume the sale", &id, "on_sale").await?],
        Action::Close { id } => vec![api.change("close the sale", &id, "closed").await?],
    };
    events.iter().for_each(|event| event.add_line(&mut text));
    print(&text)
}

/// An event, as far as it is printed.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    event_id: String,
    name: String,
    status: String,
    total_seats: u32,
    available_seats: u32,
    held_seats: u32,
    sales_open_at: Option<String>,
    sales_close_at: Option<String>,
    ends_at: Option<String>,
    max_seats_per_order: Option<u32>,
    #[serde(default)]
    changing: bool,
}

impl Shown {
    fn add_line(&self, text: &mut String) {
        let Self { event_id, name, status, total_seats, available_seats, held_seats, .. } = self;
        let seats = format!("{total_seats:>7} {available_seats:>7} {held_seats:>7}");
        let mut parts = vec![format!("{event_id:32} {seats} {status:10} {name}")];
        parts.extend(self.sales_open_at.as_ref().map(|time| format!("sold from {time}")));
        parts.extend(self.sales_close_at.as_ref().map(|time| format!("sold until {time}")));
        parts.extend(self.ends_at.as_ref().map(|time| format!("ends at {time}")));
        parts.extend(self.max_seats_per_order.map(|max| format!("{max} seats an order")));
        parts.extend(self.changing.then(|| "CHANGING".to_owned()));
        text.push_str(&parts.join(", "));
        text.push('\n');
    }
}

/// A page of the list of events.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    events: Vec<Shown>,
    next_cursor: Option<String>,
}

/// Why the stack does not do it.
#[derive(Default, Deserialize)]
struct Problem {
    code: String,
    detail: String,
    retryable: bool,
}

/// A stack, and the organiser who calls it.
struct Api {
    target: Target,
    client: HttpClient,
    organiser: AccessToken,
}

impl Api {
    fn of(url: Option<Target>, organiser: Option<AccessToken>) -> Result<Self, Error> {
        let target = url.ok_or(Error::NoStack("which stack? --url URL, or TICKETBOSS_URL"))?;
        let key = "who calls? --organiser TOKEN, or TICKETBOSS_ORGANISER_KEY";
        let organiser = organiser.ok_or(Error::NoStack(key))?;
        Ok(Self { client: HttpClient::for_target(&target)?, target, organiser })
    }

    async fn create(&self, new: &NewEvent) -> Result<Shown, Error> {
        let body = json!({
            "eventId": new.id.as_str(),
            "name": new.name.as_str(),
            "totalSeats": new.seats,
            "endsAt": text_of(new.ends_at),
            "salesOpenAt": text_of(new.sales_open_at),
            "salesCloseAt": text_of(new.sales_close_at),
            "maxSeatsPerOrder": new.max_seats_per_order.map(SeatCount::get),
        });
        self.ask("create the event", Method::POST, "/events", Some(body)).await
    }

    async fn change(&self, what: &'static str, id: &EventId, status: &str) -> Result<Shown, Error> {
        let body = json!({ "status": status });
        self.ask(what, Method::PATCH, &path_of(id), Some(body)).await
    }

    /// All events, page by page.
    async fn list(&self) -> Result<Vec<Shown>, Error> {
        let (mut path, mut all) = ("/events?limit=200".to_owned(), Vec::new());
        loop {
            let page = self.ask("list the events", Method::GET, &path, None).await?;
            let Page { events, next_cursor } = page;
            all.extend(events);
            let Some(cursor) = next_cursor else { return Ok(all) };
            path = format!("/events?limit=200&cursor={cursor}");
        }
    }

    /// Asks until there is an answer that is not retryable; gives its body if it is a success.
    async fn ask<T: DeserializeOwned>(
        &self,
        what: &'static str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<T, Error> {
        let key = Uuid::new_v4().to_string();
        let mut why = String::new();
        for tried in 0..TRIES {
            if tried > 0 {
                sleep(PAUSE).await;
            }
            let Some(answer) = self.send(&method, path, body.as_ref(), &key).await else {
                "there is no answer".clone_into(&mut why);
                continue;
            };
            if answer.status().is_success() {
                let read = serde_json::from_slice(answer.body());
                return read.map_err(|error| Error::Refused { what, why: error.to_string() });
            }
            let problem: Problem = serde_json::from_slice(answer.body()).unwrap_or_default();
            why = format!("{} {}: {}", answer.status().as_u16(), problem.code, problem.detail);
            if !problem.retryable {
                break;
            }
        }
        Err(Error::Refused { what, why })
    }

    async fn send(
        &self,
        method: &Method,
        path: &str,
        body: Option<&Value>,
        key: &str,
    ) -> Option<Response<Bytes>> {
        let bearer = format!("Bearer {}", self.organiser.reveal());
        let mut request = Request::builder()
            .method(method)
            .uri(self.target.at(path))
            .header(AUTHORIZATION, bearer);
        if method == Method::PATCH {
            // An operator means the sale as it is, whatever it is.
            request = request.header(IF_MATCH, "*");
        }
        if body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
            request = request.header("Idempotency-Key", key);
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let request = request.body(body).expect("every header is made of checked parts");
        timeout(PATIENCE, self.client.exchange(request)).await.ok().flatten()
    }
}

fn path_of(id: &EventId) -> String {
    format!("/events/{id}")
}

fn text_of(moment: Option<Moment>) -> Option<String> {
    moment.map(|moment| moment.to_string())
}
