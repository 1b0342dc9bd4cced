use std::io;
use std::path::PathBuf;

use sawmill_segments::SegmentError;
use thiserror::Error;

use super::folder::{Damage, Id};
use crate::config::ConfigError;
use crate::send::SendError;

/// Why dead letters cannot be looked at, sent again or removed; the second line says what to do.
#[derive(Debug, Error)]
pub(crate) enum DeadLettersError {
    /// What was asked for is there and is no letter.
    #[error("{damage}\nsee line {} of {}", damage.id.line, path.display())]
    Damaged { damage: Damage, path: PathBuf },
    /// There is no folder to look into.
    #[error(
        "{}: there is no such folder\n\
         `sawmill run` makes it when it starts, relative to where it is started; name it with --path DIR, or the \
         settings of that Sawmill with --config FILE",
        path.display()
    )]
    NoFolder { path: PathBuf },
    /// What was asked for is not there.
    #[error("{id}: no such dead letter in {}\n`sawmill dead-letters list` shows those that are there", path.display())]
    NoLetter { id: Id, path: PathBuf },
    /// Whoever reads what we say does not take it.
    #[error("the output cannot be written")]
    Output(#[from] io::Error),
    /// The files cannot be read or removed.
    #[error("{0}\nmay this user read and write there?")]
    Segments(SegmentError),
    /// They cannot be sent.
    #[error(transparent)]
    Send(#[from] SendError),
    /// The settings are wrong.
    #[error(transparent)]
    Settings(#[from] ConfigError),
}

impl DeadLettersError {
    /// Whether the command was given wrongly.
    pub(crate) fn is_usage(&self) -> bool {
        matches!(self, Self::Settings(_))
    }
}

impl From<SegmentError> for DeadLettersError {
    /// By hand, since a segment error's text says its cause already.
    fn from(error: SegmentError) -> Self {
        Self::Segments(error)
    }
}
