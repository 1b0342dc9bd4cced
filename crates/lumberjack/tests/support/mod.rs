//! A receiver as simple as can be: it buffers what comes, waits for what [`Step::Need`] says, and opens `C` frames.

#![allow(dead_code, reason = "each test file uses its part")]

use sawmill_lumberjack::{
    Frame, FrameError, FrameType, Inflated, Inflater, Limits, Sequence, Step, Version, WindowSize,
    decode,
};

/// A frame that outlives the bytes it came in. Those within a `C` frame follow it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    Ack(Version, Sequence),
    Compressed(Version),
    Data(Version, Sequence, Vec<(Vec<u8>, Vec<u8>)>),
    Json(Sequence, Vec<u8>),
    Probe(Version),
    Window(Version, WindowSize),
}

#[derive(Default)]
pub(crate) struct Receiver {
    pub(crate) heard: Vec<Heard>,
    buffer: Vec<u8>,
    /// No frame is complete before the buffer holds this many bytes.
    wanted_bytes: usize,
}

impl Receiver {
    pub(crate) fn receive(&mut self, piece: &[u8]) -> Result<(), FrameError> {
        self.buffer.extend_from_slice(piece);
        if self.buffer.len() < self.wanted_bytes {
            return Ok(());
        }
        self.drain()
    }

    /// Looks at the rest once more, and returns how many bytes of an incomplete frame there are.
    pub(crate) fn finish(&mut self) -> Result<usize, FrameError> {
        self.drain()?;
        Ok(self.buffer.len())
    }

    fn drain(&mut self) -> Result<(), FrameError> {
        let mut used = 0;
        loop {
            match decode(&self.buffer[used..], &Limits::default())? {
                Step::Frame(version, frame, bytes) => {
                    hear(version, frame, &mut self.heard)?;
                    used += bytes;
                }
                Step::Need(more) => {
                    self.buffer.drain(..used);
                    self.wanted_bytes = self.buffer.len() + more;
                    return Ok(());
                }
            }
        }
    }
}

/// All frames of `input`, which comes in pieces of these sizes, over and over.
pub(crate) fn heard_in_pieces(
    input: &[u8],
    sizes: &[usize],
) -> (Vec<Heard>, Result<usize, FrameError>) {
    let mut receiver = Receiver::default();
    let mut rest = input;
    for size in sizes.iter().cycle() {
        let (piece, later) = rest.split_at((*size).clamp(1, rest.len().max(1)).min(rest.len()));
        if let Err(error) = receiver.receive(piece) {
            return (receiver.heard, Err(error));
        }
        rest = later;
        if rest.is_empty() {
            break;
        }
    }
    let end = receiver.finish();
    (receiver.heard, end)
}

fn hear(version: Version, frame: Frame<'_>, heard: &mut Vec<Heard>) -> Result<(), FrameError> {
    heard.push(match frame {
        Frame::Ack(sequence) => Heard::Ack(version, sequence),
        Frame::Compressed(zlib) => {
            heard.push(Heard::Compressed(version));
            return hear_compressed(zlib, heard);
        }
        Frame::Data { sequence, pairs } => {
            let pairs = pairs.map(|(key, value)| (key.to_vec(), value.to_vec()));
            Heard::Data(version, sequence, pairs.collect())
        }
        Frame::Json { sequence, payload } => Heard::Json(sequence, payload.to_vec()),
        // Its payload is not heard; what follows would be taken for frames.
        Frame::Oversized { payload_bytes, .. } => {
            return Err(FrameError::TooLarge {
                frame: FrameType::Json,
                claimed_bytes: payload_bytes,
                limit_bytes: Limits::default().event_bytes_max,
            });
        }
        Frame::Probe => Heard::Probe(version),
        Frame::Window(size) => Heard::Window(version, size),
    });
    Ok(())
}

fn hear_compressed(zlib: &[u8], heard: &mut Vec<Heard>) -> Result<(), FrameError> {
    // Four times the largest window of the fixtures, and little enough for a fuzzer that finds bombs.
    let limit_bytes = 1 << 20;
    let mut frames = Vec::new();
    match Inflater::new().inflate(zlib, &mut frames, limit_bytes)? {
        Inflated::Done => {}
        Inflated::More => {
            return Err(FrameError::InflateTooLarge {
                limit_bytes: limit_bytes as u64,
            });
        }
    }
    let mut rest = &frames[..];
    while !rest.is_empty() {
        match decode(rest, &Limits::default())? {
            Step::Frame(_, Frame::Compressed(_), _) => {
                return Err(FrameError::CompressedInCompressed);
            }
            Step::Frame(version, frame, used) => {
                hear(version, frame, heard)?;
                rest = &rest[used..];
            }
            Step::Need(missing_bytes) => return Err(FrameError::FrameCutOff { missing_bytes }),
        }
    }
    Ok(())
}
