//! Why Sawmill cannot start.

use std::io;
use std::path::PathBuf;

use sawmill_elasticsearch_out::SettingsError;
use sawmill_event::FieldRefError;
use sawmill_segments::SegmentError;
use thiserror::Error;

use crate::config::HostPort;
use crate::user;

/// Why Sawmill cannot start; what to do stands on the second line.
#[derive(Debug, Error)]
#[non_exhaustive]
pub(crate) enum StartError {
    /// The output's settings are right in form and wrong in substance.
    #[error("output.elasticsearch: {0}")]
    Elasticsearch(#[from] SettingsError),
    /// A field that every pipeline needs has no name: a bug.
    #[error(transparent)]
    Field(#[from] FieldRefError),
    /// The address cannot be listened on.
    #[error("cannot listen on {listen}: {reason}\n{}", advice(setting, reason))]
    Listen {
        setting: &'static str,
        listen: HostPort,
        reason: io::Error,
    },
    /// The name to listen on stands for no address.
    #[error("cannot listen on {listen}: the name stands for no address\ncheck {setting}")]
    NoAddress {
        setting: &'static str,
        listen: HostPort,
    },
    /// The folder for events cannot be used.
    #[error("{}: {reason}\n{}", path.display(), folder_advice(reason, "output.local.path"))]
    OutputFolder { path: PathBuf, reason: io::Error },
    /// Files for events or dead letters cannot be used.
    #[error("{error}{}", segments_advice(error, setting))]
    Segments {
        /// What says which folder they are in.
        setting: &'static str,
        error: SegmentError,
    },
    /// The system gives no threads or signals.
    #[error("the system refuses what a server needs: {0}")]
    System(#[from] io::Error),
}

impl StartError {
    /// Dead letters cannot be kept.
    pub(crate) fn dead_letters(error: SegmentError) -> Self {
        let setting = "dead_letters.path";
        Self::Segments { setting, error }
    }

    /// Events cannot be kept.
    pub(crate) fn events(error: SegmentError) -> Self {
        let setting = "output.local.path";
        Self::Segments { setting, error }
    }
}

fn advice(setting: &str, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => format!(
            "another program listens there (Logstash, or a second Sawmill?): stop it, or choose another \
             address with {setting}"
        ),
        io::ErrorKind::PermissionDenied => {
            "ports below 1024 need the right to bind them".to_owned()
        }
        _ => format!("check {setting}"),
    }
}

/// What to do about a folder that cannot be made, read or written to.
fn folder_advice(error: &io::Error, setting: &str) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => format!(
            "let {} write there (chown; in a container, of what is mounted), or choose another folder with {setting}",
            user::this()
        ),
        io::ErrorKind::ReadOnlyFilesystem => {
            format!(
                "mount something that can be written to there, or choose another folder with {setting}"
            )
        }
        _ => format!("choose another folder with {setting}"),
    }
}

/// The same, where the error does not say what to do itself.
fn segments_advice(error: &SegmentError, setting: &str) -> String {
    match error {
        SegmentError::Io { source, .. } => format!("\n{}", folder_advice(source, setting)),
        _ => String::new(),
    }
}
