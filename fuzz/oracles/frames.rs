//! A second reader of frames, as naive as can be: the whole input at once, one integer after the other.

use sawmill_lumberjack::{FirstBytes, FrameError, FrameType, Limits, Sequence, Version};

/// A frame, told without the decoder's own types for what it carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Ack(u32),
    Compressed(Vec<u8>),
    Data(u32, Vec<(Vec<u8>, Vec<u8>)>),
    Json(u32, Vec<u8>),
    Oversized(u32, u32),
    Window(u32),
}

/// Why reading ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Error(FrameError),
    /// Not enough bytes for one more frame, or none at all.
    Short,
}

/// All frames of `input`, where each one ends, and why there are no more. What is oversized is skipped.
pub(crate) fn read_all(input: &[u8], limits: &Limits) -> (Vec<(Version, Told, usize)>, End) {
    let mut frames = Vec::new();
    let mut at = 0;
    loop {
        let mut reader = Reader { input, at };
        match frame(&mut reader, limits) {
            Ok((version, told)) => {
                at = reader.at;
                let skipped = match told {
                    Told::Oversized(_, bytes) => bytes as usize,
                    _ => 0,
                };
                frames.push((version, told, at));
                at = input.len().min(at + skipped);
            }
            Err(end) => return (frames, end),
        }
    }
}

struct Reader<'a> {
    input: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn bytes(&mut self, count: u32) -> Result<Vec<u8>, End> {
        let end = self.at + count as usize;
        let bytes = self.input.get(self.at..end).ok_or(End::Short)?.to_vec();
        self.at = end;
        Ok(bytes)
    }

    fn number(&mut self) -> Result<u32, End> {
        let bytes = self.bytes(4)?;
        Ok(bytes
            .iter()
            .fold(0, |number, byte| number << 8 | u32::from(*byte)))
    }
}

fn refused<T>(error: FrameError) -> Result<T, End> {
    Err(End::Error(error))
}

fn frame(reader: &mut Reader<'_>, limits: &Limits) -> Result<(Version, Told), End> {
    let version = match reader.bytes(1)?[0] {
        b'1' => Version::V1,
        b'2' => Version::V2,
        _ => {
            return refused(FrameError::UnknownVersion {
                found: FirstBytes::of(b""),
            });
        }
    };
    let letter = reader.bytes(1)?[0];
    let told = match (letter, version) {
        (b'A', _) => Told::Ack(reader.number()?),
        (b'C', _) => compressed(reader, limits)?,
        (b'D', _) => data(reader, limits)?,
        (b'J', Version::V2) => json(reader, limits)?,
        (b'W', _) => window(reader, limits)?,
        _ => {
            return refused(FrameError::UnknownType {
                version,
                found: letter,
            });
        }
    };
    Ok((version, told))
}

fn compressed(reader: &mut Reader<'_>, limits: &Limits) -> Result<Told, End> {
    let claimed_bytes = reader.number()?;
    if claimed_bytes > limits.compressed_bytes_max {
        return refused(FrameError::TooLarge {
            frame: FrameType::Compressed,
            claimed_bytes,
            limit_bytes: limits.compressed_bytes_max,
        });
    }
    Ok(Told::Compressed(reader.bytes(claimed_bytes)?))
}

fn data(reader: &mut Reader<'_>, limits: &Limits) -> Result<Told, End> {
    let (sequence, claimed_pairs) = (reader.number()?, reader.number()?);
    if claimed_pairs == 0 {
        let sequence = Sequence::new(sequence);
        return refused(FrameError::EmptyData { sequence });
    }
    if claimed_pairs > limits.pairs_max {
        return refused(FrameError::TooManyPairs {
            claimed_pairs,
            limit_pairs: limits.pairs_max,
        });
    }
    let first = reader.at;
    let mut pairs = Vec::new();
    for _ in 0..claimed_pairs {
        pairs.push((pair_item(reader, limits)?, pair_item(reader, limits)?));
        let bytes = (reader.at - first) as u32;
        if bytes > limits.event_bytes_max {
            return refused(FrameError::TooLarge {
                frame: FrameType::Data,
                claimed_bytes: bytes,
                limit_bytes: limits.event_bytes_max,
            });
        }
    }
    Ok(Told::Data(sequence, pairs))
}

fn pair_item(reader: &mut Reader<'_>, limits: &Limits) -> Result<Vec<u8>, End> {
    let claimed_bytes = reader.number()?;
    if claimed_bytes > limits.pair_bytes_max {
        return refused(FrameError::PairTooLarge {
            claimed_bytes,
            limit_bytes: limits.pair_bytes_max,
        });
    }
    reader.bytes(claimed_bytes)
}

fn json(reader: &mut Reader<'_>, limits: &Limits) -> Result<Told, End> {
    let (sequence, claimed_bytes) = (reader.number()?, reader.number()?);
    if claimed_bytes == 0 {
        let sequence = Sequence::new(sequence);
        return refused(FrameError::EmptyJson { sequence });
    }
    if claimed_bytes > limits.event_bytes_max {
        return Ok(Told::Oversized(sequence, claimed_bytes));
    }
    Ok(Told::Json(sequence, reader.bytes(claimed_bytes)?))
}

fn window(reader: &mut Reader<'_>, limits: &Limits) -> Result<Told, End> {
    let claimed_events = reader.number()?;
    if claimed_events > limits.window_events_max {
        return refused(FrameError::TooManyEvents {
            claimed_events,
            limit_events: limits.window_events_max,
        });
    }
    Ok(Told::Window(claimed_events))
}
