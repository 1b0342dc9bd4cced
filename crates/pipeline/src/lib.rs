//! The filter chain: built once from a config, run on one event at a time.
//!
//! Every filter sees one event and no I/O; nothing here waits, logs or reads a clock but for the
//! year of a date that has none. Conditions and field references are Logstash's own language.

#![forbid(unsafe_code)]

mod assign;
mod build;
mod categorize;
mod chain;
mod condition;
pub mod config;
mod date;
mod first;
mod gate;
mod grok;
mod iso8601;
mod memo;
mod set;

pub use crate::build::BuildError;
pub use crate::chain::{Chain, Filter, Scratch, Verdict};
pub use crate::condition::{Condition, ConditionError};
