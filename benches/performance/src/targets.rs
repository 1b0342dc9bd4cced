//! The figures that have a target.

use std::thread::sleep;
use std::time::Duration;

use anyhow::Context;
use sawmill_bench::results::Run;

use crate::handshakes;
use crate::parts::{Key, Options, Parts};
use crate::plots::with_rules;
use crate::report::say;

/// One row of the table.
pub(crate) struct Figure {
    /// What was measured.
    pub(crate) what: &'static str,
    pub(crate) target: String,
    pub(crate) measured: String,
    pub(crate) verdict: Verdict,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Missed,
    Reached,
}

/// The usual run: four connections as fast as ACKs come.
const FULL: &[&str] = &["--connections", "4", "--duration", "4s", "--warmup", "2s"];

/// Events a second that 10,000 connections send.
const MANY: &[&str] = &[
    "--connections",
    "10000",
    "--window",
    "5",
    "--rate",
    "50000",
    "--distinct",
    "8192",
    "--duration",
    "6s",
    "--warmup",
    "4s",
];

pub(crate) fn at_most(what: &'static str, measured: f64, most: f64, unit: &str) -> Figure {
    Figure {
        what,
        target: format!("≤ {most} {unit}"),
        measured: format!("{measured:.2} {unit}"),
        verdict: if measured <= most {
            Verdict::Reached
        } else {
            Verdict::Missed
        },
    }
}

pub(crate) fn at_least(what: &'static str, measured: f64, least: f64, unit: &str) -> Figure {
    Figure {
        what,
        target: format!("≥ {least} {unit}"),
        measured: format!("{measured:.1} {unit}"),
        verdict: if measured >= least {
            Verdict::Reached
        } else {
            Verdict::Missed
        },
    }
}

/// Measures them all.
pub(crate) fn all(parts: &Parts, stations: &str) -> anyhow::Result<Vec<Figure>> {
    let mut figures = vec![at_most(
        "compressed window to bulk body, CPU an event",
        whole_way(stations)? / 1000.0,
        1.5,
        "µs",
    )];
    let costs = Costs::measure(parts)?;
    figures.extend(costs.alone());
    figures.extend(latencies(parts)?);
    figures.extend(memory(parts)?);
    figures.extend(handshakes::all(parts)?);
    figures.push(costs.crowd());
    figures.push(beside_idle(parts)?);
    figures.extend(far_away(parts)?);
    figures.extend(rules(parts)?);
    Ok(figures)
}

fn run(parts: &Parts, options: &Options, load: &[&str]) -> anyhow::Result<Run> {
    parts.serve(options)?.load(load)
}

/// CPU of the server an event, in µs.
pub(crate) fn cpu(run: &Run) -> anyhow::Result<f64> {
    let watched = run.watched.context("the server was not watched")?;
    Ok(watched.cpu_ns_per_event() / 1000.0)
}

/// The last line of the benchmark of the stations, in ns.
fn whole_way(stations: &str) -> anyhow::Result<f64> {
    let line = stations.lines().find(|line| line.starts_with("whole way"));
    let figure = line.and_then(|line| line.split_whitespace().nth(2));
    Ok(figure
        .context("no `whole way` among the stations")?
        .parse()?)
}

/// Turns that each kind of run has, one after the other: the machine's speed changes between two runs by more than what
/// some figures are about. The median of the turns counts.
pub(crate) const TURNS: usize = 5;

/// What an event costs, in µs of CPU, turn by turn.
#[derive(Default)]
struct Costs {
    full: Vec<f64>,
    tls: Vec<f64>,
    gzip: Vec<f64>,
    many: Vec<f64>,
}

impl Costs {
    fn measure(parts: &Parts) -> anyhow::Result<Self> {
        let plain = Options::default();
        let tls = Options {
            tls: Some(Key::P256),
            ..Options::default()
        };
        let gzip = Options {
            set: vec!["output.elasticsearch.gzip=1".to_owned()],
            ..Options::default()
        };
        let mut costs = Self::default();
        for turn in 1..=TURNS {
            say(&format!(
                "full speed, TLS in, gzip out, 10,000 connections: {turn} of {TURNS}"
            ));
            costs.full.push(cpu(&run(parts, &plain, FULL)?)?);
            costs.tls.push(cpu(&run(parts, &tls, FULL)?)?);
            costs.gzip.push(cpu(&run(parts, &gzip, FULL)?)?);
            costs.many.push(cpu(&run(parts, &plain, MANY)?)?);
        }
        Ok(costs)
    }

    fn alone(&self) -> [Figure; 3] {
        let added = { self.gzip.iter().zip(&self.full) }.map(|(gzip, full)| gzip - full);
        [
            at_most(
                "whole server, no gzip, CPU an event",
                median(self.full.clone()),
                3.0,
                "µs",
            ),
            at_most("the same with TLS in", median(self.tls.clone()), 4.0, "µs"),
            at_most("gzip level 1 out adds", median(added.collect()), 1.5, "µs"),
        ]
    }

    fn crowd(&self) -> Figure {
        let ratios = { self.many.iter().zip(&self.full) }.map(|(many, full)| many / full);
        at_most(
            "10,000 connections at 5 events/s, CPU an event to that of full windows",
            median(ratios.collect()),
            3.0,
            "×",
        )
    }
}

pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

