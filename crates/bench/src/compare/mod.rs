//! `sawmill bench compare`: several servers on the same work, one after the other.
//!
//! A file names the load, the sink (or a real Elasticsearch), the processors and the contenders. For each repeat every contender is started, waited
//! for, loaded, and stopped with all its processes; every other repeat goes through them backwards, so that a machine that
//! becomes slower over time does so for all. What is compared is what all have in common: what the load generator hears,
//! and what the system says of the process that listens.

mod args;
mod elasticsearch;
mod error;
mod file;
mod files;
mod interrupt;
mod launch;
mod order;
mod placeholders;
mod plan;
mod port;
mod process;
mod results;
mod round;
mod run;
mod sink;
mod summary;
mod table;

pub use self::args::CompareArgs;
pub use self::error::CompareError;
pub use self::process::Stopped;
pub use self::results::{Attempt, Comparison, Contender, Outcome};
pub use self::run::run;
pub use self::summary::{Figure, Metric, Spread};
