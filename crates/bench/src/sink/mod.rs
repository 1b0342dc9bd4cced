//! `sawmill bench sink`: a stand-in for Elasticsearch that counts, fails on request, and checks.
//!
//! It answers what shippers ask at start and their bulk requests, and stores nothing. Since it shares the machine with the
//! server under test, its own cost an event is kept small: bodies are counted by their line breaks as they come, never
//! joined or parsed, and answers are cut from one prepared text. Only `--check` and `--by-stream` look at lines.

mod args;
mod body;
mod check;
#[cfg(test)]
mod conversations;
mod counts;
mod error;
mod faults;
mod items;
mod lines;
mod oracle;
mod run;
mod serve;
mod service;
mod start;
mod units;

pub use self::args::{EXAMPLE, SinkArgs};
pub use self::counts::Snapshot;
pub use self::error::SinkError;
pub use self::faults::Fault;
pub use self::oracle::OracleError;
pub use self::run::run;
