//! What became of events.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;

use super::{CounterBy, counters};

/// What became of an event: its end, after which its window may be acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// On disk among the dead letters, or in their data stream.
    DeadLetter,
    /// Not wanted by a filter.
    Dropped,
    /// There already, under its `document_id`.
    Duplicate,
    /// Taken by the output.
    Stored,
}

/// Counts events.
pub(crate) struct EventCounts {
    received: Counter,
    settled: CounterBy,
}

const LABEL: &str = "outcome";

impl Outcome {
    const ALL: [Self; 4] = [
        Self::DeadLetter,
        Self::Dropped,
        Self::Duplicate,
        Self::Stored,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::DeadLetter => "dead_letter",
            Self::Dropped => "dropped",
            Self::Duplicate => "duplicate",
            Self::Stored => "stored",
        }
    }
}

impl Default for EventCounts {
    fn default() -> Self {
        Self {
            received: Counter::default(),
            settled: counters(LABEL, &Outcome::ALL.map(Outcome::name)),
        }
    }
}

impl EventCounts {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "events_received",
            "Events cut from windows, those that were sent again included",
            self.received.clone(),
        );
        registry.register(
            "events_settled",
            "Events that are done with, by what became of them",
            self.settled.clone(),
        );
    }

    /// Says that so many more were cut from a window.
    pub(crate) fn receive(&self, events: u32) {
        self.received.inc_by(events.into());
    }

    /// Says what became of so many more.
    pub(crate) fn settle(&self, events: u32, outcome: Outcome) {
        if events > 0 {
            let counter = self.settled.get_or_create(&[(LABEL, outcome.name())]);
            counter.inc_by(events.into());
        }
    }
}
