//! Events on their way from a window to the output.

use std::sync::Arc;

use sawmill_elasticsearch_out::BulkBody;

use crate::memory::Reserved;
use crate::window::Window;

/// A body and the window whose events it holds.
pub(crate) struct Delivery {
    pub(crate) body: BulkBody,
    pub(crate) ticket: Arc<Ticket>,
}

/// Whose events they are, and the memory that they take until the last of them is settled.
pub(crate) struct Ticket {
    pub(crate) window: Arc<Window>,
    /// Who sent them, for dead letters.
    pub(crate) peer: Arc<str>,
    _memory: Reserved,
}

impl Ticket {
    pub(crate) fn new(window: Arc<Window>, peer: Arc<str>, memory: Reserved) -> Arc<Self> {
        Arc::new(Self {
            window,
            peer,
            _memory: memory,
        })
    }
}
