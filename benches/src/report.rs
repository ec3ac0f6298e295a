//! The report: a table for people, or the same for a page.

use std::fmt::Write;
use std::time::Duration;

use crate::measure::Times;

/// A line that was measured at a size.
pub struct Line {
    pub case: &'static str,
    pub operation: &'static str,
    pub rows: u64,
    pub times: Times,
}

/// How a table is drawn.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Style {
    Text,
    Markdown,
}

/// What row security may cost beside the condition written by hand.
pub const TARGET: f64 = 1.2;

const HEADINGS: [&str; 9] = [
    "who may",
    "operation",
    "rows",
    "hand ms",
    "compiled ms",
    "usual ms",
    "compiled/hand",
    "usual/compiled",
    "flat",
];
const WORDS: usize = 2;

/// All lines in the order of cases, each size below the other, and what to make of it.
pub fn report(lines: &[Line], style: Style) -> String {
    let mut order: Vec<(&str, &str)> = Vec::new();
    for line in lines {
        if !order.contains(&(line.case, line.operation)) {
            order.push((line.case, line.operation));
        }
    }
    let mut table = vec![HEADINGS.map(str::to_owned)];
    for (case, operation) in order {
        let sizes = lines.iter().filter(|line| (line.case, line.operation) == (case, operation));
        let mut before: Option<&Line> = None;
        for line in sizes {
            table.push(cells(line, before));
            before = Some(line);
        }
    }
    let mut text = draw(&table, style);
    let within = lines.iter().filter(|line| ratio(line.times[1], line.times[0]) <= TARGET).count();
    let _ = write!(
        text,
        "\nShortest of several runs, as the client waits for it, planning included. compiled/hand is at \
         most {TARGET} in {within} of {} lines. flat: compiled, against the size above.\n",
        lines.len()
    );
    text
}

fn cells(line: &Line, before: Option<&Line>) -> [String; 9] {
    let [hand, compiled, usual] = line.times;
    let flat = before.map_or(String::new(), |before| times(ratio(compiled, before.times[1])));
    [
        line.case.to_owned(),
        line.operation.to_owned(),
        line.rows.to_string(),
        milliseconds(hand),
        milliseconds(compiled),
        milliseconds(usual),
        times(ratio(compiled, hand)),
        times(ratio(usual, compiled)),
        flat,
    ]
}

fn ratio(time: Duration, other: Duration) -> f64 {
    time.as_secs_f64() / other.as_secs_f64().max(f64::MIN_POSITIVE)
}

fn milliseconds(time: Duration) -> String {
    let milliseconds = time.as_secs_f64() * 1000.0;
    if milliseconds < 10.0 { format!("{milliseconds:.3}") } else { format!("{milliseconds:.1}") }
}

fn times(ratio: f64) -> String {
    if ratio < 100.0 { format!("{ratio:.2}") } else { format!("{ratio:.0}") }
}

fn draw(table: &[[String; 9]], style: Style) -> String {
    let mut widths = [0; 9];
    for row in table {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.len());
        }
    }
    let (left, between, right) = match style {
        Style::Text => ("", "  ", ""),
        Style::Markdown => ("| ", " | ", " |"),
    };
    let mut text = String::new();
    for (at, row) in table.iter().enumerate() {
        let cells = row.iter().zip(widths).enumerate().map(|(column, (cell, width))| {
            if column < WORDS { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        let cells: Vec<_> = cells.collect();
        text += &format!("{left}{}{right}", cells.join(between));
        text = text.trim_end().to_owned() + "\n";
        if at == 0 && style == Style::Markdown {
            let marks = (0..9).map(|column| if column < WORDS { "---" } else { "---:" });
            text += &format!("| {} |\n", marks.collect::<Vec<_>>().join(" | "));
        }
    }
    text
}
