//! What everybody in a simulation shares, and the judge of it.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard};

use fastrand::Rng;
use sawmill_intake::DocumentIds;
use tokio::time::Instant;

use super::Outcome;
use super::faults::{Faults, Outage};
use super::server::Server;
use crate::metrics::{EventEnd, Metrics};

/// An event, as the simulation counts them.
pub(super) type Number = u64;

/// The world, shared.
#[derive(Clone)]
pub(super) struct Shared(Arc<Mutex<World>>);

pub(super) struct World {
    pub(super) faults: Faults,
    pub(super) rng: Rng,
    /// No more faults.
    pub(super) calm: bool,
    pub(super) outage: Option<Outage>,
    pub(super) server: Option<Server>,
    /// Of all servers that there were.
    pub(super) metrics: Arc<Metrics>,
    /// How often each event is stored, and under which ids.
    pub(super) stored: BTreeMap<Number, usize>,
    pub(super) ids: BTreeSet<String>,
    pub(super) dead: BTreeMap<Number, usize>,
    sent: BTreeSet<Number>,
    acknowledged: usize,
    trace: DefaultHasher,
    began: Instant,
    faults_seen: u64,
}

impl World {
    /// A world with a server in it.
    pub(super) fn begin(faults: Faults) -> Shared {
        let rng = Rng::with_seed(!faults.seed);
        let world = Self {
            faults,
            rng,
            calm: false,
            outage: None,
            server: None,
            metrics: Metrics::new(),
            stored: BTreeMap::new(),
            ids: BTreeSet::new(),
            dead: BTreeMap::new(),
            sent: BTreeSet::new(),
            acknowledged: 0,
            // With keys that are always the same.
            trace: DefaultHasher::new(),
            began: Instant::now(),
            faults_seen: 0,
        };
        let shared = Shared(Arc::new(Mutex::new(world)));
        shared.start_server();
        shared
    }

    /// Whether a fault of this likelihood, in thousandths, comes now.
    pub(super) fn strikes(&mut self, likelihood: u32) -> bool {
        let strikes = !self.calm && self.rng.u32(0..1_000) < likelihood;
        self.faults_seen += u64::from(strikes);
        strikes
    }

    /// The same for so many bytes of a stream, with a likelihood for each KiB.
    pub(super) fn strikes_bytes(&mut self, likelihood: u32, bytes: usize) -> bool {
        let strikes = !self.calm && self.rng.usize(0..1_000 << 10) < likelihood as usize * bytes;
        self.faults_seen += u64::from(strikes);
        strikes
    }

    /// Takes note of an event that a Filebeat has sent.
    pub(super) fn sent(&mut self, number: Number) {
        self.sent.insert(number);
    }

    /// Judges an acknowledgement: all of its events must have their place.
    pub(super) fn acknowledged(&mut self, events: &[Number]) {
        for number in events {
            assert!(
                self.stored.contains_key(number) || self.dead.contains_key(number),
                "event {number} is acknowledged and is neither stored nor a dead letter"
            );
        }
        self.acknowledged += events.len();
    }

    pub(super) fn summary(&self) -> String {
        format!(
            "{} sent, {} acknowledged, {} stored, {} dead letters; {:?}",
            self.sent.len(),
            self.acknowledged,
            self.stored.len(),
            self.dead.len(),
            self.faults
        )
    }

    /// Judges the whole.
    pub(super) fn judge(&mut self) -> Outcome {
        let all = self.faults.clients as usize * self.faults.events_each as usize;
        assert_eq!(self.sent.len(), all, "every event is sent");
        assert_eq!(self.acknowledged, all, "every event is acknowledged once");
        let stored_twice = self.stored.values().filter(|&&times| times > 1).count();
        if self.faults.document_ids == DocumentIds::Origin {
            assert_eq!(stored_twice, 0, "with ids nothing is stored twice");
        }
        for number in self.stored.keys() {
            assert!(self.sent.contains(number), "event {number} was never sent");
            assert!(
                !self.dead.contains_key(number),
                "event {number} is stored and a dead letter"
            );
        }
        let received = self.judge_counts();
        Outcome {
            trace: self.trace.finish(),
            events: all,
            received,
            stored_twice,
            dead_letters: self.dead.len(),
            faults: self.faults_seen,
        }
    }
}

impl World {
    /// What is counted must be what happened; an answer that is lost is a document that nobody counts. Returns how many events
    /// were received.
    fn judge_counts(&self) -> usize {
        let counts = &self.metrics.events;
        let dead: usize = self.dead.values().sum();
        let stored: usize = self.stored.values().sum();
        let [dead_counted, stored_counted, duplicates] =
            [EventEnd::DeadLetter, EventEnd::Stored, EventEnd::Duplicate]
                .map(|end| counts.settled(end) as usize);
        assert_eq!(dead_counted, dead, "dead letters are counted once");
        assert!(stored_counted <= stored, "{stored_counted} of {stored}");
        let settled = dead_counted + stored_counted + duplicates;
        let received = counts.received() as usize;
        assert!(settled <= received, "{settled} of {received}");
        assert!(
            settled >= self.acknowledged,
            "{settled} of {}",
            self.acknowledged
        );
        received
    }
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap()
    }

    /// Adds something that happened to the trace.
    pub(super) fn note(&self, what: &str, number: u64) {
        let mut world = self.lock();
        let at = world.began.elapsed();
        (at, what, number).hash(&mut world.trace);
        if std::env::var_os("SAWMILL_SEED").is_some() {
            println!("{:>10.3} s  {what} {number}", at.as_secs_f64());
        }
    }

    pub(super) fn start_server(&self) {
        let server = Server::start(self);
        self.lock().server = Some(server);
    }
}
