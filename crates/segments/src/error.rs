//! What can go wrong, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why lines could not be kept or read. After an error nothing of the call took effect.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SegmentError {
    /// The folder holds as much as the settings allow.
    #[error(
        "{} has reached its limit of {limit_bytes} bytes: \
         remove old segments, or raise the limit", dir.display()
    )]
    Full {
        /// The folder.
        dir: PathBuf,
        /// The limit.
        limit_bytes: u64,
    },
    /// The operating system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Another process writes there.
    #[error("{} is in use by another process: stop it, or give each its own folder", dir.display())]
    Locked {
        /// The folder.
        dir: PathBuf,
    },
    /// The disk, or the user's share of it, is full.
    #[error("no space left for {} ({source}): make room on this disk", path.display())]
    NoSpace {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Only whole lines can be kept.
    #[error("the text to keep does not end in a newline")]
    Unterminated,
}

impl SegmentError {
    /// Names the path in an error of the operating system.
    pub(crate) fn at(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::NoSpace { path, source }
            }
            _ => Self::Io { path, source },
        }
    }
}
