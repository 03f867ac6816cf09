//! The plots: drawn as SVG in black, which the page's style turns into the colour of its text.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::ops::Range;

use plotters::chart::ChartContext;
use plotters::coord::Shift;
use plotters::coord::cartesian::Cartesian2d;
use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::{
    AreaSeries, BLACK, ChartBuilder, Circle, DrawingArea, IntoDrawingArea, IntoLogRange,
    LineSeries, RGBColor, Ranged, Rectangle, SVGBackend, TRANSPARENT,
};
use plotters::style::Color;

use super::Report;
use super::markup::escape;
use crate::Error;
use crate::load::tally::{Percentiles, Second};

/// Small, so that its letters can be read on a phone.
const SIZE: (u32, u32) = (520, 300);
const LETTERS: (&str, u32) = ("sans-serif", 17);
const BARS_MAX: usize = 120;

const GREEN: RGBColor = RGBColor(31, 158, 128);
const AMBER: RGBColor = RGBColor(224, 152, 40);
const RED: RGBColor = RGBColor(214, 69, 91);
const BLUE: RGBColor = RGBColor(84, 140, 235);
const VIOLET: RGBColor = RGBColor(160, 108, 213);
const GREY: RGBColor = RGBColor(140, 148, 160);

type Area<'svg> = DrawingArea<SVGBackend<'svg>, Shift>;
type Chart<'chart, 'svg, Y> =
    ChartContext<'chart, SVGBackend<'svg>, Cartesian2d<RangedCoordf64, Y>>;

/// Each plot as a figure of the page.
///
/// # Errors
///
/// [`Error::Draw`].
pub(crate) fn all(report: &Report) -> Result<[String; 3], Error> {
    let seconds = &report.seconds;
    Ok([
        figure("Latency in ms", &LATENCIES.map(|(name, _, colour)| (name, colour)), |area| {
            draw_latencies(area, seconds)
        })?,
        figure("Seats left", &[("told by the summary, once a second", BLUE)], |area| {
            draw_seats_left(area, seconds, report.total_seats)
        })?,
        figure("Answers a second", &statuses(seconds), |area| draw_answers(area, seconds))?,
    ])
}

