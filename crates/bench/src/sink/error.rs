//! Why a sink does not start, or what its run did not hold.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use super::oracle::OracleError;
use crate::error::BenchError;

/// Why a sink does not start, or what its run did not hold; the second line says what to do.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SinkError {
    /// The address is taken, not ours, or not allowed.
    #[error("cannot listen on {address}: {source}\n{}", advice(source))]
    Bind {
        /// As it was given.
        address: String,
        /// The system's words.
        source: io::Error,
    },
    /// The check found documents that are not what they should be.
    #[error(
        "the check failed: {0}\nthe totals show the first of them; were --seed and the shape of the events those of `sawmill bench`?"
    )]
    Check(String),
    /// Cores or events that cannot be.
    #[error(transparent)]
    Bench(#[from] Box<BenchError>),
    /// The jitter would make answers come before their requests.
    #[error(
        "--jitter {jitter:?} is more than --latency {latency:?}\nan answer cannot come before its request: give less jitter or more latency"
    )]
    Jitter {
        /// Asked for.
        jitter: Duration,
        /// Asked for.
        latency: Duration,
    },
    /// The oracle cannot follow the pipeline.
    #[error("{}: {source}\ncheck against a pipeline of the forms that pipeline.toml uses", path.display())]
    Oracle {
        /// The file.
        path: PathBuf,
        /// What it cannot follow.
        source: OracleError,
    },
    /// The pipeline's file cannot be read.
    #[error("cannot read {}: {source}\nname a pipeline's file, such as pipeline.toml", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// Threads or signals cannot be had.
    #[error("cannot start: {0}")]
    Runtime(io::Error),
    /// Shares that add up to more than everything.
    #[error("the shares of {option} add up to {:.2} %, limit 100 %\ngive smaller ones", sum * 100.0)]
    Shares {
        /// Which.
        option: &'static str,
        /// Their sum.
        sum: f64,
    },
    /// The totals cannot be written.
    #[error("cannot write the totals: {0}")]
    Write(io::Error),
}

impl SinkError {
    /// Whether the command line is to blame.
    pub fn is_usage(&self) -> bool {
        match self {
            Self::Jitter { .. } | Self::Oracle { .. } | Self::Read { .. } | Self::Shares { .. } => {
                true
            }
            Self::Bench(error) => error.is_usage(),
            Self::Bind { .. } | Self::Check(_) | Self::Runtime(_) | Self::Write(_) => false,
        }
    }
}

fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            "something listens there already: end it or give another --listen"
        }
        io::ErrorKind::AddrNotAvailable => "no interface of this machine has that address",
        io::ErrorKind::PermissionDenied => {
            "ports below 1024 need a privilege: give one above with --listen"
        }
        _ => "give an address of this machine and a free port with --listen",
    }
}
