//! What the loop says of itself in its log: the rare states that a run must have met.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, OnceLock};

use tokio::task;
use tracing::field::{Field, Visit};
use tracing::subscriber::Interest;
use tracing::{Dispatch, Event, Metadata, Subscriber, span};

use super::life::Counts;

/// While there is one observer, any thread without it can silence what is logged for all: `tracing`
/// asks nobody else. So there is always another.
static AWAKE: OnceLock<Dispatch> = OnceLock::new();

/// Counts what the loop says of itself: the rare states that a run must have met.
#[derive(Default)]
pub(crate) struct Observer {
    pub(crate) seen: Arc<Mutex<Counts>>,
    /// The handlers that refused in a crowd.
    pub(crate) in_crowd: Arc<Mutex<HashSet<task::Id>>>,
}

impl Observer {
    /// An observer that hears everything from now on, in the thread for which it is set.
    pub(crate) fn awake() -> Self {
        AWAKE.get_or_init(|| Dispatch::new(Self::default()));
        Self::default()
    }
}

/// The fields of one log event that matter here.
#[derive(Default)]
struct Said {
    message: String,
    lost: u64,
    pools: u64,
    requests: u64,
}

impl Visit for Said {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "lost" => self.lost = value,
            "pools" => self.pools = value,
            "requests" => self.requests = value,
            _ => {}
        }
    }
}

impl Subscriber for Observer {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("shared")
    }

    fn event(&self, event: &Event<'_>) {
        let mut said = Said::default();
        event.record(&mut said);
        let mut seen = self.seen.lock().expect("observing does not panic");
        let mut count = |name| *seen.entry(name).or_default() += 1;
        match (said.message.as_str(), said.lost, said.pools) {
            ("own work found", 0, _) => count("duplicate caught"),
            ("own work found", ..) => count("own write recovered"),
            ("committed", 0, 2..) => count("gathered"),
            ("committed", _, 2..) => count("gather raced"),
            ("committed", 0, _) => count("committed at once"),
            ("committed", ..) => count("committed after a race"),
            ("batch committed", ..) if said.requests > 1 => count("several committed at once"),
            ("refused in a crowd", ..) => {
                count("refused in a crowd");
                self.in_crowd.lock().expect("entering does not panic").extend(task::try_id());
            }
            _ => {}
        }
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}
