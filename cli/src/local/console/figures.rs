//! The figures of the last minute, and the newest requests.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::line::Line;

/// How far the figures go back, in seconds, and how many requests are kept.
const SECONDS: i64 = 60;
const REQUESTS_MAX: usize = 100;

/// Latency is that of the last seconds: old enough to have many, young enough to follow.
const LATENCY_SECONDS: i64 = 10;

/// How many events are shown: those that the newest requests were about.
const EVENTS_MAX: usize = 5;

/// What happened in one second.
#[derive(Debug, Default)]
struct Second {
    at: i64,
    sales: u64,
    seats_sold: u64,
    seats_returned: u64,
    refused: u64,
    failed: u64,
    races_lost: u64,
    durations_ms: Vec<f64>,
}

#[derive(Debug, Default)]
pub(super) struct Figures {
    seconds: VecDeque<Second>,
    requests: VecDeque<Line>,
    number: u64,
}

impl Figures {
    pub(super) fn note(&mut self, line: Line, now: i64) {
        if self.seconds.back().is_none_or(|second| second.at < now) {
            self.seconds.push_back(Second { at: now, ..Second::default() });
        }
        let oldest = now.saturating_sub(SECONDS);
        while self.seconds.front().is_some_and(|second| second.at <= oldest) {
            self.seconds.pop_front();
        }
        if let Some(second) = self.seconds.back_mut() {
            let more = |count: &mut u64, by: u64| *count = count.saturating_add(by);
            more(&mut second.sales, u64::from(line.seats_sold > 0));
            more(&mut second.seats_sold, line.seats_sold);
            more(&mut second.seats_returned, line.seats_returned);
            more(&mut second.refused, u64::from((400..500).contains(&line.status)));
            more(&mut second.failed, u64::from(line.status >= 500));
            more(&mut second.races_lost, line.races_lost);
            second.durations_ms.push(line.duration_ms);
        }
        self.number = self.number.saturating_add(1);
        self.requests.push_front(line);
        self.requests.truncate(REQUESTS_MAX);
    }

    /// The events that the newest requests were about, the newest first.
    pub(super) fn events(&self) -> Vec<String> {
        let mut events = Vec::new();
        for event in self.requests.iter().filter_map(|line| line.event.as_ref()) {
            if events.len() < EVENTS_MAX && !events.contains(event) {
                events.push(event.clone());
            }
        }
        events
    }

    /// All of it, for the page: a number for each of the last seconds, also where nothing was.
    pub(super) fn shown(&self, now: i64) -> Value {
        let figure = |name: &str, of: fn(&Second) -> u64| {
            let at = |second: i64| self.seconds.iter().find(|one| one.at == second).map_or(0, of);
            let first = now.saturating_sub(SECONDS).saturating_add(1);
            json!({"name": name, "seconds": (first..=now).map(at).collect::<Vec<_>>()})
        };
        let since = now.saturating_sub(LATENCY_SECONDS);
        let latest = self.seconds.iter().filter(|second| second.at > since);
        let mut durations: Vec<_> = latest.flat_map(|second| &second.durations_ms).collect();
        durations.sort_by(|one, other| one.total_cmp(other));
        let share = |hundredths: usize| {
            let place = durations.len().saturating_mul(hundredths).div_ceil(100);
            durations.get(place.saturating_sub(1)).copied()
        };
        json!({
            "figures": [
                figure("sales", |second| second.sales),
                figure("seats sold", |second| second.seats_sold),
                figure("seats back", |second| second.seats_returned),
                figure("refused", |second| second.refused),
                figure("failed", |second| second.failed),
                figure("races lost", |second| second.races_lost),
            ],
            "latencyMs": {"p50": share(50), "p99": share(99)},
            "requests": self.requests,
            "number": self.number,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(status: u16, seats: u64, duration_ms: u64) -> Line {
        let line = json!({"timestamp": "", "request_id": "r", "operation": "reserve-seats",
            "event": "any", "status": status, "seats_sold": seats, "duration_ms": duration_ms});
        Line::read(&line.to_string()).expect("it is one")
    }

    #[test]
    fn each_second_has_its_own_and_the_oldest_are_forgotten() {
        let mut figures = Figures::default();
        for (at, status, seats) in [(5, 201, 3), (5, 201, 2), (6, 409, 0), (64, 503, 0)] {
            figures.note(line(status, seats, 10), at);
        }
        let of = |figures: &Figures, name: &str, now| {
            let shown = figures.shown(now);
            let all = shown["figures"].as_array().expect("they are there").clone();
            let found = all.into_iter().find(|one| one["name"] == name).expect("it is there");
            found["seconds"].as_array().expect("numbers").clone()
        };
        assert_eq!(
            (of(&figures, "seats sold", 64).len(), &of(&figures, "seats sold", 64)[0]),
            (60, &json!(5))
        );
        assert_eq!(of(&figures, "sales", 64)[0], 2);
        assert_eq!(of(&figures, "refused", 64)[1], 1);
        assert_eq!(of(&figures, "failed", 64)[59], 1);
        figures.note(line(201, 1, 10), 65);
        assert_eq!(of(&figures, "seats sold", 65)[0], 0, "the fifth second is forgotten");
        assert_eq!(figures.events(), ["any"]);
    }

    #[test]
    fn latency_is_that_of_the_last_seconds() {
        let mut figures = Figures::default();
        figures.note(line(201, 1, 999), 1);
        for duration in 1..=100 {
            figures.note(line(201, 1, duration), 20);
        }
        assert_eq!(figures.shown(20)["latencyMs"], json!({"p50": 50.0, "p99": 99.0}));
        assert_eq!(figures.shown(99)["latencyMs"], json!({"p50": null, "p99": null}));
    }
}
