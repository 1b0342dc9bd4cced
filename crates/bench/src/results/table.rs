use std::io::{self, Write};

use super::units::{bytes, counted, grouped, memory, rounded, time};
use super::{Asked, Latency, RampStep, Run, Transport, Verdict};

/// Width of the first column.
const LABEL: usize = 13;

/// Writes what people want to know of the runs: a paragraph each, or a line each if there are several.
///
/// # Errors
/// If `out` does not take it.
pub fn write_table(runs: &[Run], out: &mut impl Write) -> io::Result<()> {
    match runs {
        [] => Ok(()),
        [run] => write_run(run, out),
        [first, ..] => {
            write_line(out, "target", &asked(&first.asked, Rate::Left))?;
            write_steps(runs, out)?;
            for run in runs {
                write_troubles(run, out)?;
            }
            Ok(())
        }
    }
}

fn write_line(out: &mut impl Write, label: &str, text: &str) -> io::Result<()> {
    writeln!(out, "{label:<LABEL$}{text}")
}

fn write_run(run: &Run, out: &mut impl Write) -> io::Result<()> {
    let totals = &run.totals;
    write_line(out, "target", &asked(&run.asked, Rate::Said))?;
    write_line(
        out,
        "measured",
        &format!(
            "{:.1} s after {:.1} s of warm-up",
            run.seconds, run.asked.warmup_seconds
        ),
    )?;
    write_line(
        out,
        "events",
        &format!(
            "{} in {}: {} events/s",
            grouped(totals.events),
            counted(totals.windows, "window"),
            rounded(run.events_per_second)
        ),
    )?;
    write_line(
        out,
        "bytes",
        &format!(
            "{} on the wire, {} of JSON ({:.2} : 1)",
            bytes(totals.wire_bytes),
            bytes(totals.json_bytes),
            totals.compression_ratio()
        ),
    )?;
    write_latencies(run, out)?;
    write_costs(run, out)?;
    let whole = &run.whole;
    write_line(
        out,
        "in all",
        &format!(
            "{} sent, {} acknowledged, with opening and warm-up; {}",
            counted(whole.events_sent, "event"),
            grouped(whole.events_acknowledged),
            counted(totals.keepalives, "keepalive")
        ),
    )?;
    write_troubles(run, out)
}

fn write_latencies(run: &Run, out: &mut impl Write) -> io::Result<()> {
    let heads = ["p50", "p90", "p99", "p99.9", "max"].map(|head| format!("{head:>10}"));
    write_line(out, "", &heads.concat())?;
    for (label, latency) in [("latency", &run.latency), ("ACK wait", &run.ack_wait)] {
        write_line(out, label, &percentiles(latency))?;
    }
    if run.windows_unsent > 0 {
        let unsent = counted(run.windows_unsent, "window");
        write_line(
            out,
            "unsent",
            &format!("{unsent} due before the end could not be sent, and are in no latency"),
        )?;
    }
    Ok(())
}

fn percentiles(latency: &Latency) -> String {
    [
        latency.p50_us,
        latency.p90_us,
        latency.p99_us,
        latency.p999_us,
        latency.max_us,
    ]
    .map(|us| format!("{:>10}", time(us)))
    .concat()
}

fn write_costs(run: &Run, out: &mut impl Write) -> io::Result<()> {
    if let Some(watched) = &run.watched {
        let files = match watched.open_files_max {
            Some(files) => format!(", {}", counted(files, "open file")),
            None => String::new(),
        };
        let text = format!(
            "pid {}: {:.2} µs of CPU an event (user {:.2}, system {:.2}), {:.2} cores; {} resident, peak {}{files}",
            watched.pid,
            watched.cpu_ns_per_event() / 1e3,
            watched.cpu_user_ns_per_event / 1e3,
            watched.cpu_system_ns_per_event / 1e3,
            watched.cpu_cores,
            memory(watched.resident_bytes_max),
            memory(watched.resident_bytes_peak),
        );
        write_line(out, "server", &text)?;
    }
    let own = run.own_cpu_ns_per_event / 1e3;
    write_line(out, "generator", &format!("{own:.2} µs of CPU an event"))
}

fn write_troubles(run: &Run, out: &mut impl Write) -> io::Result<()> {
    for note in &run.notes {
        write_line(out, "note", note)?;
    }
    for kind in &run.violations {
        let count = grouped(kind.count);
        write_line(out, "violation", &format!("{count} × {}", kind.first))?;
    }
    for error in &run.errors {
        write_line(out, "error", error.lines().next().unwrap_or_default())?;
    }
    Ok(())
}

/// Whether the rate belongs into the line.
enum Rate {
    Said,
    Left,
}

