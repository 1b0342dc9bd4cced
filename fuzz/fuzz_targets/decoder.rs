//! Input: four sizes of pieces, then what a peer sends.
//!
//! Holds for every input: the frames and the error are the same in pieces as in one, and those of a second, naive reader,
//! with the usual limits and with tight ones; a frame written again is the bytes it was read from; no prefix of a frame
//! asks for more than the rest of it.

#![no_main]

#[path = "../oracles/frames.rs"]
mod frames;
#[path = "../../crates/lumberjack/tests/support/mod.rs"]
mod support;

use frames::{End, Told, read_all};
use libfuzzer_sys::fuzz_target;
use sawmill_lumberjack::{
    FirstBytes, Frame, FrameError, Limits, Step, Version, decode, encode_ack, encode_compressed,
    encode_data, encode_json, encode_window,
};
use support::heard_in_pieces;

fuzz_target!(|data: &[u8]| {
    let Some((sizes, input)) = data.split_first_chunk::<4>() else {
        return;
    };
    let sizes = sizes.map(usize::from);
    let (whole, whole_end) = heard_in_pieces(input, &[usize::MAX]);
    let (pieces, pieces_end) = heard_in_pieces(input, &sizes);
    assert_eq!(pieces, whole);
    assert_eq!(
        pieces_end.map_err(without_found_bytes),
        whole_end.map_err(without_found_bytes)
    );

    let tight = Limits {
        compressed_bytes_max: 64,
        event_bytes_max: 40,
        window_events_max: 5,
        pairs_max: 3,
        pair_bytes_max: 20,
    };
    for limits in [Limits::default(), tight] {
        compare_with_naive(input, &sizes, &limits);
    }
});

fn compare_with_naive(input: &[u8], sizes: &[usize], limits: &Limits) {
    let (frames, end) = read_all(input, limits);
    let mut at = 0;
    for (version, told, frame_end) in frames {
        let frame_bytes = frame_end - at;
        match decode(&input[at..], limits) {
            Ok(Step::Frame(found, frame, used)) => {
                assert_eq!((found, used), (version, frame_bytes));
                assert_eq!(written(found, frame.clone()), input[at..frame_end]);
                assert_eq!(tell(frame), told);
            }
            other => panic!("{told:?}, but the decoder has {other:?}"),
        }
        for size in sizes.iter().filter(|size| **size < frame_bytes) {
            match decode(&input[at..at + size], limits) {
                Ok(Step::Need(more)) => assert!((1..=frame_bytes - size).contains(&more)),
                other => panic!("{size} bytes of {told:?}, but the decoder has {other:?}"),
            }
        }
        at = match told {
            Told::Oversized(_, bytes) => input.len().min(frame_end + bytes as usize),
            _ => frame_end,
        };
    }
    let decoded = match decode(&input[at..], limits) {
        Err(error) => End::Error(without_found_bytes(error)),
        Ok(Step::Need(more)) => {
            assert_ne!(more, 0);
            End::Short
        }
        Ok(Step::Frame(_, frame, _)) => panic!("{end:?}, but the decoder has {frame:?}"),
    };
    assert_eq!(decoded, end);
}

/// How much of a stranger's greeting an error shows depends on how much of it had come.
fn without_found_bytes(error: FrameError) -> FrameError {
    match error {
        FrameError::UnknownVersion { .. } => FrameError::UnknownVersion {
            found: FirstBytes::of(b""),
        },
        known => known,
    }
}

fn tell(frame: Frame<'_>) -> Told {
    match frame {
        Frame::Ack(sequence) => Told::Ack(sequence.get()),
        Frame::Compressed(zlib) => Told::Compressed(zlib.to_vec()),
        Frame::Data { sequence, pairs } => {
            assert_eq!(pairs.len(), pairs.clone().count());
            let pairs = pairs.map(|(key, value)| (key.to_vec(), value.to_vec()));
            Told::Data(sequence.get(), pairs.collect())
        }
        Frame::Json { sequence, payload } => Told::Json(sequence.get(), payload.to_vec()),
        Frame::Oversized {
            sequence,
            payload_bytes,
        } => Told::Oversized(sequence.get(), payload_bytes),
        Frame::Probe => Told::Window(0),
        Frame::Window(size) => Told::Window(size.get()),
    }
}

fn written(version: Version, frame: Frame<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    match frame {
        Frame::Ack(sequence) => out.extend(encode_ack(version, sequence)),
        Frame::Compressed(zlib) => encode_compressed(&mut out, version, zlib),
        Frame::Data { sequence, pairs } => encode_data(&mut out, version, sequence, pairs),
        Frame::Json { sequence, payload } => encode_json(&mut out, sequence, payload),
        Frame::Oversized {
            sequence,
            payload_bytes,
        } => {
            out.extend(*b"2J");
            out.extend(sequence.get().to_be_bytes());
            out.extend(payload_bytes.to_be_bytes());
        }
        Frame::Probe => out.extend([version.digit(), b'W', 0, 0, 0, 0]),
        Frame::Window(size) => encode_window(&mut out, version, size),
    }
    out
}
