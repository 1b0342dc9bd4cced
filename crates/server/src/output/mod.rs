//! Where events go: Elasticsearch, or files of this machine.

pub(crate) mod elasticsearch;
mod local;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::config;
use crate::dead_letters::DeadLetters;
use crate::delivery::Delivery;
use crate::health::Health;
use crate::memory::Memory;
use crate::start_error::StartError;

/// Takes bodies and settles their events.
#[derive(Clone)]
pub(crate) struct Output {
    /// What waits counts against the memory budget, so this needs no size of its own.
    queue: UnboundedSender<Delivery>,
}

impl Output {
    /// An output, and what to [`start`] it with.
    pub(crate) fn new() -> (Self, UnboundedReceiver<Delivery>) {
        let (queue, deliveries) = unbounded_channel();
        (Self { queue }, deliveries)
    }

    /// Hands a body over.
    pub(crate) fn put(&self, delivery: Delivery) {
        // The receiver lives as long as the program.
        let _ = self.queue.send(delivery);
    }
}

/// What outputs are started with.
pub(crate) struct Deliveries {
    /// Bodies of events.
    pub(crate) events: UnboundedReceiver<Delivery>,
    /// Bodies of dead letters on their way to a data stream.
    pub(crate) letters: UnboundedReceiver<Delivery>,
}

/// Makes ready to write, and starts doing so.
pub(crate) fn start(
    output: config::Output,
    streams: Vec<String>,
    dead_letters: &DeadLetters,
    health: &Health,
    memory: Memory,
    deliveries: Deliveries,
) -> Result<(), StartError> {
    match output {
        config::Output::Elasticsearch(output) => {
            elasticsearch::start(&output, streams, dead_letters, health, &memory, deliveries)
        }
        config::Output::Local(files) => local::start(files, health, memory, deliveries.events),
    }
}
