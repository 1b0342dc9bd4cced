//! How connections began and ended.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;

use super::{CounterBy, counters};
use crate::admission::Refusal;
use crate::connection::Close;

/// Counts connections and handshakes.
pub(crate) struct ConnectionCounts {
    taken: Counter,
    refused: CounterBy,
    closed: CounterBy,
    handshakes: CounterBy,
}

impl Default for ConnectionCounts {
    fn default() -> Self {
        Self {
            taken: Counter::default(),
            refused: counters("setting", &Refusal::SETTINGS),
            closed: CounterBy::default(),
            handshakes: CounterBy::default(),
        }
    }
}

impl ConnectionCounts {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "connections_accepted",
            "Connections that were let in",
            self.taken.clone(),
        );
        registry.register(
            "connections_refused",
            "Connections that were one too many or not wanted, by the setting of input.beats that says so",
            self.refused.clone(),
        );
        registry.register(
            "connections_closed",
            "Connections that ended, by why",
            self.closed.clone(),
        );
        registry.register(
            "tls_handshakes",
            "TLS handshakes with Beats clients, by how they ended",
            self.handshakes.clone(),
        );
    }

    /// Says that one was let in.
    pub(crate) fn accept(&self) {
        self.taken.inc();
    }

    /// Says that one was not wanted.
    pub(crate) fn refuse(&self, refusal: Refusal) {
        let labels = [("setting", refusal.setting())];
        self.refused.get_or_create(&labels).inc();
    }

    /// Says that one has ended.
    pub(crate) fn close(&self, close: &Close) {
        if let Close::Refused(refusal) = close {
            self.refuse(*refusal);
        }
        let labels = [("reason", close.name())];
        self.closed.get_or_create(&labels).inc();
    }

    /// Says how a handshake ended.
    pub(crate) fn shake_hands(&self, outcome: &'static str) {
        let labels = [("outcome", outcome)];
        self.handshakes.get_or_create(&labels).inc();
    }
}
