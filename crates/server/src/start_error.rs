//! Why Sawmill cannot start.

use std::io;
use std::path::PathBuf;

use sawmill_elasticsearch_out::SettingsError;
use sawmill_event::FieldRefError;
use sawmill_segments::SegmentError;
use thiserror::Error;

use crate::config::HostPort;

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
    #[error("{}: {reason}\nchoose another folder with output.local.path", path.display())]
    OutputFolder { path: PathBuf, reason: io::Error },
    /// Files for events or dead letters cannot be used.
    #[error(transparent)]
    Segments(#[from] SegmentError),
    /// The system gives no threads or signals.
    #[error("the system refuses what a server needs: {0}")]
    System(#[from] io::Error),
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
