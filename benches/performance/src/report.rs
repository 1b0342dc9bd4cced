//! Where the figures go: the terminal, and PERFORMANCE.md between its marks.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use anyhow::Context;

use crate::plots::Curve;
use crate::targets::{Figure, Verdict};

const BEGIN: &str = "<!-- measured by benches/run: begin -->\n";
const END: &str = "<!-- measured by benches/run: end -->";

/// Says on stderr what is at hand.
pub(crate) fn say(text: &str) {
    let _ = writeln!(io::stderr(), "── {text}");
}

/// Prints the targets and whether they are reached.
pub(crate) fn print(figures: &[Figure]) {
    let _ = write!(io::stdout(), "{}", table(figures));
}

/// Writes tables and plots into the page at `path`.
pub(crate) fn write(path: &Path, figures: &[Figure], curves: &[Curve]) -> anyhow::Result<()> {
    let page = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let marks = (page.split_once(BEGIN), page.split_once(END));
    let (Some((before, _)), Some((_, after))) = marks else {
        anyhow::bail!("{} has lost its marks `{}`", path.display(), BEGIN.trim());
    };
    let mut measured = format!("{}\n\n{}", machine(), table(figures));
    for curve in curves {
        let [x, y] = curve.columns;
        write!(
            measured,
            "\n### {}\n\n![{0}]({})\n\n| {x} | {y} |\n|---|---|\n",
            curve.title, curve.file
        )?;
        for (at, value) in &curve.points {
            let digits = if *value < 100.0 { 2 } else { 0 };
            writeln!(measured, "| {at} | {value:.digits$} |")?;
        }
    }
    fs::write(path, format!("{before}{BEGIN}{measured}{END}{after}"))
        .with_context(|| path.display().to_string())
}

fn table(figures: &[Figure]) -> String {
    let mut table = "| what | target | measured | |\n|---|---|---|---|\n".to_owned();
    for Figure {
        what,
        target,
        measured,
        verdict,
    } in figures
    {
        let verdict = match verdict {
            Verdict::Missed => "**not reached**",
            Verdict::Reached => "reached",
        };
        let _ = writeln!(table, "| {what} | {target} | {measured} | {verdict} |");
    }
    table
}

/// What it was measured on.
fn machine() -> String {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    let cpuinfo = read("/proc/cpuinfo");
    let model = cpuinfo
        .lines()
        .find_map(|line| line.strip_prefix("model name\t: "));
    let loads = read("/proc/loadavg");
    let load = loads.split_whitespace().next().unwrap_or("?");
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    format!(
        "{} with {cores} cores, load {load} at the end, kernel {}.",
        model.unwrap_or("A processor"),
        read("/proc/sys/kernel/osrelease")
            .split(['-', '\n'])
            .next()
            .unwrap_or_default()
    )
}
