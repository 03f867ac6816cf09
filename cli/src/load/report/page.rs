//! The report as one page: nothing in it is fetched from anywhere, and nothing in it runs.

use std::fmt::Write;

use serde_json::Value;

use super::markup::escape;
use super::{Report, plots};
use crate::Error;
use crate::load::tally::Percentiles;

const STYLE: &str = include_str!("style.css");

/// The whole page.
///
/// # Errors
///
/// [`Error::Draw`].
pub(crate) fn page(report: &Report) -> Result<String, Error> {
    let verdict = if report.is_sound { "good" } else { "bad" };
    let mut plots = String::new();
    for plot in plots::all(report)? {
        plots.push_str(&plot);
    }
    Ok(format!(
        r#"<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>TicketBoss under load</title>
<style>
{STYLE}</style>
<h1>TicketBoss under load</h1>
<p class="quiet">{started} · {taken:.1} s · {requests} requests · event {event}</p>
<p class="verdict {verdict}">{words}</p>
{wrongs}<h2>From second to second</h2>
<div class="plots">
{plots}</div>
<h2>Answers</h2>
<div class="wide"><table>
{answers}</table></div>
<p class="quiet">{clock} {unsent}</p>
<h2>Books</h2>
<table class="words">
{books}</table>
<h2>Settings</h2>
<table class="words">
{settings}</table>
</html>
"#,
        started = escape(&report.started_at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()),
        taken = report.seconds_taken,
        requests = report.requests,
        event = escape(&report.event),
        words = escape(&report.verdict),
        wrongs = wrongs(report),
        answers = answers(report),
        clock = clock(report),
        unsent = unsent(report),
        books = books(report),
        settings = settings(&report.settings),
    ))
}

fn wrongs(report: &Report) -> String {
    let kinds = report.wrong_answers.iter().map(|(wrong, count)| row(&count.to_string(), wrong));
    let kinds = kinds.collect::<String>();
    if kinds.is_empty() {
        return kinds;
    }
    format!("<h2>Answers that may not be</h2>\n<table class=\"words\">\n{kinds}</table>\n")
}

fn answers(report: &Report) -> String {
    let names = Percentiles::NONE.all().map(|(name, _)| format!("<th>{name}")).concat();
    let mut text = format!("<tr><th>answer<th>count{names}\n");
    let mut line = |name: &str, count: u64, latency: &Percentiles| {
        let cells = latency.all().map(|(_, milliseconds)| format!("<td>{milliseconds:.1}"));
        writeln!(text, "<tr><td>{}<td>{count}{}", escape(name), cells.concat())
            .expect("a String takes any text");
    };
    for answer in &report.totals {
        let name = format!("{} → {}", answer.operation, answer.answer);
        line(&name, answer.count, &answer.latency);
    }
    line("all", report.requests, &report.latency);
    text
}

/// What a latency is, in this report.
fn clock(report: &Report) -> &'static str {
    let pace = report.settings.get("pace").and_then(Value::as_str).unwrap_or_default();
    if pace.starts_with("open") {
        "Latency in milliseconds, from the time a request was due to the end of its answer."
    } else {
        "Latency in milliseconds, from sending to the end of the answer: if slow, less is sent."
    }
}

fn unsent(report: &Report) -> String {
    match report.unsent {
        0 => "Everything that fell due was sent.".to_owned(),
        unsent => format!(
            "{unsent} requests fell due and could not be sent in time: to those who would have \
             sent them, it was slower than this table says."
        ),
    }
}

fn books(report: &Report) -> String {
    let seats = report.check.seats;
    let told = match (report.check.gone_least, report.check.gone_most) {
        (least, most) if least == most => least.to_string(),
        (least, most) => format!("{least} to {most}"),
    };
    let gone = report.check.gone.map_or_else(|| "not known".to_owned(), |gone| gone.to_string());
    let alone = if report.check.is_alone { "no: the event is new" } else { "maybe" };
    [
        ("seats of the event", report.total_seats.to_string()),
        ("seats asked for", seats.asked_for.to_string()),
        ("sold", seats.sold.to_string()),
        ("refused", seats.refused.to_string()),
        ("given back", seats.freed.to_string()),
        ("gone by the answers", told),
        ("gone by the summaries", gone),
        ("requests with unknown outcome", report.unknown_outcomes.to_string()),
        ("others may have sold the event", alone.to_owned()),
    ]
    .map(|(name, value)| row(name, &value))
    .concat()
}

fn settings(settings: &Value) -> String {
    let settings = settings.as_object().into_iter().flatten();
    let settings = settings.filter(|(_, value)| !value.is_null());
    let rows = settings.map(|(name, value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        row(&words(name), &text)
    });
    rows.collect()
}

fn row(name: &str, value: &str) -> String {
    format!("<tr><td>{}<td>{}\n", escape(name), escape(value))
}

/// `warmUpSeconds` as `warm up seconds`.
fn words(name: &str) -> String {
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() {
            words.push(' ');
        }
        words.extend(letter.to_lowercase());
    }
    words
}
