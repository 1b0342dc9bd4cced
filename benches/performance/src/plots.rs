//! How the cost grows: one plot for each thing that it may grow with.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use sawmill_bench::report::{Axis, Line, LinePlot};

use crate::parts::{Options, Parts};
use crate::report::say;
use crate::targets::cpu;

/// A plot that was drawn, and its figures.
pub(crate) struct Curve {
    pub(crate) title: &'static str,
    pub(crate) file: String,
    /// Names of the columns, then the rows.
    pub(crate) columns: [&'static str; 2],
    pub(crate) points: Vec<(f64, f64)>,
}

/// What a curve is of.
struct Plan {
    title: &'static str,
    file: &'static str,
    x: &'static str,
    y: &'static str,
    at: &'static [u64],
}

const PLANS: [Plan; 4] = [
    Plan {
        title: "CPU an event over connections",
        file: "connections.svg",
        x: "connections",
        y: "µs of CPU an event",
        at: &[1, 4, 16, 64, 256],
    },
    Plan {
        title: "CPU an event over its size",
        file: "size.svg",
        x: "bytes of JSON an event",
        y: "µs of CPU an event",
        at: &[700, 1_050, 2_000, 4_000, 16_000],
    },
    Plan {
        title: "CPU an event over categorisation rules",
        file: "rules.svg",
        x: "rules",
        y: "µs of CPU an event",
        at: &[66, 660, 6_600],
    },
    Plan {
        title: "Events a second over the latency of Elasticsearch, 16 connections",
        file: "latency.svg",
        x: "ms",
        y: "events/s",
        at: &[1, 10, 30, 100, 300],
    },
];

/// Measures and draws them all into `folder`.
pub(crate) fn all(parts: &Parts, folder: &Path) -> anyhow::Result<Vec<Curve>> {
    PLANS.iter().map(|plan| draw(plan, parts, folder)).collect()
}

fn draw(plan: &Plan, parts: &Parts, folder: &Path) -> anyhow::Result<Curve> {
    let mut points = Vec::new();
    for at in plan.at {
        say(&format!("{}: {at}", plan.title));
        points.push((*at as f64, measure(plan, *at, parts)?));
    }
    let plot = LinePlot {
        title: plan.title.to_owned(),
        x: Axis::log(plan.x),
        y: Axis::linear(plan.y),
        lines: vec![Line {
            name: "Sawmill".to_owned(),
            points: points.clone(),
        }],
    };
    let path = folder.join(plan.file);
    plot.write_svg(&path)
        .with_context(|| path.display().to_string())?;
    Ok(Curve {
        title: plan.title,
        file: format!("docs/performance/{}", plan.file),
        columns: [plan.x, plan.y],
        points,
    })
}

fn measure(plan: &Plan, at: u64, parts: &Parts) -> anyhow::Result<f64> {
    let mut options = Options::default();
    let number = at.to_string();
    let mut load = vec!["--duration", "5s", "--warmup", "3s", "--connections"];
    match plan.file {
        "connections.svg" => load.push(&number),
        "size.svg" => load.extend(["4", "--distinct", "8192", "--size", &number]),
        "rules.svg" => {
            options.pipeline = Some(with_rules(parts, at as usize)?);
            load.push("4");
        }
        _ => {
            options.latency_ms = at;
            load.push("16");
        }
    }
    let run = parts.serve(&options)?.load(&load)?;
    if plan.file == "latency.svg" {
        return Ok(run.events_per_second);
    }
    cpu(&run)
}

/// The repository's pipeline with so many categorisation rules, as a file.
pub(crate) fn with_rules(parts: &Parts, count: usize) -> anyhow::Result<PathBuf> {
    let pipeline = fs::read_to_string(parts.pipeline())?;
    let is_rule = |line: &&str| line.trim_start().starts_with("{ ") && line.contains("set = ");
    let rules: Vec<_> = pipeline.lines().filter(is_rule).collect();
    let mut lines = String::new();
    let mut written = 0;
    for line in pipeline.lines() {
        if is_rule(&line) {
            if written < count.min(rules.len()) {
                writeln!(lines, "{line}")?;
            }
            written += 1;
            if written == rules.len() {
                for extra in rules.len()..count {
                    writeln!(
                        lines,
                        "  {{ prefix = \"more.loggers.n{extra}.\", set = {{ stream = \"app\", app_module = \"m{extra}\" }} }},"
                    )?;
                }
            }
        } else {
            writeln!(lines, "{line}")?;
        }
    }
    let path = parts.file(&format!("rules-{count}.toml"));
    fs::write(&path, lines)?;
    Ok(path)
}
