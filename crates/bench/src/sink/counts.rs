//! What a sink has seen. Written once a request, read by whoever asks.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use serde::Serialize;

use super::units::float;

/// The running counts.
#[derive(Debug)]
pub(crate) struct Counts {
    since: Mutex<Since>,
    connections: AtomicU64,
    requests: AtomicU64,
    events: AtomicU64,
    body_bytes: AtomicU64,
    inflated_bytes: AtomicU64,
    other_requests: AtomicU64,
    /// By name: faults of requests, statuses of documents and of refused requests. Touched only when there are some.
    named: Mutex<Named>,
}

/// When counting began.
#[derive(Clone, Copy, Debug)]
struct Since {
    at: Instant,
    cpu_seconds: f64,
}

#[derive(Clone, Debug, Default)]
struct Named {
    faults: BTreeMap<&'static str, u64>,
    rejected: BTreeMap<u16, u64>,
    refused: BTreeMap<u16, u64>,
    streams: BTreeMap<String, u64>,
}

/// The counts at one time.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Snapshot {
    /// Seconds since the start or the last reset.
    pub seconds: f64,
    /// Documents stored.
    pub events: u64,
    /// Bulk requests, whatever became of them.
    pub requests: u64,
    /// Bytes of their bodies, as they came.
    pub body_bytes: u64,
    /// Bytes of their bodies, after inflating.
    pub inflated_bytes: u64,
    /// Requests that were no bulk.
    pub other_requests: u64,
    /// Connections accepted.
    pub connections: u64,
    /// Bulk requests that a fault befell, by the fault's name.
    pub faults: BTreeMap<&'static str, u64>,
    /// Documents not stored, by their status.
    pub rejected: BTreeMap<u16, u64>,
    /// Bulk requests refused for what they were, by status.
    pub refused: BTreeMap<u16, u64>,
    /// Documents stored by data stream, if that was asked for.
    pub streams: BTreeMap<String, u64>,
    /// Processor time that the sink took since then, user and system, in seconds.
    pub cpu_seconds: f64,
}

/// One bulk request's part.
#[derive(Debug, Default)]
pub(crate) struct Request<'a> {
    pub(crate) stored: u64,
    pub(crate) body_bytes: u64,
    pub(crate) inflated_bytes: u64,
    pub(crate) rejected: &'a [(usize, u16)],
}

impl Counts {
    pub(crate) fn new() -> Self {
        Self {
            since: Mutex::new(Since::now()),
            connections: AtomicU64::new(0),
            requests: AtomicU64::new(0),
            events: AtomicU64::new(0),
            body_bytes: AtomicU64::new(0),
            inflated_bytes: AtomicU64::new(0),
            other_requests: AtomicU64::new(0),
            named: Mutex::new(Named::default()),
        }
    }

    pub(crate) fn connection(&self) {
        self.connections.fetch_add(1, Relaxed);
    }

    /// A bulk request has begun; returns its number, from 0.
    pub(crate) fn begin(&self) -> u64 {
        self.requests.fetch_add(1, Relaxed)
    }

    /// A bulk request's body has come. Returns the number of documents stored before it.
    pub(crate) fn add(&self, request: &Request<'_>) -> u64 {
        self.body_bytes.fetch_add(request.body_bytes, Relaxed);
        self.inflated_bytes
            .fetch_add(request.inflated_bytes, Relaxed);
        if !request.rejected.is_empty() {
            let mut named = self.named();
            for (_, status) in request.rejected {
                *named.rejected.entry(*status).or_default() += 1;
            }
        }
        self.events.fetch_add(request.stored, Relaxed)
    }

    pub(crate) fn fault(&self, name: &'static str) {
        *self.named().faults.entry(name).or_default() += 1;
    }

    pub(crate) fn refused(&self, status: u16) {
        *self.named().refused.entry(status).or_default() += 1;
    }

    pub(crate) fn other(&self) {
        self.other_requests.fetch_add(1, Relaxed);
    }

    pub(crate) fn streams(&self, streams: &[(String, u64)]) {
        let mut named = self.named();
        for (stream, events) in streams {
            match named.streams.get_mut(stream) {
                Some(count) => *count += events,
                None => drop(named.streams.insert(stream.clone(), *events)),
            }
        }
    }

