//! All figures of the runs, as rows of a table.

use crate::results::units::{bytes, grouped, memory, rounded, time};
use crate::results::{Latency, Run, Transport, Verdict};

/// A row: what it is, and each run's value.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) values: Vec<String>,
}

/// Rows under one heading.
pub(super) struct Group {
    pub(super) name: &'static str,
    pub(super) rows: Vec<Row>,
}

type Column = fn(&Run) -> String;

/// Every figure of every run.
pub(super) fn groups(runs: &[Run]) -> Vec<Group> {
    let all: [(&'static str, &[(&'static str, Column)]); 6] = [
        ("Throughput", THROUGHPUT),
        ("Latency of windows, from their first byte", LATENCY),
        ("Waiting for the ACK, from their last byte", ACK_WAIT),
        ("The server's process", SERVER),
        ("What was asked for", ASKED),
        ("The generator", GENERATOR),
    ];
    let group = |(name, columns): (&'static str, &[(&'static str, Column)])| Group {
        name,
        rows: columns
            .iter()
            .map(|(name, column)| Row {
                name,
                values: runs.iter().map(column).collect(),
            })
            // What no run has is no row.
            .filter(|row| row.values.iter().any(|value| value != NONE))
            .collect(),
    };
    let groups = all.into_iter().map(group);
    groups.filter(|group| !group.rows.is_empty()).collect()
}

/// What stands where a run has no value.
const NONE: &str = "–";

const THROUGHPUT: &[(&str, Column)] = &[
    ("events acknowledged a second", |run| {
        rounded(run.events_per_second)
    }),
    ("events", |run| grouped(run.totals.events)),
    ("windows", |run| grouped(run.totals.windows)),
    ("measured for", |run| format!("{:.1} s", run.seconds)),
    ("bytes on the wire", |run| bytes(run.totals.wire_bytes)),
    ("bytes of JSON", |run| bytes(run.totals.json_bytes)),
    ("compression", |run| {
        format!("{:.2} : 1", run.totals.compression_ratio())
    }),
    ("keepalives", |run| grouped(run.totals.keepalives)),
    ("verdict of the ramp", |run| {
        run.ramp.map_or(NONE.to_owned(), |step| {
            let bound = time(step.p99_max_us);
            match step.verdict {
                Verdict::Probe => format!("probe, bound {bound}"),
                Verdict::Held => format!("held {bound}"),
                Verdict::TooSlow => format!("slower than {bound}"),
                Verdict::Behind => format!("fell behind, bound {bound}"),
                Verdict::Failed => "ended before its time".to_owned(),
            }
        })
    }),
];

const LATENCY: &[(&str, Column)] = &[
    ("mean", |run| mean(&run.latency)),
    ("median", |run| time(run.latency.p50_us)),
    ("90th percentile", |run| time(run.latency.p90_us)),
    ("99th percentile", |run| time(run.latency.p99_us)),
    ("99.9th percentile", |run| time(run.latency.p999_us)),
    ("longest", |run| time(run.latency.max_us)),
    ("due and never sent", |run| grouped(run.windows_unsent)),
];

const ACK_WAIT: &[(&str, Column)] = &[
    ("mean", |run| mean(&run.ack_wait)),
    ("median", |run| time(run.ack_wait.p50_us)),
    ("90th percentile", |run| time(run.ack_wait.p90_us)),
    ("99th percentile", |run| time(run.ack_wait.p99_us)),
    ("99.9th percentile", |run| time(run.ack_wait.p999_us)),
    ("longest", |run| time(run.ack_wait.max_us)),
];

const SERVER: &[(&str, Column)] = &[
    ("CPU an event", |run| {
        watched(run, |it| us(it.cpu_ns_per_event()))
    }),
    ("in user mode", |run| {
        watched(run, |it| us(it.cpu_user_ns_per_event))
    }),
    ("in the system", |run| {
        watched(run, |it| us(it.cpu_system_ns_per_event))
    }),
    ("cores in use", |run| {
        watched(run, |it| format!("{:.2}", it.cpu_cores))
    }),
    ("resident memory, most", |run| {
        watched(run, |it| memory(it.resident_bytes_max))
    }),
    ("resident memory, peak since its start", |run| {
        watched(run, |it| memory(it.resident_bytes_peak))
    }),
    ("open files, most", |run| {
        watched(run, |it| it.open_files_max.map_or(NONE.to_owned(), grouped))
    }),
];

const ASKED: &[(&str, Column)] = &[
    ("server", |run| run.asked.target.clone()),
    ("transport", |run| {
        match run.asked.transport {
            Transport::Plain => "plain",
            Transport::Tls => "TLS",
        }
        .to_owned()
    }),
    ("connections", |run| grouped(run.asked.connections.into())),
    ("idle connections", |run| {
        grouped(run.asked.idle_connections.into())
    }),
    ("windows in flight on each", |run| {
        grouped(run.asked.windows_in_flight.into())
    }),
    ("events in a window", |run| {
        grouped(run.asked.window_events.into())
    }),
    ("bytes of an event", |run| rounded(run.asked.event_bytes)),
    ("compression level", |run| run.asked.compression.to_string()),
    ("events a second", |run| {
        run.asked
            .rate
            .map_or("as fast as ACKs come".to_owned(), grouped)
    }),
    ("warm-up", |run| {
        format!("{:.1} s", run.asked.warmup_seconds)
    }),
    ("seed", |run| run.asked.seed.to_string()),
    ("began", |run| run.started.clone()),
];

const GENERATOR: &[(&str, Column)] = &[
    ("CPU an event", |run| us(run.own_cpu_ns_per_event)),
    ("threads", |run| run.asked.threads.to_string()),
    ("pinned to cores", |run| {
        let cores: Vec<_> = run.asked.pinned.iter().map(u32::to_string).collect();
        if cores.is_empty() {
            NONE.to_owned()
        } else {
            cores.join(", ")
        }
    }),
    ("events sent in all", |run| grouped(run.whole.events_sent)),
    ("events acknowledged in all", |run| {
        grouped(run.whole.events_acknowledged)
    }),
];

fn watched(run: &Run, value: impl Fn(&crate::results::Watched) -> String) -> String {
    run.watched.as_ref().map_or(NONE.to_owned(), value)
}

fn us(ns: f64) -> String {
    format!("{:.2} µs", ns / 1e3)
}

#[expect(clippy::cast_sign_loss, reason = "times are not negative")]
fn mean(latency: &Latency) -> String {
    time(latency.mean_us.round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::tests::run;

    #[test]
    fn every_run_has_a_value_in_every_row_and_empty_rows_are_left_out() {
        let mut other = run();
        other.watched = None;
        other.ramp = None;
        let rows = |runs: &[Run]| -> Vec<Row> {
            groups(runs)
                .into_iter()
                .flat_map(|group| group.rows)
                .collect()
        };
        let both = rows(&[run(), other.clone()]);
        assert!(both.iter().all(|row| row.values.len() == 2));
        let cpu = both.iter().find(|row| row.name == "in user mode").unwrap();
        assert_eq!(cpu.values, ["2.00 µs", NONE]);
        assert!(rows(&[other]).iter().all(|row| row.name != "in user mode"));
    }
}
