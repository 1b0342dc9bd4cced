//! One event: the JSON text as it was received, plus what the filters changed.
//!
//! Most of an event is never looked at: of some 25 fields a filter chain touches five and adds
//! eight. So an [`Event`] is the sender's text, a table of its top-level members as ranges into
//! that text, and an overlay of changes. Members nobody touched are copied to the output as they
//! came: numbers keep their digits, unknown fields their order. The tables and buffers
//! ([`Tables`]) are reused from event to event, so that in steady state nothing is allocated.
//!
//! What a tree would have checked is checked by [`Event::parse`]: valid UTF-8, valid JSON, exactly
//! one object, no raw control byte inside a string. A raw line break would let a sender write bulk
//! actions of its own, so a parsed event never holds one.
//!
//! This crate never does I/O, never reads a clock and knows nothing of filters.
//!
//! ```
//! use sawmill_event::{Event, FieldRef, Limits, Tables};
//!
//! let mut text = br#"{"message":"hi","n":1.50}"#.to_vec();
//! let mut tables = Tables::default();
//! let mut event = Event::parse(&mut text, &mut tables, &Limits::default())?;
//! event.set_string(&FieldRef::parse("[event][module]")?, "pt")?;
//!
//! let mut document = Vec::new();
//! event.encode(&mut document);
//! assert_eq!(document, br#"{"message":"hi","n":1.50,"event":{"module":"pt"}}"#);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod compact;
mod constant;
mod error;
mod event;
mod field;
pub mod joda;
mod names;
mod print;
mod scan;
mod tables;
mod template;
mod text;
mod value;

pub use crate::constant::Constant;
pub use crate::error::{EventError, FieldRefError, SetError, TemplateError};
pub use crate::event::Event;
pub use crate::field::FieldRef;
pub use crate::tables::{Limits, Span, Tables};
pub use crate::template::Template;
pub use crate::text::{escape_into, unescape_into};
pub use crate::value::{Str, Value};
