//! How connections began and ended.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;

use super::{CounterBy, counters};
use crate::admission::Refusal;
use crate::connection::Close;
use crate::tls::HandshakeEnd;

/// Counts connections and handshakes.
pub(crate) struct ConnectionCounts {
    accepted: Counter,
    refused: CounterBy,
    closed: CounterBy,
    handshakes: CounterBy,
}

impl Default for ConnectionCounts {
    fn default() -> Self {
        Self {
            accepted: Counter::default(),
            refused: counters("setting", &Refusal::SETTINGS),
            closed: counters("reason", &Close::NAMES),
            handshakes: counters("outcome", &HandshakeEnd::ALL.map(HandshakeEnd::name)),
        }
    }
}

impl ConnectionCounts {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "connections_accepted",
            "Connections that were let in, were it only to learn more of them",
            self.accepted.clone(),
        );
        registry.register(
            "connections_refused",
            "Connections that were one too many or not wanted, by the setting of input.beats that says so",
            self.refused.clone(),
        );
        registry.register(
            "connections_closed",
            "Accepted connections that ended, by why",
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
        self.accepted.inc();
    }

    /// Says that one was not wanted.
    pub(crate) fn refuse(&self, refusal: Refusal) {
        let labels = [("setting", refusal.setting())];
        self.refused.get_or_create(&labels).inc();
    }

    /// Says that one that was let in has ended.
    pub(crate) fn close(&self, close: &Close) {
        if let Close::Refused(refusal) = close {
            self.refuse(*refusal);
        }
        debug_assert!(Close::NAMES.contains(&close.name()), "{close:?}");
        let labels = [("reason", close.name())];
        self.closed.get_or_create(&labels).inc();
    }

    /// Says that a handshake has ended.
    pub(crate) fn end_handshake(&self, end: HandshakeEnd) {
        let labels = [("outcome", end.name())];
        self.handshakes.get_or_create(&labels).inc();
    }
}
