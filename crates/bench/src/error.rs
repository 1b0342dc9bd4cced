//! Why a run could not begin, or ended before its time.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use sawmill_lumberjack::FrameError;
use thiserror::Error;

use crate::compare::CompareError;
use crate::events::FileError;
use crate::results::{Violation, ViolationKind};
use crate::sink::SinkError;

/// Why a run could not begin, or ended before its time; the second line says what to do.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BenchError {
    /// The server closed a connection that was in use.
    #[error(
        "{target} closed connection {connection} after {settled} windows; {unacknowledged} events were not acknowledged\n\
         see the server's log"
    )]
    Closed {
        /// The server.
        target: String,
        /// The connection, from 1.
        connection: u32,
        /// Windows acknowledged on it.
        settled: u64,
        /// Events sent and not acknowledged.
        unacknowledged: u64,
    },
    /// Servers cannot be compared, or not all of them.
    #[error(transparent)]
    Compare(#[from] Box<CompareError>),
    /// The container has no process, or cannot be asked for.
    #[error(
        "container {name}: {reason}\nis it running, and may you use docker? --pid takes any process"
    )]
    Container {
        /// Its name.
        name: String,
        /// What docker said.
        reason: String,
    },
    /// Events from files.
    #[error(transparent)]
    File(#[from] FileError),
    /// Too few files may be open at a time.
    #[error(
        "{wanted} connections need {needed} open files, and this process may have {allowed}\n\
         raise the limit (`ulimit -n {needed}`, or LimitNOFILE= of a unit), or ask for fewer connections"
    )]
    Files {
        /// Connections asked for.
        wanted: u64,
        /// Files that they need.
        needed: u64,
        /// The limit.
        allowed: u64,
    },
    /// The user has seen enough.
    #[error("interrupted; the figures are those until then")]
    Interrupted,
    /// A connection broke.
    #[error(
        "{target} broke connection {connection} after {settled} windows: {reason}; {unacknowledged} events were not acknowledged\n\
         see the server's log"
    )]
    Lost {
        /// The server.
        target: String,
        /// The connection, from 1.
        connection: u32,
        /// Windows acknowledged on it.
        settled: u64,
        /// Events sent and not acknowledged.
        unacknowledged: u64,
        /// What the system said.
        reason: io::Error,
    },
    /// A result could not be written.
    #[error("{}: cannot write the results: {reason}\nis the disk full, or the path wrong?", path.display())]
    Output {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: io::Error,
    },
    /// Threads cannot be pinned.
    #[error(
        "cannot pin to cores {cores:?}: {reason}\nname cores that there are, and that this process may use"
    )]
    Pin {
        /// The cores asked for.
        cores: Vec<u32>,
        /// What the system said.
        reason: io::Error,
    },
    /// The sink does not start, or its check found something.
    #[error(transparent)]
    Sink(#[from] SinkError),
    /// The process to be watched is gone, or was never there.
    #[error(
        "process {pid} cannot be watched: {reason}\nis the server still running? --pid wants its number, as `pidof` prints it"
    )]
    Process {
        /// Its number.
        pid: u32,
        /// What the system said.
        reason: String,
    },
    /// A window was not acknowledged in time.
    #[error(
        "{target} stalls: no ACK on connection {connection} for {waited:.1?} after {settled} windows; \
         {unacknowledged} events are not acknowledged\n\
         see the server's log; --ack-timeout says how long to wait"
    )]
    Stalled {
        /// The server.
        target: String,
        /// The connection, from 1.
        connection: u32,
        /// Windows acknowledged on it.
        settled: u64,
        /// Events sent, in whole or in part, and not acknowledged.
        unacknowledged: u64,
        /// How long it was waited; keepalives do not shorten it.
        waited: Duration,
    },
    /// The server does not take what it has been sent.
    #[error(
        "{target} stalls: it took no byte of connection {connection} for {waited:.1?} after {settled} windows\n\
         see the server's log; --ack-timeout says how long to wait"
    )]
    StalledReading {
        /// The server.
        target: String,
        /// The connection, from 1.
        connection: u32,
        /// Windows acknowledged on it.
        settled: u64,
        /// How long it was waited.
        waited: Duration,
    },
    /// The system refuses what a run needs.
    #[error("the system refuses {what}: {reason}")]
    System {
        /// What was asked for.
        what: &'static str,
        /// What the system said.
        reason: io::Error,
    },
    /// TLS cannot be set up.
    #[error("{}: {reason}\nTLS files are PEM: certificates, and a private key without a passphrase", path.display())]
    TlsFile {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The TLS handshake failed.
    #[error(
        "{target}: TLS on connection {connection} failed: {reason}\n\
         does the port speak TLS, is --ca the authority of its certificate, and --server-name a name in it?"
    )]
    TlsHandshake {
        /// The server.
        target: String,
        /// The connection, from 1.
        connection: u32,
        /// What went wrong.
        reason: io::Error,
    },
    /// There was no connection.
    #[error(
        "{target} cannot be reached (connection {connection}): {reason}\n{}",
        unreachable_hint(reason)
    )]
    Unreachable {
        /// The server.
        target: String,
        /// The connection, from 1.
        connection: u32,
        /// What the system said.
        reason: io::Error,
    },
    /// What was asked for makes no sense.
    #[error("{what}\n{hint}")]
    Usage {
        /// What is wrong.
        what: String,
        /// What to do.
        hint: &'static str,
    },
    /// The server acknowledged against the protocol.
    #[error("{target} breaks the protocol: {violation}\n{}", violation_hint(violation.kind))]
    Violated {
        /// The server.
        target: String,
        /// What it did.
        violation: Violation,
    },
    /// A window that cannot be packed.
    #[error(
        "a window cannot be written: {0}\nwith --events-from, is every line an event or a message?"
    )]
    Window(#[from] FrameError),
}

impl BenchError {
    /// Whether the command line is to blame, so that it should end with `EX_USAGE`.
    pub fn is_usage(&self) -> bool {
        match self {
            Self::Compare(error) => error.is_usage(),
            Self::Sink(error) => error.is_usage(),
            _ => matches!(self, Self::Usage { .. }),
        }
    }
}

fn unreachable_hint(reason: &io::Error) -> &'static str {
    match reason.kind() {
        io::ErrorKind::AddrNotAvailable => {
            "all ports of this machine are in use: widen net.ipv4.ip_local_port_range, or ask for fewer connections"
        }
        _ => "is the server running, and is this its address?",
    }
}

const fn violation_hint(kind: ViolationKind) -> &'static str {
    match kind {
        ViolationKind::Early | ViolationKind::OutOfOrder | ViolationKind::Twice => {
            "a client would take events for stored that may not be; --on-violation=count goes on and counts"
        }
        ViolationKind::Beyond | ViolationKind::StrayKeepalive | ViolationKind::WrongVersion => {
            "Filebeat would close the connection and send all again; --on-violation=count goes on and counts"
        }
        ViolationKind::Garbage => "is this a Beats port, and does it expect TLS (--tls)?",
        ViolationKind::Partial => {
            "the protocol has them, and --allow-partial lets them pass; Filebeat forgets them when it must reconnect"
        }
    }
}
