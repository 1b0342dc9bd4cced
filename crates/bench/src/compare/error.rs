//! Why nothing could be compared.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::error::BenchError;

/// Why nothing could be compared, or not all; the second line says what to do.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CompareError {
    /// The load generator.
    #[error(transparent)]
    Bench(#[from] BenchError),
    /// Some contenders failed; the others' figures are there.
    #[error("{} failed: {}\nthe results say how far each came", counted(names), names.join(", "))]
    Failed {
        /// Their names.
        names: Vec<String>,
    },
    /// The file asks for something that cannot be.
    #[error("{}:{line}: {what}\n{hint}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        what: String,
        /// What to do.
        hint: String,
    },
    /// The user has seen enough.
    #[error("interrupted; the figures are those until then")]
    Interrupted,
    /// No contender could be started.
    #[error("nothing to compare: no contender is installed\n{}", reasons.join("\n"))]
    NoneInstalled {
        /// Why each is not.
        reasons: Vec<String>,
    },
    /// `--only` names nobody.
    #[error("--only {name}: there is no such contender\nthe file has {}", known.join(", "))]
    Only {
        /// The name given.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// The file, or one that it names, cannot be read.
    #[error("{}: cannot be read: {reason}\nis the path right, and may you read it?", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: io::Error,
    },
    /// The system does not give what is needed.
    #[error("cannot have {what}: {reason}")]
    System {
        /// What was asked for.
        what: &'static str,
        /// What the system said.
        reason: io::Error,
    },
}

impl CompareError {
    /// Whether the command line or the file is to blame, so that it should end with `EX_USAGE`.
    pub fn is_usage(&self) -> bool {
        match self {
            Self::Bench(error) => error.is_usage(),
            Self::File { .. } | Self::Only { .. } | Self::Read { .. } => true,
            Self::Failed { .. }
            | Self::Interrupted
            | Self::NoneInstalled { .. }
            | Self::System { .. } => false,
        }
    }
}

fn counted(names: &[String]) -> String {
    match names {
        [_] => "1 contender".to_owned(),
        names => format!("{} contenders", names.len()),
    }
}