/// A percentile's name, where it stands, and its colour.
type Percentile = (&'static str, fn(&Percentiles) -> f64, RGBColor);

const LATENCIES: [Percentile; 4] = [
    ("max", |latency| latency.max_ms, RED),
    ("p99", |latency| latency.p99_ms, AMBER),
    ("p90", |latency| latency.p90_ms, BLUE),
    ("p50", |latency| latency.p50_ms, GREEN),
];

fn figure(
    caption: &str,
    key: &[(impl AsRef<str>, RGBColor)],
    draw: impl FnOnce(&Area<'_>) -> Result<(), Error>,
) -> Result<String, Error> {
    let mut svg = String::new();
    let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
    draw(&area)?;
    area.present().map_err(failed)?;
    drop(area);
    // Inside a page it needs no namespace; and so no address stands in it.
    let svg = svg.replacen(" xmlns=\"http://www.w3.org/2000/svg\"", " role=\"img\"", 1);
    let key = key.iter().map(|(name, RGBColor(red, green, blue))| {
        let name = escape(name.as_ref());
        format!("<span><i style=\"background:rgb({red},{green},{blue})\"></i>{name}</span>")
    });
    let key = key.collect::<String>();
    Ok(format!(
        "<figure><figcaption>{caption}<p class=\"key\">{key}</p></figcaption>\n{svg}</figure>\n"
    ))
}

fn draw_latencies(area: &Area<'_>, seconds: &[Second]) -> Result<(), Error> {
    let known = || seconds.iter().filter_map(|one| Some((f64::from(one.second), one.latency?)));
    let least = known().map(|(_, latency)| latency.p50_ms).fold(f64::MAX, f64::min);
    let most = known().map(|(_, latency)| latency.max_ms).fold(1.0, f64::max);
    let range = least.min(most / 2.0).max(0.1) * 0.8..most * 1.25;
    let mut chart = axes(area, seconds.len(), range.log_scale())?;
    for (_, percentile, colour) in LATENCIES {
        let points: Vec<_> =
            known().map(|(second, one)| (second + 0.5, percentile(&one))).collect();
        line(&mut chart, &points, colour)?;
    }
    Ok(())
}

fn draw_seats_left(area: &Area<'_>, seconds: &[Second], total: u32) -> Result<(), Error> {
    let mut chart = axes(area, seconds.len(), 0.0..f64::from(total) * 1.05)?;
    let points: Vec<_> = seconds
        .iter()
        .filter_map(|one| Some((f64::from(one.second), f64::from(one.seats_left?))))
        .collect();
    let area = AreaSeries::new(points.clone(), 0.0, BLUE.mix(0.2));
    chart.draw_series(area).map_err(failed)?;
    line(&mut chart, &points, BLUE)
}

fn draw_answers(area: &Area<'_>, seconds: &[Second]) -> Result<(), Error> {
    let width = seconds.len().div_ceil(BARS_MAX).max(1);
    let statuses = statuses(seconds);
    let mut bars = Vec::new();
    let mut most: f64 = 1.0;
    for chunk in seconds.chunks(width) {
        let left = chunk.first().map_or(0.0, |first| f64::from(first.second));
        let length = number(chunk.len());
        let mut bottom = 0.0;
        for (status, colour) in &statuses {
            let counts = chunk.iter().filter_map(|one| one.answers.get(status.as_str()));
            let top = bottom + counts.map(|count| number(*count)).sum::<f64>() / length;
            if top > bottom {
                let corners = [(left + length * 0.08, bottom), (left + length * 0.92, top)];
                bars.push(Rectangle::new(corners, colour.filled()));
            }
            bottom = top;
        }
        most = most.max(bottom);
    }
    let mut chart = axes(area, seconds.len(), 0.0..most * 1.1)?;
    chart.draw_series(bars).map_err(failed)?;
    Ok(())
}

/// All statuses that were seen, from the bottom of a bar to its top.
fn statuses(seconds: &[Second]) -> Vec<(String, RGBColor)> {
    let seen: BTreeSet<_> = seconds.iter().flat_map(|second| second.answers.keys()).collect();
    let coloured = seen.into_iter().map(|status| {
        let colour = match status.as_str() {
            "201" => GREEN,
            "204" => BLUE,
            "200" => GREY,
            "409" => AMBER,
            "429" => VIOLET,
            _ => RED,
        };
        (status.clone(), colour)
    });
    coloured.collect()
}

/// An empty chart of so many seconds, with its axes.
fn axes<'svg, Y, Bounds>(
    area: &Area<'svg>,
    seconds: usize,
    bounds: Bounds,
) -> Result<Chart<'static, 'svg, Y>, Error>
where
    Bounds: AsRangedCoord<CoordDescType = Y, Value = f64>,
    Y: Ranged<ValueType = f64> + ValueFormatter<f64>,
{
    let range: Range<f64> = 0.0..number(seconds.max(1));
    let mut chart = ChartBuilder::on(area)
        .margin_top(8)
        .margin_right(12)
        .x_label_area_size(46)
        .y_label_area_size(62)
        .build_cartesian_2d(range, bounds)
        .map_err(failed)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(BLACK.mix(0.15))
        .axis_style(BLACK.mix(0.5))
        .label_style(LETTERS)
        .axis_desc_style(LETTERS)
        .x_labels(8)
        .y_labels(6)
        .x_desc("seconds")
        .x_label_formatter(&|second| format!("{second:.0}"))
        .y_label_formatter(&|value| short(*value))
        .draw()
        .map_err(failed)?;
    Ok(chart)
}

fn line<Y: Ranged<ValueType = f64>>(
    chart: &mut Chart<'_, '_, Y>,
    points: &[(f64, f64)],
    colour: RGBColor,
) -> Result<(), Error> {
    let style = colour.stroke_width(2);
    chart.draw_series(LineSeries::new(points.iter().copied(), style)).map_err(failed)?;
    // Few points would be a line that nobody sees, or none.
    if points.len() <= BARS_MAX / 2 {
        let dots = points.iter().map(|point| Circle::new(*point, 2, colour.filled()));
        chart.draw_series(dots).map_err(failed)?;
    }
    Ok(())
}

/// As few digits as tell it.
fn short(value: f64) -> String {
    if value >= 1.0 || value == 0.0 { format!("{value:.0}") } else { format!("{value:.1}") }
}

/// Far fewer than a `u32` holds are counted in one second, and there are fewer seconds.
fn number(count: impl TryInto<u32>) -> f64 {
    f64::from(count.try_into().unwrap_or(u32::MAX))
}

fn failed(why: impl Display) -> Error {
    Error::Draw(why.to_string())
}
