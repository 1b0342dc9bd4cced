//! What people want to know of it.

use std::io::{self, Write};

use crate::results::units::{bytes, counted, grouped, memory, rounded, time};

use super::process::Stopped;
use super::results::{Attempt, Comparison, Contender, Outcome};
use super::summary::{Figure, Metric, Spread};

/// Writes a paragraph a metric, with a line a contender, and what there is to say of each contender.
///
/// # Errors
/// If `out` does not take it.
pub(super) fn write_table(comparison: &Comparison, out: &mut impl Write) -> io::Result<()> {
    write_terms(comparison, out)?;
    let contenders = &comparison.contenders;
    let width = contenders
        .iter()
        .map(|contender| contender.name.len())
        .max()
        .unwrap_or(0);
    for metric in Metric::ALL {
        let lines: Vec<_> = contenders
            .iter()
            .filter_map(|contender| Some((contender, figure(contender, metric)?)))
            .collect();
        if lines.is_empty() {
            continue;
        }
        writeln!(out, "\n{}", title(metric))?;
        for (contender, figure) in lines {
            writeln!(out, "  {:<width$}{}", contender.name, line(figure))?;
        }
    }
    let notes: Vec<_> = contenders.iter().flat_map(notes).collect();
    if !notes.is_empty() {
        writeln!(out)?;
    }
    for (name, note) in notes {
        writeln!(out, "{name:<width$}  {note}")?;
    }
    Ok(())
}

fn write_terms(comparison: &Comparison, out: &mut impl Write) -> io::Result<()> {
    let cpus = |cpus: &[u32]| match cpus {
        [] => "any processor".to_owned(),
        [cpu] => format!("processor {cpu}"),
        cpus => {
            let cpus: Vec<_> = cpus.iter().map(ToString::to_string).collect();
            format!("processors {}", cpus.join(", "))
        }
    };
    let attempts = comparison
        .contenders
        .iter()
        .flat_map(|contender| &contender.attempts);
    if let Some(Attempt { run, .. }) = attempts.into_iter().next() {
        let asked = &run.asked;
        let rate = asked
            .rate
            .map_or("as fast as ACKs come".to_owned(), |rate| {
                format!("{} events/s", grouped(rate))
            });
        writeln!(
            out,
            "{}, {} of {} in flight on each, {} an event, compression {}, {rate}",
            counted(asked.connections.into(), "connection"),
            counted(asked.windows_in_flight.into(), "window"),
            counted(asked.window_events.into(), "event"),
            bytes(whole(asked.event_bytes)),
            asked.compression,
        )?;
    }
    let load_cpus = cpus(&comparison.load_cpus);
    let sink = match &comparison.elasticsearch {
        Some(url) => format!("load on {load_cpus}; a real Elasticsearch at {url}"),
        None => format!(
            "load and sink on {load_cpus}; the sink answers after {} ms",
            comparison.sink_latency_ms
        ),
    };
    writeln!(
        out,
        "server on {}, {sink}; {}, medians (least to greatest)",
        cpus(&comparison.server_cpus),
        counted(comparison.repeats.into(), "repeat"),
    )
}

fn figure(contender: &Contender, metric: Metric) -> Option<&Figure> {
    contender
        .figures
        .iter()
        .find(|figure| figure.metric == metric)
}

fn title(metric: Metric) -> &'static str {
    match metric {
        Metric::EventsPerSecond => "events a second",
        Metric::CpuNsPerEvent => "CPU an event",
        Metric::LatencyP50Us => "latency of a window, median",
        Metric::LatencyP99Us => "latency of a window, 99th percentile",
        Metric::ResidentIdleBytes => "memory, idle",
        Metric::ResidentLoadBytes => "memory, under load",
        Metric::StartSeconds => "start to listening",
    }
}

fn line(figure: &Figure) -> String {
    let Spread { median, min, max } = figure.value;
    let [median, min, max] = [median, min, max].map(|value| shown(figure.metric, value));
    let ratio = figure
        .ratio
        .map_or_else(String::new, |Spread { median, min, max }| {
            format!(
                "{:>9} × ({} to {})",
                factor(median),
                factor(min),
                factor(max)
            )
        });
    format!("{median:>12}  {:<26}{ratio}", format!("({min} to {max})"))
        .trim_end()
        .to_owned()
}

fn shown(metric: Metric, value: f64) -> String {
    match metric {
        Metric::EventsPerSecond => rounded(value),
        Metric::CpuNsPerEvent => format!("{:.2} µs", value / 1e3),
        Metric::LatencyP50Us | Metric::LatencyP99Us => time(whole(value)),
        Metric::ResidentIdleBytes | Metric::ResidentLoadBytes => memory(whole(value)),
        Metric::StartSeconds => time(whole(value * 1e6)),
    }
}

/// Three digits, whatever its size.
fn factor(ratio: f64) -> String {
    let places = match ratio {
        0.0..1.0 => 3,
        1.0..10.0 => 2,
        10.0..100.0 => 1,
        _ => 0,
    };
    format!("{ratio:.places$}")
}

#[expect(clippy::cast_sign_loss, reason = "none of these is negative")]
fn whole(value: f64) -> u64 {
    value.round() as u64
}

/// What else should be known of a contender.
fn notes(contender: &Contender) -> Vec<(&str, String)> {
    let mut notes = Vec::new();
    if let Some(version) = &contender.version {
        notes.push(format!("is {version}"));
    }
    match &contender.outcome {
        Outcome::Measured => {}
        Outcome::Failed { repeat, reason } => {
            notes.push(format!("failed in repeat {repeat}: {reason}"));
        }
        Outcome::Skipped { reason } => notes.push(format!("skipped: {reason}")),
    }
    for attempt in &contender.attempts {
        let repeat = attempt.repeat;
        let run = &attempt.run;
        let acknowledged = run.whole.events_acknowledged;
        if let Some(stored) = attempt.sink_events.filter(|&stored| stored < acknowledged) {
            notes.push(format!(
                "repeat {repeat}: acknowledged {} events, of which {} reached the sink",
                grouped(acknowledged),
                grouped(stored)
            ));
        }
        for kind in &run.violations {
            notes.push(format!(
                "repeat {repeat}: {} × {}",
                grouped(kind.count),
                kind.first
            ));
        }
        notes.extend(
            run.notes
                .iter()
                .map(|note| format!("repeat {repeat}: {note}")),
        );
        if attempt.stopped == Stopped::Killed {
            notes.push(format!(
                "repeat {repeat}: did not end on SIGTERM in time and was killed"
            ));
        }
    }
    notes
        .into_iter()
        .map(|note| (contender.name.as_str(), note))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::results::tests::comparison;
    use super::*;

    #[test]
    fn a_metric_is_a_paragraph_and_a_contender_a_line() {
        let mut comparison = comparison();
        comparison.contenders[1].attempts[0].sink_events = Some(17);
        let mut out = Vec::new();
        write_table(&comparison, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        for want in [
            "server on processor 0, load and sink on processor 1; the sink answers after 0 ms; 3 repeats",
            "\nevents a second\n  a         200  (100 to 400)\n  b         100  (50 to 100)                   0.500 × (0.250 to 0.500)\n",
            "\nCPU an event\n  a     2.90 µs  (2.90 µs to 2.90 µs)\n",
            "\nb  repeat 1: acknowledged 600,000 events, of which 17 reached the sink\n",
            "\nc  failed in repeat 2: it ended\n",
            "\nd  skipped: there is no program `d` in PATH\n",
        ] {
            assert!(text.contains(want), "{want}\n{text}");
        }
    }
}
