//! From the bytes of a window to the body of a bulk request.
//!
//! A [`Piece`] of a window is inflated as a stream and cut into events; each event is parsed, run
//! through the filter chain and written into the body at once. An event lives inside one call:
//! nothing here holds a list of parsed events, and a warm [`Worker`] allocates nothing for one.
//!
//! A bad event never costs a good one: what is no event, or has no place to go, comes out as a
//! [`DeadLetter`] with its reason. Only a broken frame is an error, and then the body is worthless.
//!
//! Elasticsearch may refuse an event long after that. Its item in the body knows its number within the piece, and a
//! [`Recall`] finds it again in the piece's [`Source`].
//!
//! No I/O and no waiting happens here. A piece that gives more than one body's worth is worked on
//! in turns, so that its owner can wait for memory in between, and others have theirs.

#![forbid(unsafe_code)]

mod cut;
mod dead_letter;
mod ids;
mod names;
mod peer;
mod piece;
mod recall;
mod source;
mod worker;

pub use crate::dead_letter::{DeadLetter, Reason};
pub use crate::ids::DocumentIds;
pub use crate::peer::{Facts, Peer, Session};
pub use crate::piece::Piece;
pub use crate::recall::Recall;
pub use crate::source::Source;
pub use crate::worker::{Intake, LETTER_BYTES, Progress, Room, Settings, Tally, Worker};
