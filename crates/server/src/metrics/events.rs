//! What became of events.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;

use super::{CounterBy, counters};

/// How an event ended, after which its window may be acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EventEnd {
    /// On disk among the dead letters, or in their data stream.
    DeadLetter,
    /// Not wanted by a filter.
    Dropped,
    /// In Elasticsearch already under its id, most often since an earlier answer was lost.
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

impl EventEnd {
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
            settled: counters(LABEL, &EventEnd::ALL.map(EventEnd::name)),
        }
    }
}

impl EventCounts {
    pub(super) fn register(&self, registry: &mut Registry) {
        // They are told in this order, and no more should seem settled than received.
        registry.register(
            "events_settled",
            "Events that are done with, by what became of them",
            self.settled.clone(),
        );
        registry.register(
            "events_received",
            "Events cut from windows, those that were sent again included",
            self.received.clone(),
        );
    }

    /// Says that so many more were cut from a window.
    pub(crate) fn receive(&self, events: u32) {
        self.received.inc_by(events.into());
    }

    /// Says how so many more ended.
    pub(crate) fn settle(&self, events: u32, end: EventEnd) {
        if events > 0 {
            let counter = self.settled.get_or_create(&[(LABEL, end.name())]);
            counter.inc_by(events.into());
        }
    }
}

#[cfg(test)]
impl EventCounts {
    pub(crate) fn received(&self) -> u64 {
        self.received.get()
    }

    pub(crate) fn settled(&self, end: EventEnd) -> u64 {
        self.settled.get_or_create(&[(LABEL, end.name())]).get()
    }
}