    /// Begins anew.
    pub(crate) fn reset(&self) {
        for count in [
            &self.connections,
            &self.requests,
            &self.events,
            &self.body_bytes,
            &self.inflated_bytes,
            &self.other_requests,
        ] {
            count.store(0, Relaxed);
        }
        *self.named() = Named::default();
        *self.since.lock().unwrap_or_else(PoisonError::into_inner) = Since::now();
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        let since = *self.since.lock().unwrap_or_else(PoisonError::into_inner);
        let Named {
            faults,
            rejected,
            refused,
            streams,
        } = self.named().clone();
        Snapshot {
            seconds: since.at.elapsed().as_secs_f64(),
            events: self.events.load(Relaxed),
            requests: self.requests.load(Relaxed),
            body_bytes: self.body_bytes.load(Relaxed),
            inflated_bytes: self.inflated_bytes.load(Relaxed),
            other_requests: self.other_requests.load(Relaxed),
            connections: self.connections.load(Relaxed),
            faults,
            rejected,
            refused,
            streams,
            cpu_seconds: cpu_seconds() - since.cpu_seconds,
        }
    }

    fn named(&self) -> std::sync::MutexGuard<'_, Named> {
        self.named.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Since {
    fn now() -> Self {
        Self {
            at: Instant::now(),
            cpu_seconds: cpu_seconds(),
        }
    }
}

impl Snapshot {
    /// What a reader at a terminal wants of it.
    pub(crate) fn text(&self) -> String {
        let Self {
            seconds,
            events,
            requests,
            connections,
            ..
        } = self;
        let megabytes = float(self.body_bytes) / 1e6;
        let mut lines = vec![format!(
            "{events} events in {requests} bulk requests of {megabytes:.1} MB over {connections} connections in {seconds:.1} s"
        )];
        if self.inflated_bytes != self.body_bytes {
            lines.push(format!(
                "{:.1} MB inflated",
                float(self.inflated_bytes) / 1e6
            ));
        }
        if *events > 0 {
            lines.push(format!(
                "the sink itself took {:.2} s of processor time, {:.3} us an event",
                self.cpu_seconds,
                self.cpu_seconds * 1e6 / float(*events)
            ));
        }
        lines.extend(list("faults", &self.faults));
        lines.extend(list("documents rejected", &self.rejected));
        lines.extend(list("requests refused", &self.refused));
        lines.extend(list("data streams", &self.streams));
        lines.join("\n")
    }
}

fn list<K: std::fmt::Display>(title: &str, counts: &BTreeMap<K, u64>) -> Option<String> {
    let counts: Vec<_> = counts
        .iter()
        .map(|(name, count)| format!("{name}: {count}"))
        .collect();
    (!counts.is_empty()).then(|| format!("{title}: {}", counts.join(", ")))
}

/// Nothing is lost when it cannot be read: it is a figure beside the others.
fn cpu_seconds() -> f64 {
    let stat = procfs::process::Process::myself().and_then(|process| process.stat());
    stat.map_or(0.0, |stat| {
        float(stat.utime + stat.stime) / float(procfs::ticks_per_second())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_add_up_and_a_reset_begins_anew() {
        let counts = Counts::new();
        counts.connection();
        for stored in [3, 4] {
            counts.begin();
            counts.add(&Request {
                stored,
                body_bytes: 10,
                inflated_bytes: 20,
                rejected: &[(0, 400)],
            });
        }
        counts.fault("reset");
        counts.streams(&[("logs-a-pt".into(), 3), ("logs-b-pt".into(), 4)]);
        counts.streams(&[("logs-a-pt".into(), 1)]);
        let seen = counts.snapshot();
        assert_eq!(
            (
                seen.events,
                seen.requests,
                seen.body_bytes,
                seen.inflated_bytes
            ),
            (7, 2, 20, 40)
        );
        assert_eq!(seen.streams["logs-a-pt"], 4);
        let text = seen.text();
        for want in [
            "7 events in 2 bulk requests",
            "faults: reset: 1",
            "documents rejected: 400: 2",
        ] {
            assert!(text.contains(want), "{text}");
        }
        counts.reset();
        let anew = counts.snapshot();
        assert_eq!(
            (
                anew.events,
                anew.requests,
                anew.faults.len(),
                anew.streams.len()
            ),
            (0, 0, 0, 0)
        );
    }
}
