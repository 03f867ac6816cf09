//! The log's errors, as those who are woken by them would read them.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber, span};

/// Takes down every error, with its fields by name.
#[derive(Debug, Default, Clone)]
pub(crate) struct Errors(Arc<Mutex<Vec<String>>>);

impl Errors {
    /// What was said, line by line: `count=3 message=..`.
    pub(crate) fn said(&self) -> Vec<String> {
        self.0.lock().expect("listening does not panic").clone()
    }
}

#[derive(Default)]
struct Line(BTreeMap<&'static str, String>);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}

impl Subscriber for Errors {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == Level::ERROR
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line::default();
        event.record(&mut line);
        let fields = line.0.into_iter().map(|(name, value)| format!("{name}={value}"));
        let line = fields.collect::<Vec<_>>().join(" ");
        self.0.lock().expect("listening does not panic").push(line);
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}
