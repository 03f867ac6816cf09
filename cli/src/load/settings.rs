//! The settings of a load, from the command line, with a bound for each number.

use std::num::NonZero;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use shared::access::AccessToken;
use shared::text::EventId;

use super::operations::Mix;
use super::pace::Pace;
use crate::target::Target;

/// The longest load: every second of it is kept until the report is written.
const SECONDS_MAX: u64 = 3600;

/// What to load, and how.
#[derive(Debug, Clone, clap::Args)]
#[command(
    group = clap::ArgGroup::new("pace").required(true).args(["rate", "callers"]),
    after_help = "The summary is read before and after: the seats gone must be those that the \
                  answers said were sold. Ctrl-C ends the load early, and the report is written."
)]
pub struct Arguments {
    /// The stack: where it answers, stage included
    #[arg(long, env = "TICKETBOSS_URL", default_value = "http://127.0.0.1:3000")]
    url: Target,
    /// Load it even though it is not on this machine
    #[arg(long)]
    i_own_this_target: bool,
    /// An access key to order with; repeatable, and each order draws one
    #[arg(
        long = "key",
        value_name = "TOKEN",
        env = "TICKETBOSS_KEY",
        hide_env_values = true,
        value_delimiter = ',',
        required = true
    )]
    keys: Vec<AccessToken>,
    /// An organiser's access key, for --create-event
    #[arg(
        long,
        value_name = "TOKEN",
        env = "TICKETBOSS_ORGANISER_KEY",
        hide_env_values = true,
        required_unless_present = "event"
    )]
    organiser: Option<AccessToken>,
    /// The event to sell; nobody else may sell it meanwhile, or the books cannot balance
    #[arg(long, value_name = "ID", conflicts_with = "create_event")]
    event: Option<EventId>,
    /// Create an event with so many seats, and sell that
    #[arg(
        long,
        value_name = "SEATS",
        default_value_t = 500,
        value_parser = clap::value_parser!(u32).range(1..=100_000)
    )]
    create_event: u32,
    /// Open loop: so many requests a second fall due, whatever becomes of those before them
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=20_000))]
    rate: Option<u32>,
    /// Closed loop: so many callers, each with one request at a time
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=5_000))]
    callers: Option<u16>,
    /// Send for so many seconds, at most 3600; otherwise 30, or until all --orders are sent
    #[arg(
        long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=SECONDS_MAX)
    )]
    duration: Option<u64>,
    /// Send so many orders; other requests of the mix are on top
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    orders: Option<u32>,
    /// Before that, send for so many seconds what is not measured, but is in the books
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 0,
        value_parser = clap::value_parser!(u64).range(0..=600)
    )]
    warm_up: u64,
    /// Of so many parts, how many reserve, cancel, show and summarize
    #[arg(long, value_name = "PARTS", default_value = "reserve=80,cancel=10,show=5,summarize=5")]
    mix: Mix,
    /// Each order is for 1 to N seats
    #[arg(
        long,
        value_name = "N",
        default_value_t = 4,
        value_parser = clap::value_parser!(u8).range(1..=10)
    )]
    seats: u8,
    /// Send an Idempotency-Key with each write, so that every outcome can be known in the end
    #[arg(long)]
    idempotency_keys: bool,
    /// Give a request up after so many seconds; what became of it is then unknown
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 15,
        value_parser = clap::value_parser!(u64).range(1..=60)
    )]
    timeout: u64,
    /// Open loop: have at most so many requests under way; those that fall due meanwhile wait
    #[arg(
        long,
        value_name = "N",
        default_value_t = 500,
        value_parser = clap::value_parser!(u16).range(1..=10_000),
        conflicts_with = "callers"
    )]
    open_requests: u16,
    /// Write the report here, and the same as JSON beside it
    #[arg(long, value_name = "PATH.html", default_value = "load.html", value_parser = page)]
    report: PathBuf,
}

/// The JSON beside it has the same name, so this one must be another.
fn page(text: &str) -> Result<PathBuf, &'static str> {
    let path = PathBuf::from(text);
    let is_page = path.extension().is_some_and(|extension| extension == "html");
    if is_page { Ok(path) } else { Err("must end in .html") }
}

/// Which event is sold.
#[derive(Debug, Clone)]
pub(crate) enum OnSale {
    /// One that is there.
    Standing(EventId),
    /// A new one, with so many seats, which this organiser creates.
    New { seats: u32, organiser: AccessToken },
}

/// The arguments, as they are used.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) target: Target,
    pub(crate) is_owned: bool,
    pub(crate) keys: Vec<AccessToken>,
    pub(crate) on_sale: OnSale,
    pub(crate) pace: Pace,
    pub(crate) warm_up: Duration,
    pub(crate) duration: Duration,
    pub(crate) orders: Option<u32>,
    pub(crate) mix: Mix,
    pub(crate) seats_max: u8,
    pub(crate) is_keyed: bool,
    pub(crate) timeout: Duration,
    pub(crate) report: PathBuf,
}

impl From<Arguments> for Settings {
    fn from(arguments: Arguments) -> Self {
        let on_sale = match (arguments.event, arguments.organiser) {
            (Some(event), _) => OnSale::Standing(event),
            (None, organiser) => OnSale::New {
                seats: arguments.create_event,
                organiser: organiser.expect("it is required unless there is an event"),
            },
        };
        let pace = match (arguments.rate.and_then(NonZero::new), arguments.callers) {
            (Some(rate), _) => Pace::Open { rate, open_max: arguments.open_requests.into() },
            (None, callers) => Pace::Closed { callers: callers.unwrap_or(1) },
        };
        let seconds = if arguments.orders.is_some() { SECONDS_MAX } else { 30 };
        Self {
            target: arguments.url,
            is_owned: arguments.i_own_this_target,
            keys: arguments.keys,
            on_sale,
            pace,
            warm_up: Duration::from_secs(arguments.warm_up),
            duration: Duration::from_secs(arguments.duration.unwrap_or(seconds)),
            orders: arguments.orders,
            mix: arguments.mix,
            seats_max: arguments.seats,
            is_keyed: arguments.idempotency_keys,
            timeout: Duration::from_secs(arguments.timeout),
            report: arguments.report,
        }
    }
}

impl Settings {
    /// When sending ends, the warm-up included.
    pub(crate) fn end(&self) -> Duration {
        self.warm_up.saturating_add(self.duration)
    }

    /// What the report says of it: never a key.
    pub(crate) fn described(&self) -> Value {
        json!({
            "url": self.target.to_string(),
            "pace": self.pace.to_string(),
            "durationSecondsMax": self.duration.as_secs(),
            "orders": self.orders,
            "warmUpSeconds": self.warm_up.as_secs(),
            "mix": self.mix.to_string(),
            "seatsPerOrder": format!("1 to {}", self.seats_max),
            "accessKeys": self.keys.len(),
            "idempotencyKeys": self.is_keyed,
            "timeoutSeconds": self.timeout.as_secs(),
        })
    }
}
