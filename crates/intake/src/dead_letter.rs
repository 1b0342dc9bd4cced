//! What becomes of an event that cannot be stored.

use sawmill_elasticsearch_out::{DocumentIdError, StreamNameError};
use sawmill_event::EventError;
use thiserror::Error;

/// An event that cannot be stored, as it was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The event's bytes; of one that is too large, none.
    pub event: Vec<u8>,
    /// Which of the events that were received together it was.
    pub ordinal: u32,
    /// Why it cannot be stored.
    pub reason: Reason,
}

/// Why an event cannot be stored.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// It is no event.
    #[error(transparent)]
    Event(#[from] EventError),
    /// Its own `_id` cannot be one.
    #[error(transparent)]
    Id(#[from] DocumentIdError),
    /// Its own `_id` is a list, an object or a truth value.
    #[error("the document's _id in [@metadata] is neither a text nor a number")]
    IdKind,
    /// Its `[group]` is none that its sender may send.
    #[error("its sender may not send events of this [group]")]
    NotAllowed,
    /// Its data stream cannot have that name.
    #[error(transparent)]
    StreamName(#[from] StreamNameError),
    /// It is larger than the limit, and its bytes were skipped.
    #[error("event of {bytes} bytes, limit {limit_bytes} bytes")]
    TooLarge {
        /// What its frame announced.
        bytes: u32,
        /// The limit.
        limit_bytes: u32,
    },
}
