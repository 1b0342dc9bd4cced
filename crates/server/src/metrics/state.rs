//! How things stand: what is asked of each part when somebody wants to know.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Measured, Metrics, alone};
use crate::admission::Admission;
use crate::health::{Health, Status};
use crate::memory::Memory;
use crate::tls::{EndOf, Ends};

/// Tells when a part's certificates end to hold.
pub(crate) type AskEnds = Box<dyn Fn() -> Ends + Send + Sync>;

impl Metrics {
    /// Adds connections and handshakes in progress.
    pub(crate) fn watch_admission(&self, admission: &Arc<Admission>) {
        let (connections, handshakes) = (Arc::clone(admission), Arc::clone(admission));
        self.watch_gauge(
            "sawmill_connections_open",
            "Connections that are open",
            move || alone(connections.connections() as f64),
        );
        self.watch_gauge(
            "sawmill_tls_handshakes_open",
            "TLS handshakes with Beats clients in progress",
            move || alone(handshakes.handshakes() as f64),
        );
    }

    /// Adds what is in use of the memory budget.
    pub(crate) fn watch_memory(&self, memory: &Memory, budget_bytes: usize) {
        self.watch_gauge(
            "sawmill_memory_budget_bytes",
            "The setting memory.budget",
            move || alone(budget_bytes as f64),
        );
        let memory = memory.clone();
        self.watch_gauge(
            "sawmill_memory_in_use_bytes",
            "What is in use of memory.budget, by what for",
            move || {
                let one = |(part, bytes)| (vec![("part", String::from(part))], bytes as f64);
                memory.in_use().map(one).into()
            },
        );
    }

    /// Adds how each part of the health report is.
    pub(crate) fn watch_health(&self, health: &Health) {
        let health = health.clone();
        self.watch_gauge(
            "sawmill_health_status",
            "How each part of /_health_report is: 0 is green, 1 yellow, 2 red",
            move || {
                let number = |status| match status {
                    Status::Green => 0.0,
                    Status::Yellow => 1.0,
                    Status::Red => 2.0,
                };
                let one =
                    |(part, status)| (vec![("indicator", String::from(part))], number(status));
                health.statuses().into_iter().map(one).collect()
            },
        );
    }

    /// Adds when the certificates of each part of the health report end to hold, and when its revocation lists are to be renewed.
    pub(crate) fn watch_certificates(&self, parts: Vec<(&'static str, AskEnds)>) {
        let certificates = Arc::new(parts);
        let lists = Arc::clone(&certificates);
        self.watch_gauge(
            "sawmill_certificate_not_after_timestamp_seconds",
            "When a certificate ends to hold, in seconds since 1970",
            move || ends(&certificates, |of| matches!(of, EndOf::Certificate { .. })),
        );
        self.watch_gauge(
            "sawmill_revocation_list_next_update_timestamp_seconds",
            "By when a revocation list is to be followed by another, in seconds since 1970",
            move || ends(&lists, |of| of == EndOf::RevocationList),
        );
    }
}

/// A file may have two certificates of one subject, an old and a new one; what matters is the first to end.
fn ends(parts: &[(&'static str, AskEnds)], is_wanted: impl Fn(EndOf) -> bool) -> Vec<Measured> {
    let mut first = BTreeMap::new();
    for (part, ask) in parts {
        for end in ask().iter().filter(|end| is_wanted(end.of)) {
            let path = end.path.display().to_string();
            let key = (*part, path, end.subject.clone());
            let at = first.entry(key).or_insert(end.at);
            *at = end.at.min(*at);
        }
    }
    let one = |((part, path, subject), at)| {
        let labels = vec![
            ("indicator", String::from(part)),
            ("path", path),
            ("subject", subject),
        ];
        (labels, at as f64)
    };
    first.into_iter().map(one).collect()
}
