//! What is counted and measured while Sawmill runs, in the text that Prometheus reads.
//!
//! What happens is counted where it happens, once for many events. What only is (open connections, memory, the ends of
//! certificates) is asked when somebody wants to know.

#![expect(
    clippy::cast_precision_loss,
    reason = "values are f64 in Prometheus, whatever they count"
)]

mod clients;
mod connections;
mod events;
mod process;
mod state;

use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, prometheus_text};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use self::clients::Clients;
use self::connections::ConnectionCounts;

pub(crate) use self::clients::Connected;
pub(crate) use self::events::{EventCounts, EventEnd};
pub(crate) use self::state::AskEnds;

/// Everything that is told.
pub(crate) struct Metrics {
    pub(crate) events: Arc<EventCounts>,
    pub(crate) connections: ConnectionCounts,
    clients: Arc<Clients>,
    registry: Mutex<Registry>,
}

/// One value, with the names and values of its labels.
type Measured = (Vec<(&'static str, String)>, f64);

/// A counter for each value of one label.
type CounterBy = Family<[(&'static str, &'static str); 1], Counter>;

impl Metrics {
    /// Nothing has happened yet.
    pub(crate) fn new() -> Arc<Self> {
        let metrics = Self {
            events: Arc::default(),
            connections: ConnectionCounts::default(),
            clients: Arc::default(),
            registry: Mutex::new(Registry::default()),
        };
        let mut registry = metrics.registry();
        let ours = registry.sub_registry_with_prefix("sawmill");
        metrics.events.register(ours);
        metrics.connections.register(ours);
        drop(registry);
        metrics.watch_clients();
        metrics.watch_process();
        Arc::new(metrics)
    }

    /// A connection of a client, whose certificate has this subject if it has shown one.
    pub(crate) fn connect(&self, address: IpAddr, subject: Option<String>) -> Connected {
        let subject = subject.unwrap_or_default();
        Connected::new(Arc::clone(&self.clients), address.to_canonical(), subject)
    }

    /// Adds values that go up and down, by their whole name; `ask` is called when somebody wants to know.
    fn watch_gauge(
        &self,
        name: &'static str,
        help: &'static str,
        ask: impl Fn() -> Vec<Measured> + Send + Sync + 'static,
    ) {
        self.watch(name, help, ConstGauge::new, ask);
    }

    /// Adds values that only go up; `_total` is put behind their name.
    fn watch_counter(
        &self,
        name: &'static str,
        help: &'static str,
        ask: impl Fn() -> Vec<Measured> + Send + Sync + 'static,
    ) {
        self.watch(name, help, ConstCounter::new, ask);
    }

    fn watch<M: EncodeMetric + 'static>(
        &self,
        name: &'static str,
        help: &'static str,
        metric: fn(f64) -> M,
        ask: impl Fn() -> Vec<Measured> + Send + Sync + 'static,
    ) {
        let asked = Asked {
            name,
            help,
            metric,
            ask,
        };
        self.registry().register_collector(Box::new(asked));
    }

    /// All of it, in Prometheus's text format, version 0.0.4.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        // Only a writer that fails can fail it, and a string takes everything.
        let _ = prometheus_text::encode(&mut text, &self.registry());
        text
    }

    fn registry(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Values that somebody else knows.
struct Asked<M, A> {
    name: &'static str,
    help: &'static str,
    /// The kind of metric that a value is.
    metric: fn(f64) -> M,
    ask: A,
}

impl<M, A> Collector for Asked<M, A>
where
    M: EncodeMetric + 'static,
    A: Fn() -> Vec<Measured> + Send + Sync + 'static,
{
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let kind = (self.metric)(0.0).metric_type();
        let mut family = encoder.encode_descriptor(self.name, self.help, None, kind)?;
        for (labels, value) in (self.ask)() {
            (self.metric)(value).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

impl<M, A> fmt::Debug for Asked<M, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// A value without labels.
fn alone(value: f64) -> Vec<Measured> {
    vec![(Vec::new(), value)]
}

/// A counter for each of `values`, all there from the beginning: one that appears with its first event hides that event
/// from `rate()`.
fn counters(label: &'static str, values: &[&'static str]) -> CounterBy {
    let family = CounterBy::default();
    for value in values {
        drop(family.get_or_create(&[(label, value)]));
    }
    family
}
