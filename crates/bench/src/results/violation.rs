use std::fmt;

use serde::{Deserialize, Serialize};

/// A way to acknowledge against the protocol.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ViolationKind {
    /// A window was acknowledged before its last byte was sent.
    Early,
    /// More events were acknowledged than the window has, or than were sent at all.
    Beyond,
    /// What is no acknowledgement.
    Garbage,
    /// A younger window was acknowledged before an older one.
    OutOfOrder,
    /// A part of a window was acknowledged. The protocol has it, but Filebeat forgets it when it must reconnect, so that
    /// a server gains nothing by it.
    Partial,
    /// A keepalive (ACK 0) while nothing was unacknowledged.
    StrayKeepalive,
    /// A window was acknowledged a second time.
    Twice,
    /// The acknowledgement's version is not that of its window.
    WrongVersion,
}

impl fmt::Display for ViolationKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Early => "early ACK",
            Self::Beyond => "ACK beyond what was sent",
            Self::Garbage => "no ACK",
            Self::OutOfOrder => "ACK out of order",
            Self::Partial => "partial ACK",
            Self::StrayKeepalive => "keepalive with nothing pending",
            Self::Twice => "ACK a second time",
            Self::WrongVersion => "ACK of the wrong version",
        })
    }
}

/// One acknowledgement against the protocol.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Violation {
    /// What kind it is.
    pub kind: ViolationKind,
    /// The connection, from 1.
    pub connection: u32,
    /// The window that should have been answered, from 1 on its connection.
    pub window: u64,
    /// What should have come.
    pub expected: String,
    /// What came.
    pub found: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            kind,
            connection,
            window,
            expected,
            found,
        } = self;
        write!(
            f,
            "{kind}: connection {connection}, window {window}: expected {expected}, found {found}"
        )
    }
}

/// All acknowledgements of one kind against the protocol.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ViolationCount {
    /// The kind.
    pub kind: ViolationKind,
    /// How many there were.
    pub count: u64,
    /// The first.
    pub first: Violation,
}
