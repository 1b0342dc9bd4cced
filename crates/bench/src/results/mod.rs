//! What a run gave: one record that table, JSON, CSV and the HTML report are written from.

mod csv;
mod json;
mod latency;
mod table;
pub(crate) mod units;
mod violation;

use serde::{Deserialize, Serialize};

pub use self::csv::write_csv;
pub use self::json::{Record, write_json};
pub use self::latency::Latency;
pub use self::table::write_table;
pub use self::violation::{Violation, ViolationCount, ViolationKind};

/// One run of the load generator against one server.
///
/// What is counted is the measured time only, from the end of the warm-up to the end of sending; [`Run::whole`] counts
/// everything.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Run {
    /// What to call it in a list of runs.
    pub name: String,
    /// When it began to connect, as RFC 3339 in UTC.
    pub started: String,
    /// What was asked for.
    pub asked: Asked,
    /// Length of the measured time, in seconds.
    pub seconds: f64,
    /// What was acknowledged in it.
    pub totals: Totals,
    /// Events acknowledged a second.
    pub events_per_second: f64,
    /// From the first byte of a window handed to the system to its ACK.
    ///
    /// With a rate: from when the window was due, so that a server that holds up the sender is charged for all that it
    /// holds up (coordinated omission).
    pub latency: Latency,
    /// From the last byte of a window handed to the system to its ACK: [`Run::latency`] without the time to send.
    ///
    /// The system may still hold some of those bytes in its buffers.
    pub ack_wait: Latency,
    /// Windows that were due before the end and could not be sent; they are in no latency. Always 0 without a rate.
    pub windows_unsent: u64,
    /// CPU time of the load generator itself an event, in ns.
    pub own_cpu_ns_per_event: f64,
    /// The process watched, if one was.
    pub watched: Option<Watched>,
    /// The measured time in slices.
    pub slices: Vec<Slice>,
    /// Everything sent and acknowledged since the first connection.
    pub whole: Whole,
    /// What the server acknowledged against the protocol; empty as it should be.
    pub violations: Vec<ViolationCount>,
    /// Why the run ended before its time; empty as it should be.
    pub errors: Vec<String>,
    /// What else should be known, such as idle connections that the server closed.
    pub notes: Vec<String>,
    /// Its place in a ramp, if it is a step of one.
    pub ramp: Option<RampStep>,
}

/// What a run was asked to do.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Asked {
    /// The server, `HOST:PORT`.
    pub target: String,
    /// Whether over TLS.
    pub transport: Transport,
    /// Connections that send.
    pub connections: u32,
    /// Connections that only sit there.
    pub idle_connections: u32,
    /// Windows that may be unacknowledged on one connection.
    pub windows_in_flight: u32,
    /// Events in a window.
    pub window_events: u32,
    /// Level of compression as Filebeat counts, 0 for none.
    pub compression: u8,
    /// Events a second in all, or as fast as ACKs come.
    pub rate: Option<u64>,
    /// Seconds to measure, unless a number of events was asked for.
    pub seconds: Option<f64>,
    /// Events to send, unless a time was asked for.
    pub events: Option<u64>,
    /// Seconds before the measured time.
    pub warmup_seconds: f64,
    /// The seed of the events.
    pub seed: u64,
    /// Bytes of JSON an event has on average.
    pub event_bytes: f64,
    /// Threads that send.
    pub threads: u32,
    /// Cores that they were pinned to; empty if they were not.
    pub pinned: Vec<u32>,
}

/// How bytes go to the server.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// As they are.
    Plain,
    /// Over TLS.
    Tls,
}

/// Sums over the measured time.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Events acknowledged.
    pub events: u64,
    /// Windows acknowledged.
    pub windows: u64,
    /// Bytes of their frames on the wire, without TLS and TCP.
    pub wire_bytes: u64,
    /// Bytes of JSON in them.
    pub json_bytes: u64,
    /// Keepalives received.
    pub keepalives: u64,
}

impl Totals {
    /// Bytes of JSON to one byte on the wire.
    pub fn compression_ratio(&self) -> f64 {
        ratio(self.json_bytes, self.wire_bytes)
    }
}

/// Sums over the whole time from the first connection to the last ACK, for comparison with what the server counts.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct Whole {
    /// Events whose window was sent to its last byte.
    pub events_sent: u64,
    /// Events of acknowledged windows.
    pub events_acknowledged: u64,
    /// Windows sent to their last byte.
    pub windows_sent: u64,
    /// Windows acknowledged.
    pub windows_acknowledged: u64,
}

/// A part of the measured time.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Slice {
    /// Seconds from the beginning of the measured time.
    pub start_seconds: f64,
    /// Its length in seconds.
    pub seconds: f64,
    /// Events acknowledged in it.
    pub events: u64,
    /// Events acknowledged a second.
    pub events_per_second: f64,
    /// Median latency of the windows acknowledged in it, in µs; 0 if there were none.
    pub p50_us: u64,
    /// Their 99th percentile, in µs.
    pub p99_us: u64,
    /// The longest, in µs.
    pub max_us: u64,
    /// The process watched, if one was.
    pub watched: Option<WatchedSlice>,
}

