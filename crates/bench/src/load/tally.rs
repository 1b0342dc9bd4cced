//! What one thread counts, and the coordinator collects.

use std::collections::BTreeMap;
use std::time::Instant;

use hdrhistogram::Histogram;

use crate::results::{Totals, Violation, ViolationCount, ViolationKind, Whole};

use super::ledger::Flight;

/// Counts and histograms of one thread.
#[derive(Debug)]
pub(super) struct Tally {
    /// The measured time, once it is known. It has no end if a number of events is to be sent.
    span: Option<Span>,
    pub(super) latency: Histogram<u64>,
    pub(super) ack_wait: Histogram<u64>,
    pub(super) totals: Totals,
    pub(super) whole: Whole,
    pub(super) windows_unsent: u64,
    pub(super) violations: BTreeMap<ViolationKind, ViolationCount>,
    /// When the last window was settled.
    pub(super) last_settled: Option<Instant>,
    /// Idle connections that the server closed.
    pub(super) idle_closed: u64,
    /// Since it was last taken.
    pub(super) slice: SliceTally,
}

/// What happened since the coordinator last looked.
#[derive(Debug)]
pub(super) struct SliceTally {
    pub(super) latency: Histogram<u64>,
    pub(super) events: u64,
}

/// The measured time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) from: Instant,
    pub(super) until: Option<Instant>,
}

impl Span {
    fn contains(&self, time: Instant) -> bool {
        time >= self.from && self.until.is_none_or(|until| time < until)
    }
}

/// A day. No server is waited for that long.
const LATENCY_US_MAX: u64 = 24 * 3_600 * 1_000_000;

/// A histogram of µs that grows as needed; three digits are exact.
pub(super) fn histogram() -> Histogram<u64> {
    let mut histogram = Histogram::new(3).expect("three digits are allowed");
    histogram.auto(true);
    histogram
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            span: None,
            latency: histogram(),
            ack_wait: histogram(),
            totals: Totals::default(),
            whole: Whole::default(),
            windows_unsent: 0,
            violations: BTreeMap::new(),
            last_settled: None,
            idle_closed: 0,
            slice: SliceTally::default(),
        }
    }
}

impl Default for SliceTally {
    fn default() -> Self {
        Self {
            latency: histogram(),
            events: 0,
        }
    }
}

impl Tally {
    /// From here on what falls into the span counts as measured.
    pub(super) fn measure(&mut self, span: Span) {
        self.span = Some(span);
    }

    /// A window has left to its last byte.
    pub(super) fn sent(&mut self, events: u32) {
        self.whole.windows_sent += 1;
        self.whole.events_sent += u64::from(events);
    }

    /// A window is settled. It counts if its ACK came in the measured time, and its latency if it was begun there.
    pub(super) fn settled(&mut self, flight: &Flight, now: Instant) {
        self.last_settled = Some(now);
        self.whole.windows_acknowledged += 1;
        self.whole.events_acknowledged += u64::from(flight.events);
        let Some(span) = self.span else {
            return;
        };
        if span.contains(now) {
            self.totals.windows += 1;
            self.totals.events += u64::from(flight.events);
            self.totals.wire_bytes += flight.wire_bytes;
            self.totals.json_bytes += flight.json_bytes;
            self.slice.events += u64::from(flight.events);
        }
        if span.contains(flight.begun) {
            let latency_us = us_between(flight.begun, now);
            record(&mut self.latency, latency_us);
            record(&mut self.slice.latency, latency_us);
            if let Some(sent) = flight.sent {
                record(&mut self.ack_wait, us_between(sent, now));
            }
        }
    }

    /// A keepalive came.
    pub(super) fn keepalive(&mut self, now: Instant) {
        if self.span.is_some_and(|span| span.contains(now)) {
            self.totals.keepalives += 1;
        }
    }

    /// An ACK against the protocol came.
    pub(super) fn violated(&mut self, violation: &Violation) {
        let kind = violation.kind;
        let seen = self
            .violations
            .entry(kind)
            .or_insert_with(|| ViolationCount {
                kind,
                count: 0,
                first: violation.clone(),
            });
        seen.count += 1;
    }

    /// Takes over what another has counted, but for its slice.
    pub(super) fn add(&mut self, other: &Self) {
        self.latency += &other.latency;
        self.ack_wait += &other.ack_wait;
        let (to, from) = (&mut self.totals, &other.totals);
        to.events += from.events;
        to.windows += from.windows;
        to.wire_bytes += from.wire_bytes;
        to.json_bytes += from.json_bytes;
        to.keepalives += from.keepalives;
        let (to, from) = (&mut self.whole, &other.whole);
        to.events_sent += from.events_sent;
        to.events_acknowledged += from.events_acknowledged;
        to.windows_sent += from.windows_sent;
        to.windows_acknowledged += from.windows_acknowledged;
        self.windows_unsent += other.windows_unsent;
        self.last_settled = self.last_settled.max(other.last_settled);
        self.idle_closed += other.idle_closed;
        for (kind, count) in &other.violations {
            self.violations
                .entry(*kind)
                .and_modify(|seen| seen.count += count.count)
                .or_insert_with(|| count.clone());
        }
    }
}

/// Not `saturating_record`, which takes the size that the histogram has grown to for the limit.
fn record(histogram: &mut Histogram<u64>, us: u64) {
    let recorded = histogram.record(us.min(LATENCY_US_MAX));
    debug_assert!(recorded.is_ok(), "{recorded:?}");
}

fn us_between(from: Instant, to: Instant) -> u64 {
    u64::try_from(to.saturating_duration_since(from).as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::load::ledger::{Heard, Ledger, Partials};

    /// A window that was begun at one time and settled at another, in ms.
    fn settle(tally: &mut Tally, epoch: Instant, begun_ms: u64, settled_ms: u64) {
        let at = |ms| epoch + Duration::from_millis(ms);
        let mut ledger = Ledger::new(1, Partials::Refused);
        ledger.begin(10, 0, 0, at(begun_ms));
        ledger.complete(at(begun_ms));
        match ledger.hear(&mut &b"2A\0\0\0\x0a"[..]) {
            Some((Heard::Settled(flight), None)) => tally.settled(&flight, at(settled_ms)),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_lies_within_the_measured_time_counts() {
        let epoch = Instant::now();
        let mut tally = Tally::default();
        settle(&mut tally, epoch, 0, 1);
        tally.measure(Span {
            from: epoch + Duration::from_millis(100),
            until: Some(epoch + Duration::from_millis(200)),
        });
        for (begun_ms, settled_ms) in [(10, 20), (90, 110), (120, 150), (190, 90_210)] {
            settle(&mut tally, epoch, begun_ms, settled_ms);
        }
        assert_eq!(tally.whole.windows_acknowledged, 5);
        // The second and the third were settled in it, the third and the fourth begun.
        assert_eq!((tally.totals.windows, tally.slice.events), (2, 20));
        let exact_to = |us: u64, want: u64| us.abs_diff(want) <= want / 1_000;
        assert_eq!(tally.latency.len(), 2);
        assert!(
            exact_to(tally.latency.min(), 30_000),
            "{}",
            tally.latency.min()
        );
        assert!(
            exact_to(tally.latency.max(), 90_020_000),
            "{}",
            tally.latency.max()
        );
    }
}
