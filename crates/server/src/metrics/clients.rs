//! What each client was acknowledged.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::{Measured, Metrics};

/// So many clients are told apart. What watches Sawmill keeps each name for months, and strangers must not fill it: who was
/// never acknowledged anything has no name here, and once there are so many the next are counted together.
const CLIENTS_MAX: usize = 1000;

/// A client that has had no connection for so long gives its place to another if there is need.
const FORGOTTEN_AFTER: Duration = Duration::from_hours(1);

/// The address of those that are counted together.
const OTHERS: &str = "others";

/// All clients that are told apart.
#[derive(Debug, Default)]
pub(super) struct Clients {
    known: Mutex<HashMap<Name, Arc<Counts>>>,
    others: Arc<Counts>,
}

/// A client: its address, which may have many connections, and its certificate's subject, empty if it has shown none.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Name {
    address: IpAddr,
    subject: String,
}

#[derive(Debug, Default)]
struct Counts {
    connections: AtomicUsize,
    windows: AtomicU64,
    events: AtomicU64,
    /// When the last of its connections ended, if all have.
    ended: Mutex<Option<Instant>>,
}

/// One connection of a client, which gets a place among them when it is acknowledged something.
#[derive(Debug)]
pub(crate) struct Connected {
    clients: Arc<Clients>,
    name: Name,
    counts: OnceLock<Arc<Counts>>,
}

impl Clients {
    /// The counts of a client, with one connection more.
    fn enter(&self, name: &Name) -> Arc<Counts> {
        let mut known = self.known();
        if known.len() >= CLIENTS_MAX && !known.contains_key(name) {
            known.retain(|_, counts| !counts.is_forgotten(FORGOTTEN_AFTER));
        }
        let counts = match known.get(name) {
            Some(counts) => counts,
            None if known.len() >= CLIENTS_MAX => &self.others,
            None => known.entry(name.clone()).or_default(),
        };
        let counts = Arc::clone(counts);
        // While they are locked: whoever looks for clients that are gone must not find this one.
        counts.connections.fetch_add(1, Ordering::Relaxed);
        counts
    }

    fn each(&self, value: fn(&Counts) -> f64) -> Vec<Measured> {
        let one = |address: String, subject: &str, counts: &Counts| {
            let labels = vec![("address", address), ("subject", subject.to_owned())];
            (labels, value(counts))
        };
        let known = self.known();
        let known = known
            .iter()
            .map(|(name, counts)| one(name.address.to_string(), &name.subject, counts));
        known
            .chain([one(OTHERS.to_owned(), "", &self.others)])
            .collect()
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Name, Arc<Counts>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    fn is_forgotten(&self, after: Duration) -> bool {
        // A new connection may have come while the end of the last one was written down.
        self.connections.load(Ordering::Relaxed) == 0
            && self.ended().is_some_and(|at| at.elapsed() >= after)
    }

    fn ended(&self) -> MutexGuard<'_, Option<Instant>> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connected {
    pub(super) fn new(clients: Arc<Clients>, address: IpAddr, subject: String) -> Self {
        Self {
            clients,
            name: Name { address, subject },
            counts: OnceLock::new(),
        }
    }

    /// Says that a window of so many events was acknowledged.
    pub(crate) fn acknowledge(&self, events: u32) {
        let counts = self.counts.get_or_init(|| self.clients.enter(&self.name));
        counts.windows.fetch_add(1, Ordering::Relaxed);
        counts.events.fetch_add(events.into(), Ordering::Relaxed);
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        if let Some(counts) = self.counts.get()
            && counts.connections.fetch_sub(1, Ordering::Relaxed) == 1
        {
            *counts.ended() = Some(Instant::now());
        }
    }
}

impl Metrics {
    pub(super) fn watch_clients(&self) {
        let each = |value: fn(&Counts) -> f64| {
            let clients = Arc::clone(&self.clients);
            move || clients.each(value)
        };
        self.watch_gauge(
            "sawmill_client_connections",
            "Open connections of a client on which windows were acknowledged",
            each(|counts| counts.connections.load(Ordering::Relaxed) as f64),
        );
        self.watch_counter(
            "sawmill_client_windows_acknowledged",
            "Windows of a client that were acknowledged",
            each(|counts| counts.windows.load(Ordering::Relaxed) as f64),
        );
        self.watch_counter(
            "sawmill_client_events_acknowledged",
            "Events in them",
            each(|counts| counts.events.load(Ordering::Relaxed) as f64),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connect(clients: &Arc<Clients>, number: usize) -> Connected {
        let address = IpAddr::from((number as u32).to_be_bytes());
        Connected::new(Arc::clone(clients), address, String::new())
    }

    /// A client's events, if it is told apart.
    fn events(clients: &Clients, address: &str) -> Option<f64> {
        let mut all = clients.each(|counts| counts.events.load(Ordering::Relaxed) as f64);
        all.retain(|(labels, _)| labels[0].1 == address);
        all.pop().map(|(_, events)| events)
    }

    #[test]
    fn a_client_keeps_its_counts_when_it_reconnects() {
        let clients = Arc::default();
        for _ in 0..2 {
            connect(&clients, 1).acknowledge(10);
        }
        assert_eq!(events(&clients, "0.0.0.1"), Some(20.0));
        let connections = clients.each(|counts| counts.connections.load(Ordering::Relaxed) as f64);
        assert!(connections.iter().all(|(_, value)| *value < 1.0));
    }

    #[test]
    fn who_was_never_acknowledged_anything_has_no_name() {
        let clients = Arc::default();
        let all: Vec<_> = (0..2 * CLIENTS_MAX)
            .map(|number| connect(&clients, number))
            .collect();
        assert!(clients.known().is_empty());
        all[0].acknowledge(1);
        assert_eq!(events(&clients, "0.0.0.0"), Some(1.0));
    }

    #[test]
    fn beyond_the_limit_clients_are_counted_together_until_others_are_forgotten() {
        let clients = Arc::default();
        for number in 0..CLIENTS_MAX {
            connect(&clients, number).acknowledge(1);
        }
        let late = connect(&clients, CLIENTS_MAX);
        late.acknowledge(5);
        assert_eq!(events(&clients, OTHERS), Some(5.0));
        assert_eq!(
            events(&clients, "0.0.0.0"),
            Some(1.0),
            "a name stays for a while"
        );
        // One that is long gone, and one that is connected whose earlier connection ended as long ago.
        let again = connect(&clients, 1);
        again.acknowledge(1);
        for number in 0..2 {
            let counts = Arc::clone(&clients.known()[&connect(&clients, number).name]);
            *counts.ended() = Instant::now().checked_sub(FORGOTTEN_AFTER);
        }
        connect(&clients, CLIENTS_MAX + 1).acknowledge(7);
        assert_eq!(events(&clients, "0.0.0.0"), None);
        assert_eq!(events(&clients, "0.0.0.1"), Some(2.0));
        assert_eq!(events(&clients, "0.0.3.233"), Some(7.0));
        assert_eq!(clients.known().len(), CLIENTS_MAX);
    }
}