fn asked(asked: &Asked, rate: Rate) -> String {
    let transport = match asked.transport {
        Transport::Plain => "",
        Transport::Tls => " with TLS",
    };
    let idle = match asked.idle_connections {
        0 => String::new(),
        idle => format!(" and {} idle", grouped(idle.into())),
    };
    let rate = match (rate, asked.rate) {
        (Rate::Left, _) => String::new(),
        (Rate::Said, Some(rate)) => format!(", {} events/s", grouped(rate)),
        (Rate::Said, None) => ", as fast as ACKs come".to_owned(),
    };
    format!(
        "{}{transport}: {}{idle}, {} of {} in flight on each, compression {}{rate}",
        asked.target,
        counted(asked.connections.into(), "connection"),
        counted(asked.windows_in_flight.into(), "window"),
        counted(asked.window_events.into(), "event"),
        asked.compression,
    )
}

fn write_steps(runs: &[Run], out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "{:<LABEL$}{:>12}{:>12}{:>10}{:>10}{:>10}{:>10}  ",
        "run", "asked/s", "events/s", "p50", "p99", "max", "CPU µs"
    )?;
    for run in runs {
        let rate = run.asked.rate.map_or("-".to_owned(), grouped);
        let cpu = run.watched.map_or("-".to_owned(), |watched| {
            format!("{:.2}", watched.cpu_ns_per_event() / 1e3)
        });
        writeln!(
            out,
            "{:<LABEL$}{rate:>12}{:>12}{:>10}{:>10}{:>10}{cpu:>10}  {}",
            run.name,
            rounded(run.events_per_second),
            time(run.latency.p50_us),
            time(run.latency.p99_us),
            time(run.latency.max_us),
            verdict(run.ramp)
        )?;
    }
    let highest = runs
        .iter()
        .filter(|run| run.ramp.is_some_and(|ramp| ramp.verdict == Verdict::Held));
    let highest = highest.filter_map(|run| Some((run.asked.rate?, run.ramp?.p99_max_us)));
    match highest.max() {
        Some((rate, p99_max_us)) => write_line(
            out,
            "highest",
            &format!(
                "{} events/s with the ACK's p99 within {}",
                grouped(rate),
                time(p99_max_us)
            ),
        ),
        None if runs.iter().any(|run| run.ramp.is_some()) => write_line(
            out,
            "highest",
            "none of these rates was held; try a lower --ramp-from or a higher --p99-max",
        ),
        None => Ok(()),
    }
}

fn verdict(ramp: Option<RampStep>) -> &'static str {
    match ramp.map(|ramp| ramp.verdict) {
        None | Some(Verdict::Probe) => "",
        Some(Verdict::Held) => "held",
        Some(Verdict::TooSlow) => "too slow",
        Some(Verdict::Behind) => "fell behind",
        Some(Verdict::Failed) => "failed",
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::run;
    use super::*;

    fn table(runs: &[Run]) -> String {
        let mut out = Vec::new();
        write_table(runs, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_run_is_a_paragraph() {
        assert_eq!(
            table(&[run()]),
            "\
target       localhost:5044 with TLS: 4 connections and 10 idle, 2 windows of 2,048 events in flight on each, compression 3, 50,000 events/s
measured     10.0 s after 2.0 s of warm-up
events       499,712 in 244 windows: 49,971 events/s
bytes        77.0 MB on the wire, 543 MB of JSON (7.05 : 1)
                    p50       p90       p99     p99.9       max
latency         50.0 ms   90.0 ms   99.0 ms   99.9 ms    100 ms
ACK wait        50.0 ms   90.0 ms   99.0 ms   99.9 ms    100 ms
unsent       1 window due before the end could not be sent, and are in no latency
server       pid 4711: 2.90 µs of CPU an event (user 2.00, system 0.90), 0.14 cores; 30.0 MiB resident, peak 31.0 MiB, 23 open files
generator    0.12 µs of CPU an event
in all       600,000 events sent, 600,000 acknowledged, with opening and warm-up; 3 keepalives
note         the server closed 2 of 10 idle connections
violation    2 × ACK a second time: connection 3, window 17: expected 2048, found 2048 again
error        localhost:5044 closed connection 3
"
        );
    }

    #[test]
    fn several_runs_are_a_line_each() {
        let mut held = run();
        held.ramp = held.ramp.map(|ramp| RampStep {
            verdict: Verdict::Held,
            ..ramp
        });
        let text = table(&[run(), held]);
        assert!(
            text.contains("load               50,000      49,971   50.0 ms   99.0 ms    100 ms      2.90  too slow\n"),
            "{text}"
        );
        assert!(
            text.contains("highest      50,000 events/s with the ACK's p99 within 30.0 ms\n"),
            "{text}"
        );
        assert!(table(&[run(), run()]).contains("none of these rates was held"));
    }
}
