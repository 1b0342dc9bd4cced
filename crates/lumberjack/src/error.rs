use crate::first_bytes::FirstBytes;
use crate::frame::{FrameType, Sequence, Version, WindowSize};

/// What the peer did that the protocol does not allow.
///
/// None can be recovered from: the protocol has no mark to find the next frame by, so the connection has to be closed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// A server acknowledged more than it was sent, as a client sees it.
    #[error("acknowledgement of event {acknowledged} in a window of {window}")]
    AckBeyondWindow {
        /// The sequence in the acknowledgement.
        acknowledged: Sequence,
        /// The window it answers.
        window: WindowSize,
    },
    /// A server sent something other than an acknowledgement, as a client sees it.
    #[error("expected an acknowledgement, found `{found}`")]
    AckExpected {
        /// What came in its place.
        found: FirstBytes,
    },
    /// A compressed frame lies within a compressed frame; unpacking those could go on without end.
    #[error("a compressed frame within a compressed frame")]
    CompressedInCompressed,
    /// A data frame announces no pairs.
    #[error("data frame of event {sequence} has no pairs")]
    EmptyData {
        /// The event's position.
        sequence: Sequence,
    },
    /// A JSON frame announces no bytes.
    #[error("JSON frame of event {sequence} has no bytes")]
    EmptyJson {
        /// The event's position.
        sequence: Sequence,
    },
    /// A window without events, which a client must not send.
    #[error("a window needs at least one event")]
    EmptyWindow,
    /// An event came while no window was open.
    #[error("event {sequence} belongs to no window")]
    EventOutsideWindow {
        /// The event's position.
        sequence: Sequence,
    },
    /// A compressed frame holds more events than its window announced.
    #[error("event {sequence} is one too many in a window of {window}")]
    ExcessEvent {
        /// The event's position.
        sequence: Sequence,
        /// The window it would have belonged to.
        window: WindowSize,
    },
    /// A compressed frame must hold whole frames, and its last one is not.
    #[error("compressed frame ends within a frame, at least {missing_bytes} bytes early")]
    FrameCutOff {
        /// How many bytes the last frame lacks, at the least.
        missing_bytes: usize,
    },
    /// The zlib stream of a compressed frame is broken.
    #[error("corrupt zlib stream: {reason}")]
    InflateCorrupt {
        /// What the inflater found.
        reason: String,
    },
    /// A compressed frame inflates to more than is taken.
    #[error("compressed frame inflates to more than {limit_bytes} bytes")]
    InflateTooLarge {
        /// The limit in force.
        limit_bytes: u64,
    },
    /// A compressed frame ends before its zlib stream does.
    #[error("compressed frame ends too early, after {inflated_bytes} inflated bytes")]
    InflateTruncated {
        /// Bytes the stream gave until then.
        inflated_bytes: u64,
    },
    /// A key or value of a data frame is larger than is taken.
    #[error("key or value of {claimed_bytes} bytes in a data frame, limit {limit_bytes}")]
    PairTooLarge {
        /// Bytes announced.
        claimed_bytes: u32,
        /// The limit in force.
        limit_bytes: u32,
    },
    /// A frame is larger than is taken.
    #[error("`{frame}` frame of {claimed_bytes} bytes, limit {limit_bytes}")]
    TooLarge {
        /// The kind of frame.
        frame: FrameType,
        /// Bytes announced.
        claimed_bytes: u32,
        /// The limit in force.
        limit_bytes: u32,
    },
    /// A window announces more events than are taken.
    #[error("window of {claimed_events} events, limit {limit_events}")]
    TooManyEvents {
        /// Events announced.
        claimed_events: u32,
        /// The limit in force.
        limit_events: u32,
    },
    /// A data frame announces more pairs than are taken.
    #[error("data frame of {claimed_pairs} pairs, limit {limit_pairs}")]
    TooManyPairs {
        /// Pairs announced.
        claimed_pairs: u32,
        /// The limit in force.
        limit_pairs: u32,
    },
    /// A compressed frame takes time to inflate, but little of it can be stored.
    #[error(
        "compressed frame has events that are each too large, of more than {limit_bytes} bytes together"
    )]
    TooMuchSkipped {
        /// The limit in force.
        limit_bytes: u64,
    },
    /// A client sent an acknowledgement; only servers do.
    #[error("acknowledgement of event {sequence} from a client")]
    UnexpectedAck {
        /// The sequence in it.
        sequence: Sequence,
    },
    /// The byte after the version is no frame type of that version.
    #[error("unknown frame type `{}` after version {version}", found.escape_ascii())]
    UnknownType {
        /// The version before it.
        version: Version,
        /// The byte found.
        found: u8,
    },
    /// A frame does not begin with a protocol version.
    #[error("expected protocol version 1 or 2, found `{found}`")]
    UnknownVersion {
        /// What stands in its place.
        found: FirstBytes,
    },
    /// A frame's version is not that of its window.
    #[error("frame of version {frame} in a window of version {window}")]
    VersionMixed {
        /// The frame's version.
        frame: Version,
        /// The version of the window it is in, or that it answers.
        window: Version,
    },
    /// The head of a window came before the window ahead of it was complete.
    #[error("the window ended after {received} of {expected} events")]
    WindowIncomplete {
        /// Events announced.
        expected: WindowSize,
        /// Events received.
        received: u32,
    },
    /// The head of a window lies within a compressed frame.
    #[error("the head of a window within a compressed frame")]
    WindowInCompressed,
}

impl FrameError {
    /// The peer's likely mistake, and what to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::UnknownVersion { found } => found.stranger(),
            Self::UnknownType {
                found: b'0'..=b'9', ..
            } => Some(
                "looks like lines of text, as from a syslog sender: this port takes Beats only",
            ),
            Self::UnknownType {
                version: Version::V1,
                found: b'J',
            } => Some("JSON frames belong to protocol version 2: the client mixes the two"),
            Self::AckExpected { .. } => {
                Some("the server takes no Beats on this port, or expects TLS there")
            }
            Self::InflateTooLarge { .. }
            | Self::PairTooLarge { .. }
            | Self::TooLarge { .. }
            | Self::TooManyPairs { .. }
            | Self::TooMuchSkipped { .. } => Some(
                "if the client is honest, raise the limit, or it will send the same again for ever",
            ),
            Self::TooManyEvents { .. } => {
                Some("lower the client's bulk_max_size, or raise the limit of events a window")
            }
            Self::AckBeyondWindow { .. }
            | Self::CompressedInCompressed
            | Self::EmptyData { .. }
            | Self::EmptyJson { .. }
            | Self::EmptyWindow
            | Self::EventOutsideWindow { .. }
            | Self::ExcessEvent { .. }
            | Self::FrameCutOff { .. }
            | Self::InflateCorrupt { .. }
            | Self::InflateTruncated { .. }
            | Self::UnexpectedAck { .. }
            | Self::UnknownType { .. }
            | Self::VersionMixed { .. }
            | Self::WindowIncomplete { .. }
            | Self::WindowInCompressed => None,
        }
    }
}