/// What the process watched took in a slice.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct WatchedSlice {
    /// CPU time in user mode, as a share of one core: 2 is two whole cores.
    pub cpu_user: f64,
    /// CPU time in the system, as a share of one core.
    pub cpu_system: f64,
    /// Resident memory at its end, in bytes.
    pub resident_bytes: u64,
    /// Open files at its end; none if we may not look.
    pub open_files: Option<u64>,
}

/// What the process watched took in the measured time.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Watched {
    /// The process.
    pub pid: u32,
    /// CPU time in user mode an event, in ns.
    pub cpu_user_ns_per_event: f64,
    /// CPU time in the system an event, in ns.
    pub cpu_system_ns_per_event: f64,
    /// CPU time of both kinds, as a share of one core.
    pub cpu_cores: f64,
    /// The most resident memory that a slice ended with, in bytes.
    pub resident_bytes_max: u64,
    /// The most resident memory since the process began (`VmHWM`), in bytes.
    pub resident_bytes_peak: u64,
    /// The most open files that a slice ended with; none if we may not look.
    pub open_files_max: Option<u64>,
}

impl Watched {
    /// CPU time an event, in ns.
    pub fn cpu_ns_per_event(&self) -> f64 {
        self.cpu_user_ns_per_event + self.cpu_system_ns_per_event
    }
}

/// A step of a ramp.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct RampStep {
    /// Its place, from 1.
    pub step: u32,
    /// The bound on the 99th percentile of the latency, in µs.
    pub p99_max_us: u64,
    /// What it showed.
    pub verdict: Verdict,
}

/// Whether a server held a rate.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The step without a rate that shows where to look.
    Probe,
    /// The bound was kept.
    Held,
    /// The latency was beyond the bound.
    TooSlow,
    /// Over one event in a hundred could not even be sent in time.
    Behind,
    /// The run ended before its time.
    Failed,
}

/// `part` to one of `whole`; 0 if there is nothing.
#[expect(
    clippy::cast_precision_loss,
    reason = "shown rounded: nobody counts 2^53 of anything here"
)]
fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A run with something in every member.
    pub(crate) fn run() -> Run {
        let mut latency = hdrhistogram::Histogram::new(3).unwrap();
        (1..=1_000).for_each(|value| latency.record(value * 100).unwrap());
        let latency = Latency::of(&latency);
        Run {
            name: "load".to_owned(),
            started: "2025-02-02T12:34:56Z".to_owned(),
            asked: asked(),
            seconds: 10.0,
            totals: Totals {
                events: 499_712,
                windows: 244,
                wire_bytes: 77_000_000,
                json_bytes: 543_000_000,
                keepalives: 3,
            },
            events_per_second: 49_971.2,
            latency: latency.clone(),
            ack_wait: latency,
            windows_unsent: 1,
            own_cpu_ns_per_event: 123.4,
            watched: Some(Watched {
                pid: 4711,
                cpu_user_ns_per_event: 2_000.0,
                cpu_system_ns_per_event: 900.0,
                cpu_cores: 0.145,
                resident_bytes_max: 30 << 20,
                resident_bytes_peak: 31 << 20,
                open_files_max: Some(23),
            }),
            slices: vec![slice()],
            whole: Whole {
                events_sent: 600_000,
                events_acknowledged: 600_000,
                windows_sent: 294,
                windows_acknowledged: 294,
            },
            violations: vec![acknowledged_twice()],
            errors: vec!["localhost:5044 closed connection 3".to_owned()],
            notes: vec!["the server closed 2 of 10 idle connections".to_owned()],
            ramp: Some(RampStep {
                step: 1,
                p99_max_us: 30_000,
                verdict: Verdict::TooSlow,
            }),
        }
    }

    fn asked() -> Asked {
        Asked {
            target: "localhost:5044".to_owned(),
            transport: Transport::Tls,
            connections: 4,
            idle_connections: 10,
            windows_in_flight: 2,
            window_events: 2_048,
            compression: 3,
            rate: Some(50_000),
            seconds: Some(10.0),
            events: None,
            warmup_seconds: 2.0,
            seed: 1,
            event_bytes: 1_090.4,
            threads: 1,
            pinned: vec![1],
        }
    }

    fn slice() -> Slice {
        Slice {
            start_seconds: 0.0,
            seconds: 1.0,
            events: 49_152,
            events_per_second: 49_152.0,
            p50_us: 5_000,
            p99_us: 9_000,
            max_us: 10_000,
            watched: Some(WatchedSlice {
                cpu_user: 0.1,
                cpu_system: 0.045,
                resident_bytes: 30 << 20,
                open_files: Some(23),
            }),
        }
    }

    fn acknowledged_twice() -> ViolationCount {
        ViolationCount {
            kind: ViolationKind::Twice,
            count: 2,
            first: Violation {
                kind: ViolationKind::Twice,
                connection: 3,
                window: 17,
                expected: "2048".to_owned(),
                found: "2048 again".to_owned(),
            },
        }
    }

    #[test]
    fn nothing_on_the_wire_has_no_ratio() {
        assert!(Totals::default().compression_ratio().abs() < f64::EPSILON);
        assert!((run().totals.compression_ratio() - 7.05).abs() < 0.01);
    }
}
