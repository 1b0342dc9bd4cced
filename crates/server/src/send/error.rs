use std::io;

use sawmill_lumberjack::FrameError;
use thiserror::Error;

use crate::config::HostPort;

/// Why not everything could be sent; the second line says what to do.
#[derive(Debug, Error)]
pub(crate) enum SendError {
    /// A `--field` that cannot be.
    #[error(
        "--field {name}: {reason}\ngive NAME=VALUE, or [OUTER][INNER]=VALUE for a field within a field"
    )]
    Field {
        /// Its name.
        name: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// A file that cannot be read.
    #[error(
        "{path} cannot be read: {reason}\nname files that are there and readable; `-` is stdin"
    )]
    File {
        /// The file.
        path: String,
        /// What the system said.
        reason: io::Error,
    },
    /// The connection was lost and did not come back.
    #[error(
        "{address} is lost ({reason}), {tries} tries in a row have failed; {unacknowledged} events were not acknowledged\n\
         see the server's log, then send again: what was stored would be stored twice"
    )]
    GaveUp {
        /// The server.
        address: HostPort,
        /// How often it was tried.
        tries: u32,
        /// Events sent without an answer.
        unacknowledged: u64,
        /// The last failure.
        reason: io::Error,
    },
    /// The server does not keep to the protocol.
    #[error("{address} answers against the protocol: {error}\n{}", error.hint().unwrap_or("it may not be a Beats server"))]
    Protocol {
        /// The server.
        address: HostPort,
        /// What it did.
        error: FrameError,
    },
    /// There was no connection to begin with.
    #[error("{address} cannot be reached: {reason}\nis Sawmill running, and is this its address?")]
    Unreachable {
        /// The server.
        address: HostPort,
        /// What the system said.
        reason: io::Error,
    },
    /// A window that cannot be written.
    #[error("a window cannot be written: {0}\nthis is a mistake in Sawmill; please report it")]
    Window(FrameError),
}