fn latencies(parts: &Parts) -> anyhow::Result<Vec<Figure>> {
    say("latency");
    let paced = ["--connections", "4", "--rate", "50000", "--duration", "8s"];
    let paced = run(parts, &Options::default(), &paced)?.latency;
    let lone = [
        "--window",
        "1",
        "--in-flight",
        "1",
        "--rate",
        "20",
        "--distinct",
        "64",
        "--duration",
        "6s",
    ];
    let lone = run(parts, &Options::default(), &lone)?.latency;
    let alone = Options {
        all_cores: true,
        ..Options::default()
    };
    let alone = run(
        parts,
        &alone,
        &["--connections", "1", "--in-flight", "4", "--duration", "6s"],
    )?;
    let milliseconds = |microseconds: u64| microseconds as f64 / 1000.0;
    Ok(vec![
        at_least(
            "one connection alone, cores in use of two shared with load and stand-in",
            alone
                .watched
                .context("the server was not watched")?
                .cpu_cores,
            1.0,
            "cores",
        ),
        at_most(
            "ACK at 50,000 events/s, p50",
            milliseconds(paced.p50_us),
            10.0,
            "ms",
        ),
        at_most(
            "ACK at 50,000 events/s, p99",
            milliseconds(paced.p99_us),
            30.0,
            "ms",
        ),
        at_most(
            "a lone event when idle, p99",
            milliseconds(lone.p99_us),
            5.0,
            "ms",
        ),
    ])
}

/// Connections of which each one's memory is the mean.
const IDLE: usize = 2_000;

fn memory(parts: &Parts) -> anyhow::Result<Vec<Figure>> {
    say("memory");
    let mebibytes = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let server = parts.serve(&Options::default())?;
    sleep(Duration::from_secs(1));
    let before = server.resident_bytes()?;
    let connections = server.idle(IDLE)?;
    sleep(Duration::from_secs(2));
    let grown = server.resident_bytes()?.saturating_sub(before);
    drop(connections);
    let started = server.part.listened_after.as_secs_f64() * 1000.0;
    drop(server);
    let full = run(parts, &Options::default(), FULL)?;
    let full = full.watched.context("the server was not watched")?;
    Ok(vec![
        at_most("start to listening", started, 50.0, "ms"),
        at_most("resident memory, idle", mebibytes(before), 8.0, "MiB"),
        at_most(
            "resident memory, 4 connections at full speed",
            mebibytes(full.resident_bytes_max),
            40.0,
            "MiB",
        ),
        at_most(
            "each idle connection",
            grown as f64 / IDLE as f64 / 1024.0,
            16.0,
            "KiB",
        ),
    ])
}

/// The rate of a busy connection beside 1,000 idle ones, to its rate alone.
fn beside_idle(parts: &Parts) -> anyhow::Result<Figure> {
    say("a busy connection beside idle ones");
    let one = ["--connections", "1", "--duration", "4s", "--warmup", "2s"];
    let beside = [&one[..], &["--idle", "1000"]].concat();
    let server = parts.serve(&Options::default())?;
    let mut shares = Vec::new();
    for turn in 0..TURNS {
        let rate = |load: &[&str]| Ok::<_, anyhow::Error>(server.load(load)?.events_per_second);
        // What goes first changes from turn to turn.
        let (alone, beside) = if turn % 2 == 0 {
            (rate(&one)?, rate(&beside)?)
        } else {
            let beside = rate(&beside)?;
            (rate(&one)?, beside)
        };
        shares.push(beside / alone);
    }
    Ok(at_least(
        "a busy connection beside 1,000 idle ones, of its rate alone",
        median(shares) * 100.0,
        95.0,
        "%",
    ))
}

fn far_away(parts: &Parts) -> anyhow::Result<Vec<Figure>> {
    let near = run(parts, &Options::default(), FULL)?.events_per_second;
    let server = parts.serve(&Options {
        latency_ms: 100,
        ..Options::default()
    })?;
    let mut figures = Vec::new();
    for (connections, what) in [
        (
            1_u32,
            "Elasticsearch 100 ms away, 1 connection, of what its windows allow",
        ),
        (
            16,
            "Elasticsearch 100 ms away, 16 connections, of that or of full speed",
        ),
        (
            64,
            "Elasticsearch 100 ms away, 64 connections, of that or of full speed",
        ),
    ] {
        say(what);
        let count = connections.to_string();
        let run = server.load(&[
            "--connections",
            &count,
            "--duration",
            "8s",
            "--warmup",
            "6s",
        ])?;
        // Two windows in flight, each answered a tenth of a second after it is sent.
        let allowed = f64::from(connections) * 2.0 * 2048.0 * 10.0;
        let share = run.events_per_second / allowed.min(near) * 100.0;
        figures.push(at_least(what, share, 90.0, "%"));
    }
    Ok(figures)
}

fn rules(parts: &Parts) -> anyhow::Result<Vec<Figure>> {
    say("6,600 rules");
    let of = |count| -> anyhow::Result<f64> {
        let pipeline = Some(with_rules(parts, count)?);
        cpu(&run(
            parts,
            &Options {
                pipeline,
                ..Options::default()
            },
            FULL,
        )?)
    };
    let mut ratios = Vec::new();
    for _ in 0..TURNS {
        let few = of(66)?;
        ratios.push(of(6_600)? / few);
    }
    Ok(vec![at_most(
        "the chain with 6,600 rules to that with 66",
        median(ratios),
        1.1,
        "×",
    )])
}
