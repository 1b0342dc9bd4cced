//! What a run is to do, checked.

use std::time::Duration;

use crate::load::{OnViolation, Partials, Route};
use crate::results::{Asked, Transport};
use crate::windows::Packing;

/// What a run is to do. Everything in it has been checked.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where to.
    pub route: Route,
    /// Connections that send, at least one.
    pub connections: u32,
    /// Connections that only sit there.
    pub idle_connections: u32,
    /// Windows that may be unacknowledged on one connection, at least one.
    pub windows_in_flight: u32,
    /// What windows to send.
    pub packing: Packing,
    /// The seed of their events.
    pub seed: u64,
    /// Events a second in all, at least one; or as fast as ACKs come.
    pub rate: Option<u64>,
    /// How long to measure; without it, until as many events are sent as the packing says.
    pub time: Option<Duration>,
    /// How long to send before that.
    pub warmup: Duration,
    /// How long the last byte of a connection's first window is held back, to see whether the server waits for it.
    pub hold: Duration,
    /// So long a server may be silent while a window is in flight.
    pub ack_timeout: Duration,
    /// Whether it may acknowledge parts of windows.
    pub partials: Partials,
    /// What an ACK against the protocol leads to.
    pub on_violation: OnViolation,
    /// Threads that send, at least one.
    pub threads: u32,
    /// The cores that they are kept to; none for any.
    pub pin: Vec<u32>,
    /// Length of the slices that the measured time is cut into.
    pub slice: Duration,
    /// A process to watch.
    pub pid: Option<u32>,
}

impl Plan {
    /// The plan as the results show it.
    pub(crate) fn asked(&self, event_bytes: f64) -> Asked {
        Asked {
            target: self.route.target.clone(),
            transport: match self.route.tls {
                Some(_) => Transport::Tls,
                None => Transport::Plain,
            },
            connections: self.connections,
            idle_connections: self.idle_connections,
            windows_in_flight: self.windows_in_flight,
            window_events: self.packing.window_events,
            compression: self.packing.compression,
            rate: self.rate,
            seconds: self.time.map(|time| time.as_secs_f64()),
            events: self.packing.events,
            warmup_seconds: self.warmup.as_secs_f64(),
            seed: self.seed,
            event_bytes,
            threads: self.threads,
            pinned: self.pin.clone(),
        }
    }
}
