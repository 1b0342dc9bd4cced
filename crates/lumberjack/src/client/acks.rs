use crate::decode::{Step, decode};
use crate::error::FrameError;
use crate::first_bytes::FirstBytes;
use crate::frame::{Frame, KEEPALIVE, Sequence, Version, WindowSize};
use crate::limits::Limits;

/// What a server said about a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acknowledged {
    /// It has all of the window; what it sends next is about another.
    Done,
    /// It is at work on it.
    Keepalive,
    /// It has the window up to this event. Should the connection break now, Filebeat sends the whole window again.
    Partial(Sequence),
}

/// The acknowledgements of one window, checked as strictly as go-lumber's client checks them (`AwaitACK`).
#[derive(Debug)]
pub struct Acks {
    version: Version,
    window: WindowSize,
    frame: [u8; ACK_BYTES],
    /// Bytes of `frame` that have come.
    filled: usize,
}

const ACK_BYTES: usize = 6;

impl Acks {
    /// Waits for the acknowledgement of a window of this version, with events 1 to `window`.
    pub fn new(version: Version, window: WindowSize) -> Self {
        Self {
            version,
            window,
            frame: [0; ACK_BYTES],
            filled: 0,
        }
    }

    /// Takes one acknowledgement off the head of `input`, or all of it and says nothing if it ends before.
    ///
    /// What follows [`Acknowledged::Done`] is left in `input` for the next window's `Acks`.
    ///
    /// # Errors
    /// If the server breaks the protocol; the connection is then of no further use.
    pub fn feed(&mut self, input: &mut &[u8]) -> Result<Option<Acknowledged>, FrameError> {
        let taken_bytes = input.len().min(ACK_BYTES - self.filled);
        let (taken, rest) = input.split_at(taken_bytes);
        self.frame[self.filled..][..taken_bytes].copy_from_slice(taken);
        self.filled += taken_bytes;
        *input = rest;
        if self.filled < ACK_BYTES {
            return Ok(None);
        }
        self.filled = 0;
        match decode(&self.frame, &Limits::default()) {
            Ok(Step::Frame(version, Frame::Ack(sequence), _)) => {
                self.judge(version, sequence).map(Some)
            }
            Ok(Step::Frame(..) | Step::Need(_)) | Err(_) => Err(FrameError::AckExpected {
                found: FirstBytes::of(&self.frame),
            }),
        }
    }

    fn judge(&self, version: Version, acknowledged: Sequence) -> Result<Acknowledged, FrameError> {
        let window = self.window;
        if version != self.version {
            return Err(FrameError::VersionMixed {
                frame: version,
                window: self.version,
            });
        }
        if acknowledged.get() > window.get() {
            return Err(FrameError::AckBeyondWindow {
                acknowledged,
                window,
            });
        }
        Ok(if acknowledged.get() == window.get() {
            Acknowledged::Done
        } else if acknowledged == KEEPALIVE {
            Acknowledged::Keepalive
        } else {
            Acknowledged::Partial(acknowledged)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(events: u32) -> WindowSize {
        WindowSize::new(events).unwrap()
    }

    /// Everything a server says about a window of ten events, and what it said too much.
    fn heard(mut input: &[u8]) -> (Result<Vec<Acknowledged>, FrameError>, &[u8]) {
        let mut acks = Acks::new(Version::V2, window(10));
        let mut all = Vec::new();
        loop {
            match acks.feed(&mut input) {
                Ok(Some(acknowledged)) => all.push(acknowledged),
                Ok(None) => return (Ok(all), input),
                Err(error) => return (Err(error), input),
            }
            if all.last() == Some(&Acknowledged::Done) {
                return (Ok(all), input);
            }
        }
    }

    #[test]
    fn keepalives_and_parts_come_before_the_whole() {
        use Acknowledged::{Done, Keepalive, Partial};
        assert_eq!(
            heard(b"2A\0\0\0\x002A\0\0\0\x052A\0\0\0\x0a2A\0\0\0\x07"),
            (
                Ok(vec![Keepalive, Partial(Sequence::new(5)), Done]),
                &b"2A\0\0\0\x07"[..]
            )
        );
    }

    #[test]
    fn an_acknowledgement_may_come_byte_by_byte() {
        let mut acks = Acks::new(Version::V1, window(1));
        for byte in b"1A\0\0\0" {
            assert_eq!(acks.feed(&mut &[*byte][..]), Ok(None));
        }
        assert_eq!(acks.feed(&mut &b"\x01"[..]), Ok(Some(Acknowledged::Done)));
    }

    #[test]
    fn what_the_protocol_does_not_allow_is_named() {
        let beyond = |acknowledged| FrameError::AckBeyondWindow {
            acknowledged: Sequence::new(acknowledged),
            window: window(10),
        };
        let unexpected = |found| FrameError::AckExpected {
            found: FirstBytes::of(found),
        };
        for (input, want) in [
            (b"2A\0\0\0\x0b", beyond(11)),
            (b"2A\xff\xff\xff\xff", beyond(u32::MAX)),
            (
                b"1A\0\0\0\x0a",
                FrameError::VersionMixed {
                    frame: Version::V1,
                    window: Version::V2,
                },
            ),
            (b"2W\0\0\0\x0a", unexpected(b"2W\0\0")),
            (b"2J\0\0\0\x0a", unexpected(b"2J\0\0")),
            (b"HTTP/1", unexpected(b"HTTP")),
        ] {
            assert_eq!(heard(input).0, Err(want), "{}", input.escape_ascii());
        }
    }
}
