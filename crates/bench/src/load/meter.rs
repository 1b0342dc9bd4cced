//! Cuts the measured time into slices.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use crate::error::BenchError;
use crate::results::{Slice, Watched, WatchedSlice};
use crate::sampler::{Sample, Sampler};

use super::tally::{SliceTally, Tally};

/// Reads clocks, counters and `/proc` at the ends of slices.
pub(super) struct Meter {
    tallies: Vec<Arc<Mutex<Tally>>>,
    sampler: Option<Sampler>,
    from: Instant,
    slice_from: Instant,
    own_cpu_from: Duration,
    own_cpu: Duration,
    sample_from: Option<Sample>,
    sample: Option<Sample>,
    pub(super) slices: Vec<Slice>,
}

impl Meter {
    /// A meter of these counters and maybe a process, which begins now.
    pub(super) fn begin(
        tallies: Vec<Arc<Mutex<Tally>>>,
        sampler: Option<Sampler>,
        from: Instant,
    ) -> Result<Self, BenchError> {
        let sample = sampler.as_ref().map(Sampler::sample).transpose()?;
        let own_cpu = own_cpu();
        // Slices hold nothing from before the measured time: the tallies see to it.
        Ok(Self {
            tallies,
            sampler,
            from,
            slice_from: from,
            own_cpu_from: own_cpu,
            own_cpu,
            sample_from: sample,
            sample,
            slices: Vec::new(),
        })
    }

    /// Ends a slice and begins the next; gives the one that ended.
    pub(super) fn cut(&mut self) -> Result<&Slice, BenchError> {
        let now = Instant::now();
        let before = self.sample;
        self.own_cpu = own_cpu();
        // The slice is kept though the process is gone.
        let sampled = self.sampler.as_ref().map(Sampler::sample).transpose();
        self.sample = match &sampled {
            Ok(sample) => *sample,
            Err(_) => before,
        };
        let seconds = now.saturating_duration_since(self.slice_from).as_secs_f64();
        let taken = self.take_slice();
        let watched = match (before, &sampled) {
            (Some(before), Ok(Some(after))) => Some(WatchedSlice {
                cpu_user: share(after.cpu_user_ns - before.cpu_user_ns, seconds),
                cpu_system: share(after.cpu_system_ns - before.cpu_system_ns, seconds),
                resident_bytes: after.resident_bytes,
                open_files: after.open_files,
            }),
            _ => None,
        };
        self.slices.push(Slice {
            start_seconds: self
                .slice_from
                .saturating_duration_since(self.from)
                .as_secs_f64(),
            seconds,
            events: taken.events,
            events_per_second: per_second(taken.events, seconds),
            p50_us: taken.latency.value_at_quantile(0.5),
            p99_us: taken.latency.value_at_quantile(0.99),
            max_us: taken.latency.max(),
            watched,
        });
        self.slice_from = now;
        sampled?;
        Ok(self.slices.last().expect("it was pushed just now"))
    }

    /// When the measured time began.
    pub(super) fn from(&self) -> Instant {
        self.from
    }

    /// When the last slice ended.
    pub(super) fn until(&self) -> Instant {
        self.slice_from
    }

    /// CPU time of the load generator from the beginning to the end of the last slice, in ns an event.
    pub(super) fn own_cpu_ns_per_event(&self, events: u64) -> f64 {
        let taken = self.own_cpu.saturating_sub(self.own_cpu_from);
        per_event(u64::try_from(taken.as_nanos()).unwrap_or(u64::MAX), events)
    }

    /// What the process has taken from the beginning to the end of the last slice.
    pub(super) fn watched(&self, events: u64) -> Option<Watched> {
        let (before, after) = (self.sample_from?, self.sample?);
        let user_ns = after.cpu_user_ns - before.cpu_user_ns;
        let system_ns = after.cpu_system_ns - before.cpu_system_ns;
        let seconds = self
            .until()
            .saturating_duration_since(self.from)
            .as_secs_f64();
        let slices = || self.slices.iter().filter_map(|slice| slice.watched);
        Some(Watched {
            pid: self.sampler.as_ref()?.pid(),
            cpu_user_ns_per_event: per_event(user_ns, events),
            cpu_system_ns_per_event: per_event(system_ns, events),
            cpu_cores: share(user_ns + system_ns, seconds),
            resident_bytes_max: slices()
                .map(|slice| slice.resident_bytes)
                .max()
                .unwrap_or(after.resident_bytes),
            resident_bytes_peak: after.resident_bytes_peak,
            open_files_max: slices().filter_map(|slice| slice.open_files).max(),
        })
    }

    fn take_slice(&self) -> SliceTally {
        let mut all = SliceTally::default();
        for tally in &self.tallies {
            let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
            let taken = std::mem::take(&mut tally.slice);
            all.events += taken.events;
            all.latency += taken.latency;
        }
        all
    }
}

/// CPU time of this process, all threads, since it began.
fn own_cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or(0),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}

/// Of one core.
#[expect(clippy::cast_precision_loss, reason = "a share")]
fn share(ns: u64, seconds: f64) -> f64 {
    if seconds > 0.0 {
        ns as f64 / 1e9 / seconds
    } else {
        0.0
    }
}

#[expect(clippy::cast_precision_loss, reason = "a rate")]
pub(super) fn per_second(events: u64, seconds: f64) -> f64 {
    if seconds > 0.0 {
        events as f64 / seconds
    } else {
        0.0
    }
}

#[expect(clippy::cast_precision_loss, reason = "a mean")]
fn per_event(ns: u64, events: u64) -> f64 {
    if events > 0 {
        ns as f64 / events as f64
    } else {
        0.0
    }
}
