//! Events on their way from a window to the output.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sawmill_elasticsearch_out::BulkBody;
use sawmill_intake::Source;

use crate::connection::PeerName;
use crate::memory::Reserved;
use crate::metrics::{EventCounts, EventEnd};
use crate::window::{Failure, Window};

/// A body and the window whose events it holds.
pub(crate) struct Delivery {
    pub(crate) body: BulkBody,
    pub(crate) ticket: Arc<Ticket>,
}

/// What was received: events of one window, kept as they came until the last of them is settled. Elasticsearch may refuse
/// one, and its letter has it as it was received.
pub(crate) struct Received {
    pub(crate) window: Arc<Window>,
    /// Who sent them, for dead letters.
    pub(crate) peer: Arc<PeerName>,
    /// Their bytes; none of an event that was too large to be read.
    pub(crate) source: Option<Source>,
    /// The memory that those take.
    pub(crate) memory: Option<Reserved>,
    /// Where it is counted what becomes of them.
    pub(crate) counts: Arc<EventCounts>,
}

impl Received {
    /// The bytes that they take as they came.
    pub(crate) fn bytes(&self) -> usize {
        self.memory.as_ref().map_or(0, Reserved::bytes)
    }
}

/// Whose events they are, how many of them are open, and the memory that they take until the
/// last of them is settled.
pub(crate) struct Ticket {
    pub(crate) received: Arc<Received>,
    open: AtomicU32,
    /// Whether they are dead letters on their way to a data stream.
    are_letters: bool,
    memory: Mutex<Option<Reserved>>,
    /// The bytes of it that dead letters take.
    letter_bytes: AtomicUsize,
}

impl Ticket {
    /// A ticket of `events`, a part of what was received; `memory` is what was made of them, `letter_bytes` of it dead letters.
    pub(crate) fn new(
        received: Arc<Received>,
        events: u32,
        memory: Option<Reserved>,
        letter_bytes: usize,
    ) -> Arc<Self> {
        Arc::new(Self {
            received,
            open: AtomicU32::new(events),
            are_letters: false,
            memory: Mutex::new(memory),
            letter_bytes: AtomicUsize::new(letter_bytes),
        })
    }

    /// Whether anybody still waits for them. Nobody does once their connection is gone: its client will send them again,
    /// and what nobody waits for only holds up the rest.
    pub(crate) fn is_wanted(&self) -> bool {
        self.received.window.is_wanted()
    }

    /// The bytes that what was made of them takes.
    pub(crate) fn bytes(&self) -> usize {
        self.memory().as_ref().map_or(0, Reserved::bytes)
    }

    /// Says that a dead letter was made of so many bytes of the body.
    pub(crate) fn add_letter(&self, bytes: usize) {
        self.letter_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Gives back what the body took. Dead letters made of it may have to wait for long.
    pub(crate) fn end_body(&self) {
        if let Some(memory) = &mut *self.memory() {
            memory.shrink_to(self.letter_bytes.load(Ordering::Relaxed));
        }
    }

    fn memory(&self) -> MutexGuard<'_, Option<Reserved>> {
        // It is only ever made smaller.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands `events` of them over to a ticket of their own, with the memory for the letters that were made of them.
    pub(crate) fn hand_over(&self, events: u32, memory: Reserved) -> Arc<Self> {
        self.open.fetch_sub(events, Ordering::Relaxed);
        Arc::new(Self {
            received: Arc::clone(&self.received),
            open: AtomicU32::new(events),
            are_letters: true,
            letter_bytes: AtomicUsize::new(memory.bytes()),
            memory: Mutex::new(Some(memory)),
        })
    }

    /// Says how `events` of them ended.
    pub(crate) fn settle(&self, events: u32, end: EventEnd) {
        self.open.fetch_sub(events, Ordering::Relaxed);
        let end = if self.are_letters {
            EventEnd::DeadLetter
        } else {
            end
        };
        self.received.counts.settle(events, end);
        self.received.window.settle(events);
    }
}

impl Drop for Ticket {
    /// Whoever held the ticket is gone. With events open that is a bug or the end of the program,
    /// and their window must not wait for ever.
    fn drop(&mut self) {
        if *self.open.get_mut() > 0 {
            self.received.window.fail(Failure::Worker);
        }
    }
}
