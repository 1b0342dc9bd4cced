//! Bytes to frames. The layout: <https://github.com/elastic/logstash-forwarder/blob/master/PROTOCOL.md> for version 1;
//! version 2 adds the `J` frame. All integers are unsigned, 32 bits, big-endian.

use nom::bytes::streaming::take;
use nom::combinator::map_opt;
use nom::error::{ErrorKind, ParseError};
use nom::number::streaming::{be_u8, be_u32};
use nom::{IResult, Needed, Parser};

use crate::error::FrameError;
use crate::first_bytes::FirstBytes;
use crate::frame::{Frame, FrameType, Pairs, Sequence, Version, WindowSize};
use crate::limits::Limits;

/// What the head of the input holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// One whole frame, and how many bytes of input it used.
    Frame(Version, Frame<'a>, usize),
    /// The input ends within a frame; at least this many more bytes are needed, and never 0.
    ///
    /// To be read as "do not ask again before", not as a size to allocate: the peer announced it.
    Need(usize),
}

/// Decodes the frame at the head of `input`.
///
/// A frame that comes in pieces costs little more than one that comes whole, if the caller waits for what
/// [`Step::Need`] says.
pub fn decode<'a>(input: &'a [u8], limits: &Limits) -> Result<Step<'a>, FrameError> {
    match frame(input, limits) {
        Ok((rest, (version, frame))) => Ok(Step::Frame(version, frame, input.len() - rest.len())),
        Err(nom::Err::Incomplete(needed)) => {
            let shortest_frame = FRAME_BYTES_MIN.saturating_sub(input.len());
            Ok(Step::Need(count(needed).max(shortest_frame)))
        }
        Err(nom::Err::Error(refused) | nom::Err::Failure(refused)) => Err(refused.0),
    }
}

/// Version, type, and one integer.
const FRAME_BYTES_MIN: usize = 6;

/// A key's length and a value's length, both for nothing.
const PAIR_BYTES_MIN: usize = 8;

type Parsed<'a, T> = IResult<&'a [u8], T, Refused>;

/// A [`FrameError`] in nom's clothes.
struct Refused(FrameError);

impl ParseError<&[u8]> for Refused {
    /// The version is the one thing that nom itself can fail to recognise; all else is refused by name.
    fn from_error_kind(input: &[u8], _: ErrorKind) -> Self {
        Self(FrameError::UnknownVersion {
            found: FirstBytes::of(input),
        })
    }

    fn append(_: &[u8], _: ErrorKind, refused: Self) -> Self {
        refused
    }
}

fn refuse<T>(error: FrameError) -> Result<T, nom::Err<Refused>> {
    Err(nom::Err::Failure(Refused(error)))
}

fn frame<'a>(input: &'a [u8], limits: &Limits) -> Parsed<'a, (Version, Frame<'a>)> {
    let (input, version) = map_opt(be_u8, Version::from_digit).parse(input)?;
    let (input, letter) = be_u8(input)?;
    let Some(frame_type) = FrameType::from_letter(version, letter) else {
        return refuse(FrameError::UnknownType {
            version,
            found: letter,
        });
    };
    let (input, frame) = match frame_type {
        FrameType::Ack => sequence.map(Frame::Ack).parse(input)?,
        FrameType::Compressed => compressed(input, limits)?,
        FrameType::Data => data(input, limits)?,
        FrameType::Json => json(input, limits)?,
        FrameType::Window => window(input, limits)?,
    };
    Ok((input, (version, frame)))
}

fn sequence(input: &[u8]) -> Parsed<'_, Sequence> {
    be_u32.map(Sequence::new).parse(input)
}

fn compressed<'a>(input: &'a [u8], limits: &Limits) -> Parsed<'a, Frame<'a>> {
    let (input, claimed_bytes) = be_u32(input)?;
    fits(
        FrameType::Compressed,
        claimed_bytes,
        limits.compressed_bytes_max,
    )?;
    take(claimed_bytes).map(Frame::Compressed).parse(input)
}

