//! The server: the real one, between simulated neighbours.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use sawmill_elasticsearch_out::{Backoff, Sender};
use sawmill_intake::{Intake, Recall, Settings};
use sawmill_lumberjack::Limits;
use sawmill_pipeline::Chain;
use tokio::io::DuplexStream;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::elasticsearch::{Elasticsearch, number};
use super::network::connect;
use super::world::Shared;
use crate::admission::{Admission, AdmissionSettings};
use crate::config::{BeatsInput, HostPort};
use crate::connection::{Client, Door, PeerName, serve_split};
use crate::crew::Crew;
use crate::dead_letters::{DeadLetters, Letter};
use crate::log_budget::LogBudget;
use crate::memory::{Announced, Memory};
use crate::metrics::EventEnd;
use crate::output::Output;
use crate::output::elasticsearch::send_all;
use crate::works::Works;

/// How long a server may take to its end.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(30);
const BULK_BYTES_MAX: usize = 4 << 10;

/// Whether a server still lives. One that was killed does not know it; its every word is withheld.
#[derive(Clone, Default)]
pub(super) struct Life {
    ended: CancellationToken,
}

impl Life {
    /// Goes on, or never again.
    pub(super) async fn hold(&self) {
        if self.ended.is_cancelled() {
            std::future::pending::<()>().await;
        }
    }
}

#[derive(Clone)]
pub(super) struct Server {
    door: Arc<Door>,
    announced: Announced,
    connections: TaskTracker,
    life: Life,
}

impl Server {
    pub(super) fn start(world: &Shared) -> Self {
        let faults = world.lock().faults.clone();
        let life = Life::default();
        let metrics = Arc::clone(&world.lock().metrics);
        let memory = Memory::new(faults.budget_bytes, BULK_BYTES_MAX);
        let settings = Settings {
            frames: Limits::default(),
            event: sawmill_event::Limits::default(),
            document_ids: faults.document_ids,
        };
        let intake = Intake::new(Chain::build(&[]).unwrap(), settings).unwrap();
        let (letters, burials) = unbounded_channel();
        tokio::spawn(bury_all(world.clone(), life.clone(), burials));
        let dead_letters = DeadLetters::over(letters);
        let (output, deliveries) = Output::new();
        let elasticsearch = Elasticsearch {
            world: world.clone(),
            life: life.clone(),
        };
        let sender = Arc::new(Sender::new(elasticsearch, Backoff::default(), 8));
        tokio::spawn(send_all(
            BULK_BYTES_MAX,
            sender,
            dead_letters.clone(),
            memory.clone(),
            deliveries,
        ));
        let works = Works {
            crew: Arc::new(Crew::new(intake, 1)),
            output,
            memory,
            dead_letters,
            counts: Arc::clone(&metrics.events),
        };
        let shutdown = CancellationToken::new();
        let settings = BeatsInput {
            listen: HostPort::parse("127.0.0.1:5044").unwrap(),
            keepalive: Duration::from_secs(3),
            windows_ahead_max: 4,
            limits: Limits::default(),
            event: sawmill_event::Limits::default(),
            frame_timeout: Duration::from_secs(30),
            stall_timeout: faults.stall_timeout,
            admission: AdmissionSettings {
                connections_max: 100,
                connections_per_address_max: 100,
                handshakes_max: 100,
                allow_networks: Vec::new(),
                deny_networks: Vec::new(),
            },
            accepts_per_second_max: 1000,
            proxy_networks: Vec::new(),
            asks_for_peer: false,
            tls: None,
        };
        Self {
            announced: works.memory.announced(),
            door: Arc::new(Door {
                admission: Admission::new(settings.admission.clone(), works.memory.clone()),
                settings,
                log: LogBudget::new("connections"),
                metrics,
                works,
                shutdown,
            }),
            connections: TaskTracker::new(),
            life,
        }
    }

    fn serve(&self, stream: DuplexStream, peer: u32) {
        let address = IpAddr::from(peer.to_be_bytes());
        let client = Client {
            counts: self.door.metrics.connect(address, None),
            name: PeerName::new((address, 1).into(), None),
            peer: None,
            // All of them are on one machine.
            announced: self.announced.clone(),
        };
        let door = Arc::clone(&self.door);
        self.connections
            .spawn(async move { serve_split(stream, &client, &door).await });
    }

    /// Asks it to end, and waits for that as `sawmill run` does.
    pub(super) async fn stop(&self) {
        self.door.shutdown.cancel();
        self.connections.close();
        let _ = timeout(SHUTDOWN_TIMEOUT, self.connections.wait()).await;
    }

    /// Ends it: its connections are cut, and nothing that it does has an effect any more.
    pub(super) fn kill(&self) {
        self.life.ended.cancel();
    }
}

impl Shared {
    /// Connects a Filebeat, if there is a server.
    pub(super) fn connect(&self, filebeat: u32) -> Option<DuplexStream> {
        let server = self.lock().server.clone()?;
        let (client, stream) = connect(self, &server.life.ended);
        server.serve(stream, filebeat);
        Some(client)
    }
}

/// Dead letters onto a disk that takes its time. One that Elasticsearch refused must have its own event.
async fn bury_all(world: Shared, life: Life, mut letters: UnboundedReceiver<Vec<Letter>>) {
    let mut recall = Recall::new(Limits::default());
    while let Some(letters) = letters.recv().await {
        for letter in letters {
            let time = world.lock().rng.u64(0..50_000);
            sleep(Duration::from_micros(time)).await;
            life.hold().await;
            let read = |text: &[u8]| {
                let json = serde_json::from_slice(text).expect("every event here is JSON");
                number(&json)
            };
            let (event, document) = letter.texts(&mut recall);
            let event = read(event.expect("every event here can be read"));
            assert!(document.is_none_or(|document| read(document) == event));
            *world.lock().dead.entry(event).or_default() += 1;
            world.note("dead letter", event);
            letter.ticket.settle(1, EventEnd::DeadLetter);
        }
    }
}
