//! What each client was acknowledged.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Asked, Kind, Measured, Metrics, PREFIX};

/// So many clients are told apart. Beyond them those without a connection are forgotten, and with as many connected the next are
/// counted together: what watches Sawmill keeps each name for months, and strangers must not fill it.
const CLIENTS_MAX: usize = 1000;

/// The address of those that are counted together.
const OTHERS: &str = "others";

/// All clients that are told apart.
#[derive(Default)]
pub(super) struct Clients {
    known: Mutex<HashMap<Name, Arc<Counts>>>,
}

/// A client: its address, which may have many connections, and its certificate's subject, empty if it has shown none.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Name {
    address: String,
    subject: String,
}

#[derive(Debug, Default)]
struct Counts {
    connections: AtomicUsize,
    windows: AtomicU64,
    events: AtomicU64,
}

/// One connection of a client.
#[derive(Debug)]
pub(crate) struct Connected(Arc<Counts>);

impl Clients {
    pub(super) fn connect(&self, address: String, subject: String) -> Connected {
        let name = Name { address, subject };
        let mut known = self.known();
        if known.len() >= CLIENTS_MAX && !known.contains_key(&name) {
            known.retain(|_, counts| counts.is_connected());
        }
        let name = if known.len() < CLIENTS_MAX || known.contains_key(&name) {
            name
        } else {
            Name {
                address: OTHERS.to_owned(),
                subject: String::new(),
            }
        };
        let counts = Arc::clone(known.entry(name).or_default());
        // While they are locked: whoever looks for clients without a connection must not find this one.
        counts.connections.fetch_add(1, Ordering::Relaxed);
        Connected(counts)
    }

    pub(super) fn watch(self: &Arc<Self>, metrics: &Metrics) {
        let add = |name, help, kind, value: fn(&Counts) -> f64| {
            let clients = Arc::clone(self);
            let ask = move || clients.each(value);
            let name = format!("{PREFIX}_client_{name}");
            metrics.add(Asked {
                name,
                help,
                kind,
                ask,
            });
        };
        add(
            "connections",
            "Open connections of a client",
            Kind::Gauge,
            |counts| counts.connections.load(Ordering::Relaxed) as f64,
        );
        add(
            "windows_acknowledged",
            "Windows of a client that were acknowledged",
            Kind::Counter,
            |counts| counts.windows.load(Ordering::Relaxed) as f64,
        );
        add(
            "events_acknowledged",
            "Events in them",
            Kind::Counter,
            |counts| counts.events.load(Ordering::Relaxed) as f64,
        );
    }

    fn each(&self, value: fn(&Counts) -> f64) -> Vec<Measured> {
        let one = |(name, counts): (&Name, &Arc<Counts>)| {
            let labels = vec![
                ("address", name.address.clone()),
                ("subject", name.subject.clone()),
            ];
            (labels, value(counts))
        };
        self.known().iter().map(one).collect()
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Name, Arc<Counts>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    fn is_connected(&self) -> bool {
        self.connections.load(Ordering::Relaxed) > 0
    }
}

impl Connected {
    /// Says that a window of so many events was acknowledged.
    pub(crate) fn acknowledge(&self, events: u32) {
        self.0.windows.fetch_add(1, Ordering::Relaxed);
        self.0.events.fetch_add(events.into(), Ordering::Relaxed);
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connect(clients: &Clients, number: usize) -> Connected {
        clients.connect(format!("client {number}"), String::new())
    }

    #[test]
    fn a_client_keeps_its_counts_when_it_reconnects() {
        let clients = Clients::default();
        for _ in 0..2 {
            connect(&clients, 1).acknowledge(10);
        }
        let events = clients.each(|counts| counts.events.load(Ordering::Relaxed) as f64);
        assert_eq!(events.len(), 1);
        assert!((events[0].1 - 20.0).abs() < f64::EPSILON);
        assert!(
            clients
                .known()
                .values()
                .all(|counts| !counts.is_connected())
        );
    }

    #[test]
    fn strangers_do_not_fill_the_table() {
        let clients = Clients::default();
        let first = connect(&clients, 0);
        for number in 1..=CLIENTS_MAX {
            drop(connect(&clients, number));
        }
        let known = clients.known();
        assert!(known.len() <= CLIENTS_MAX);
        let first_is_known = known.values().any(|counts| Arc::ptr_eq(counts, &first.0));
        assert!(first_is_known, "whoever is connected stays");
        drop(known);
        let _all: Vec<_> = (0..=CLIENTS_MAX)
            .map(|number| connect(&clients, number))
            .collect();
        let known = clients.known();
        assert_eq!(known.len(), CLIENTS_MAX + 1);
        assert!(known.keys().any(|name| name.address == OTHERS));
    }
}