fn json<'a>(input: &'a [u8], limits: &Limits) -> Parsed<'a, Frame<'a>> {
    let (input, (sequence, claimed_bytes)) = (sequence, be_u32).parse(input)?;
    if claimed_bytes == 0 {
        return refuse(FrameError::EmptyJson { sequence });
    }
    if claimed_bytes > limits.event_bytes_max {
        let payload_bytes = claimed_bytes;
        return Ok((
            input,
            Frame::Oversized {
                sequence,
                payload_bytes,
            },
        ));
    }
    take(claimed_bytes)
        .map(|payload| Frame::Json { sequence, payload })
        .parse(input)
}

fn window<'a>(input: &'a [u8], limits: &Limits) -> Parsed<'a, Frame<'a>> {
    let (input, claimed_events) = be_u32(input)?;
    let limit_events = limits.window_events_max;
    if claimed_events > limit_events {
        return refuse(FrameError::TooManyEvents {
            claimed_events,
            limit_events,
        });
    }
    Ok((
        input,
        WindowSize::new(claimed_events).map_or(Frame::Probe, Frame::Window),
    ))
}

fn data<'a>(input: &'a [u8], limits: &Limits) -> Parsed<'a, Frame<'a>> {
    let (input, (sequence, claimed_pairs)) = (sequence, be_u32).parse(input)?;
    let limit_pairs = limits.pairs_max;
    if claimed_pairs == 0 {
        return refuse(FrameError::EmptyData { sequence });
    }
    if claimed_pairs > limit_pairs {
        return refuse(FrameError::TooManyPairs {
            claimed_pairs,
            limit_pairs,
        });
    }
    let mut rest = input;
    for later_pairs in (0..claimed_pairs).rev() {
        (rest, ()) = pair(rest, limits).map_err(|stopped| and_later_pairs(stopped, later_pairs))?;
        let pairs_bytes = u32::try_from(input.len() - rest.len()).unwrap_or(u32::MAX);
        fits(FrameType::Data, pairs_bytes, limits.event_bytes_max)?;
    }
    let pairs = Pairs::new(claimed_pairs, &input[..input.len() - rest.len()]);
    Ok((rest, Frame::Data { sequence, pairs }))
}

fn pair<'a>(input: &'a [u8], limits: &Limits) -> Parsed<'a, ()> {
    let (input, _key) = pair_item(input, limits)?;
    let (input, _value) = pair_item(input, limits)?;
    Ok((input, ()))
}

fn pair_item<'a>(input: &'a [u8], limits: &Limits) -> Parsed<'a, &'a [u8]> {
    let (input, claimed_bytes) = be_u32(input)?;
    let limit_bytes = limits.pair_bytes_max;
    if claimed_bytes > limit_bytes {
        return refuse(FrameError::PairTooLarge {
            claimed_bytes,
            limit_bytes,
        });
    }
    take(claimed_bytes).parse(input)
}

/// Asks for the least that the pairs after this one can take as well. A data frame is walked from its head at each
/// call, so asking for little would make one that comes byte by byte expensive.
fn and_later_pairs(stopped: nom::Err<Refused>, later_pairs: u32) -> nom::Err<Refused> {
    match stopped {
        nom::Err::Incomplete(needed) => nom::Err::Incomplete(Needed::new(
            count(needed) + later_pairs as usize * PAIR_BYTES_MIN,
        )),
        refused @ (nom::Err::Error(_) | nom::Err::Failure(_)) => refused,
    }
}

fn fits(frame: FrameType, claimed_bytes: u32, limit_bytes: u32) -> Result<(), nom::Err<Refused>> {
    if claimed_bytes > limit_bytes {
        return refuse(FrameError::TooLarge {
            frame,
            claimed_bytes,
            limit_bytes,
        });
    }
    Ok(())
}

fn count(needed: Needed) -> usize {
    match needed {
        Needed::Unknown => 1,
        Needed::Size(bytes) => bytes.get(),
    }
}

#[cfg(test)]
mod tests;
