//! The frames and the numbers in them, as types that cannot be mistaken for each other.

use std::fmt;
use std::num::NonZeroU32;

/// Protocol version, sent as an ASCII digit at the head of every frame.
///
/// An acknowledgement must carry the version of the window it answers: Filebeat takes any other for a protocol error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Version {
    /// `1`: events are lists of key and value pairs.
    V1,
    /// `2`: events are JSON objects.
    V2,
}

impl Version {
    /// The byte on the wire.
    pub const fn digit(self) -> u8 {
        match self {
            Self::V1 => b'1',
            Self::V2 => b'2',
        }
    }

    pub(crate) const fn from_digit(digit: u8) -> Option<Self> {
        match digit {
            b'1' => Some(Self::V1),
            b'2' => Some(Self::V2),
            _ => None,
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        char::from(self.digit()).fmt(f)
    }
}

/// Position of an event, as the sender counts.
///
/// libbeat starts every window at 1; other clients count on from window to window and wrap at 2^32. So an
/// acknowledgement echoes the sequence of the window's last event and never computes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sequence(u32);

/// The sequence of a keepalive: an acknowledgement of nothing, which restarts the client's patience.
pub const KEEPALIVE: Sequence = Sequence(0);

impl Sequence {
    /// The sequence with this number.
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// The number on the wire.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Number of events the sender promises before it waits for an acknowledgement.
///
/// A window of zero events has nothing to acknowledge, so the type has no zero; see [`Frame::Probe`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WindowSize(NonZeroU32);

impl WindowSize {
    /// A window of this many events, if there are any.
    pub const fn new(events: u32) -> Option<Self> {
        match NonZeroU32::new(events) {
            Some(events) => Some(Self(events)),
            None => None,
        }
    }

    /// The number of events.
    pub const fn get(self) -> u32 {
        self.0.get()
    }
}

impl fmt::Display for WindowSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The kinds of frame, sent as an ASCII letter after the version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FrameType {
    /// `A`, server to client.
    Ack,
    /// `C`: frames within a zlib stream.
    Compressed,
    /// `D`: an event as pairs.
    Data,
    /// `J`: an event as JSON, in version 2 only.
    Json,
    /// `W`: the head of a window.
    Window,
}

impl FrameType {
    /// The byte on the wire.
    pub const fn letter(self) -> u8 {
        match self {
            Self::Ack => b'A',
            Self::Compressed => b'C',
            Self::Data => b'D',
            Self::Json => b'J',
            Self::Window => b'W',
        }
    }

    /// Version 1 has no `J`. Version 2 has `D`: no Beat sends it, but Logstash takes it.
    pub(crate) const fn from_letter(version: Version, letter: u8) -> Option<Self> {
        match (letter, version) {
            (b'A', _) => Some(Self::Ack),
            (b'C', _) => Some(Self::Compressed),
            (b'D', _) => Some(Self::Data),
            (b'J', Version::V2) => Some(Self::Json),
            (b'W', _) => Some(Self::Window),
            _ => None,
        }
    }
}

impl fmt::Display for FrameType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        char::from(self.letter()).fmt(f)
    }
}

/// One frame; what it carries is borrowed from the received bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// `A`: every event of the window up to this one is taken; 0 is a keepalive.
    Ack(Sequence),
    /// `C`: a zlib stream of whole frames, not yet inflated.
    Compressed(&'a [u8]),
    /// `D`: an event as key and value pairs, at least one.
    Data {
        /// The event's position.
        sequence: Sequence,
        /// The event's fields.
        pairs: Pairs<'a>,
    },
    /// `J`: an event as JSON text, at least one byte, not looked into.
    Json {
        /// The event's position.
        sequence: Sequence,
        /// The event.
        payload: &'a [u8],
    },
    /// The head of a `J` frame whose event is larger than the limit. Its payload follows in the input and is the
    /// caller's to skip: such an event must not cost its window, which would only be sent again.
    Oversized {
        /// The event's position.
        sequence: Sequence,
        /// How many bytes to skip.
        payload_bytes: u32,
    },
    /// `W` with a count of 0: a client asks whether anybody is there and expects a keepalive.
    Probe,
    /// `W`: so many events follow.
    Window(WindowSize),
}

/// The pairs of a data frame, in the sender's order: an iterator of `(key, value)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pairs<'a> {
    /// Pairs still to come.
    remaining: u32,
    /// Exactly those pairs as they stand on the wire; the decoder has walked them once.
    bytes: &'a [u8],
}

impl<'a> Pairs<'a> {
    pub(crate) const fn new(count: u32, bytes: &'a [u8]) -> Self {
        Self {
            remaining: count,
            bytes,
        }
    }

    fn take_item(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.bytes.split_first_chunk()?;
        let (item, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        self.bytes = rest;
        Some(item)
    }
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        self.remaining = self.remaining.checked_sub(1)?;
        Some((self.take_item()?, self.take_item()?))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let remaining = self.remaining as usize;
        (remaining, Some(remaining))
    }
}

impl ExactSizeIterator for Pairs<'_> {}
