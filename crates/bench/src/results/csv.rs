use std::io::{self, Write};

use serde::Serialize;

use super::{Run, Slice};

/// A line of the CSV file: a whole run, or a slice of it.
#[derive(Serialize)]
struct CsvLine<'a> {
    run: &'a str,
    row: Kind,
    target: &'a str,
    connections: u32,
    window_events: u32,
    rate: Option<u64>,
    start_seconds: f64,
    seconds: f64,
    events: u64,
    events_per_second: f64,
    p50_us: u64,
    /// Slices are too short for it, as for the one after the next.
    p90_us: Option<u64>,
    p99_us: u64,
    p999_us: Option<u64>,
    max_us: u64,
    cpu_user: Option<f64>,
    cpu_system: Option<f64>,
    cpu_ns_per_event: Option<f64>,
    resident_bytes: Option<u64>,
    open_files: Option<u64>,
    violations: Option<u64>,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Run,
    Slice,
}

/// Writes a line for each run, and after it one for each of its slices; the column `row` tells them apart.
///
/// CPU is a share of one core. A cell is empty where nothing is known.
///
/// # Errors
/// If `out` does not take it.
pub fn write_csv(runs: &[Run], out: &mut impl Write) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    for run in runs {
        writer.serialize(whole(run))?;
        for slice in &run.slices {
            writer.serialize(part(run, slice))?;
        }
    }
    writer.flush()
}

fn whole(run: &Run) -> CsvLine<'_> {
    let cores = |ns_per_event: f64| ns_per_event * run.events_per_second / 1e9;
    let watched = run.watched;
    CsvLine {
        run: &run.name,
        row: Kind::Run,
        target: &run.asked.target,
        connections: run.asked.connections,
        window_events: run.asked.window_events,
        rate: run.asked.rate,
        start_seconds: 0.0,
        seconds: run.seconds,
        events: run.totals.events,
        events_per_second: run.events_per_second,
        p50_us: run.latency.p50_us,
        p90_us: Some(run.latency.p90_us),
        p99_us: run.latency.p99_us,
        p999_us: Some(run.latency.p999_us),
        max_us: run.latency.max_us,
        cpu_user: watched.map(|watched| cores(watched.cpu_user_ns_per_event)),
        cpu_system: watched.map(|watched| cores(watched.cpu_system_ns_per_event)),
        cpu_ns_per_event: watched.map(|watched| watched.cpu_ns_per_event()),
        resident_bytes: watched.map(|watched| watched.resident_bytes_max),
        open_files: watched.and_then(|watched| watched.open_files_max),
        violations: Some(run.violations.iter().map(|kind| kind.count).sum()),
    }
}

fn part<'a>(run: &'a Run, slice: &Slice) -> CsvLine<'a> {
    let watched = slice.watched;
    CsvLine {
        row: Kind::Slice,
        start_seconds: slice.start_seconds,
        seconds: slice.seconds,
        events: slice.events,
        events_per_second: slice.events_per_second,
        p50_us: slice.p50_us,
        p90_us: None,
        p99_us: slice.p99_us,
        p999_us: None,
        max_us: slice.max_us,
        cpu_user: watched.map(|watched| watched.cpu_user),
        cpu_system: watched.map(|watched| watched.cpu_system),
        cpu_ns_per_event: None,
        resident_bytes: watched.map(|watched| watched.resident_bytes),
        open_files: watched.and_then(|watched| watched.open_files),
        violations: None,
        ..whole(run)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::run;
    use super::*;

    #[test]
    fn a_run_has_a_line_and_so_has_each_of_its_slices() {
        let mut out = Vec::new();
        write_csv(&[run(), run()], &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 5, "{text}");
        assert!(lines[0].starts_with("run,row,target,connections"), "{text}");
        assert!(
            lines[1].starts_with("load,run,localhost:5044,4,2048,50000,0.0,10.0,499712,"),
            "{text}"
        );
        assert!(lines[2].starts_with("load,slice,localhost:5044,4,2048,50000,0.0,1.0,49152,49152.0,5000,,9000,,10000,0.1,"), "{text}");
    }
}
