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
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, prometheus_text};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use self::clients::Clients;
pub(crate) use self::clients::Connected;
use self::connections::ConnectionCounts;
pub(crate) use self::events::{EventCounts, Outcome};

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

/// Whether a value only grows.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Counter,
    Gauge,
}

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
        metrics
            .events
            .register(registry.sub_registry_with_prefix(PREFIX));
        metrics
            .connections
            .register(registry.sub_registry_with_prefix(PREFIX));
        drop(registry);
        metrics.clients.watch(&metrics);
        process::watch(&metrics);
        Arc::new(metrics)
    }

    /// Takes a client's connection into account until what is returned is dropped.
    pub(crate) fn connect(&self, address: String, subject: Option<String>) -> Connected {
        self.clients.connect(address, subject.unwrap_or_default())
    }

    /// Adds what is asked for each time, under `sawmill_` and this name.
    fn watch(
        &self,
        name: &'static str,
        help: &'static str,
        ask: impl Fn() -> Vec<Measured> + Send + Sync + 'static,
    ) {
        let name = format!("{PREFIX}_{name}");
        self.add(Asked {
            name,
            help,
            kind: Kind::Gauge,
            ask,
        });
    }

    fn add<A: Fn() -> Vec<Measured> + Send + Sync + 'static>(&self, asked: Asked<A>) {
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

const PREFIX: &str = "sawmill";

/// Values that somebody else knows.
struct Asked<A> {
    name: String,
    help: &'static str,
    kind: Kind,
    ask: A,
}

impl<A: Fn() -> Vec<Measured> + Send + Sync + 'static> Collector for Asked<A> {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Counter => ConstCounter::new(0.0).metric_type(),
            Kind::Gauge => ConstGauge::new(0.0).metric_type(),
        };
        let mut family = encoder.encode_descriptor(&self.name, self.help, None, kind)?;
        for (labels, value) in (self.ask)() {
            let one = family.encode_family(&labels)?;
            match self.kind {
                Kind::Counter => ConstCounter::new(value).encode(one)?,
                Kind::Gauge => ConstGauge::new(value).encode(one)?,
            }
        }
        Ok(())
    }
}

impl<A> fmt::Debug for Asked<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
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
