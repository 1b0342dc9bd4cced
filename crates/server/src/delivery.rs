//! Events on their way from a window to the output.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use sawmill_elasticsearch_out::BulkBody;

use crate::memory::Reserved;
use crate::window::{Failure, Window};

/// A body and the window whose events it holds.
pub(crate) struct Delivery {
    pub(crate) body: BulkBody,
    pub(crate) ticket: Arc<Ticket>,
}

/// Whose events they are, how many of them are open, and the memory that they take until the
/// last of them is settled.
pub(crate) struct Ticket {
    window: Arc<Window>,
    /// Who sent them, for dead letters.
    pub(crate) peer: Arc<str>,
    open: AtomicU32,
    _memory: Option<Reserved>,
}

impl Ticket {
    pub(crate) fn new(
        window: Arc<Window>,
        peer: Arc<str>,
        events: u32,
        memory: Option<Reserved>,
    ) -> Arc<Self> {
        let open = AtomicU32::new(events);
        Arc::new(Self {
            window,
            peer,
            open,
            _memory: memory,
        })
    }

    /// Whether anybody still waits for them. Nobody does once their connection is gone: its client will send them again,
    /// and what nobody waits for only holds up the rest.
    pub(crate) fn is_wanted(&self) -> bool {
        self.window.is_wanted()
    }

    /// Says that `events` of them are stored or dead-lettered.
    pub(crate) fn settle(&self, events: u32) {
        self.open.fetch_sub(events, Ordering::Relaxed);
        self.window.settle(events);
    }
}

impl Drop for Ticket {
    /// Whoever held the ticket is gone. With events open that is a bug or the end of the program,
    /// and their window must not wait for ever.
    fn drop(&mut self) {
        if *self.open.get_mut() > 0 {
            self.window.fail(Failure::Worker);
        }
    }
}
