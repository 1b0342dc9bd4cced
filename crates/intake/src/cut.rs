//! Cuts text into the frames of events.

use std::ops::Range;

use sawmill_lumberjack::{Frame, FrameError, Limits, Sequence, Step, decode};

/// What stands at the head of a window's text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// A whole event: where its JSON stands, and the bytes that its frame takes.
    Json {
        sequence: Sequence,
        payload: Range<usize>,
        used: usize,
    },
    /// A whole event of version 1, written as JSON into the buffer.
    Data { sequence: Sequence, used: usize },
    /// The head of an event that is too large; its payload follows.
    Oversized {
        sequence: Sequence,
        payload_bytes: u32,
        used: usize,
    },
    /// The text ends inside a frame; so many bytes more are needed.
    Need(usize),
}

/// Reads the frame at the head of `text`; `data` takes the pairs of version 1 as a JSON object.
pub(crate) fn cut(text: &[u8], limits: &Limits, data: &mut Vec<u8>) -> Result<Cut, FrameError> {
    let (frame, used) = match decode(text, limits)? {
        Step::Frame(_, frame, used) => (frame, used),
        Step::Need(bytes) => return Ok(Cut::Need(bytes)),
    };
    match frame {
        Frame::Json { sequence, payload } => Ok(Cut::Json {
            sequence,
            payload: used - payload.len()..used,
            used,
        }),
        Frame::Data { sequence, pairs } => {
            write_object(pairs, data);
            Ok(Cut::Data { sequence, used })
        }
        Frame::Oversized {
            sequence,
            payload_bytes,
        } => Ok(Cut::Oversized {
            sequence,
            payload_bytes,
            used,
        }),
        Frame::Compressed(_) => Err(FrameError::CompressedInCompressed),
        Frame::Probe | Frame::Window(_) => Err(FrameError::WindowInCompressed),
        Frame::Ack(sequence) => Err(FrameError::UnexpectedAck { sequence }),
    }
}

/// Whether the frame at the head of `text` is one of pairs, which says how many they are and not how large.
pub(crate) fn is_data(text: &[u8]) -> bool {
    text.get(1) == Some(&b'D')
}

/// Writes key and value pairs as an object of strings. Bytes that are no UTF-8 become U+FFFD.
fn write_object<'a>(pairs: impl Iterator<Item = (&'a [u8], &'a [u8])>, out: &mut Vec<u8>) {
    let mut json = String::from("{");
    let mut string = |text: &[u8], end: &str| {
        json.push('"');
        sawmill_event::escape_into(&String::from_utf8_lossy(text), &mut json);
        json.push_str(end);
    };
    for (key, value) in pairs {
        string(key, "\":");
        string(value, "\",");
    }
    json.pop();
    json.push('}');
    *out = json.into_bytes();
}
