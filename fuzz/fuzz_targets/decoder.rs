//! Input: four sizes of pieces, then what a peer sends.
//!
//! Holds for every input: the frames and the error are the same in pieces as in one, and a frame written again is the
//! bytes it was read from.

#![no_main]

#[path = "../../crates/lumberjack/tests/support/mod.rs"]
mod support;

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
    let (whole, whole_end) = heard_in_pieces(input, &[usize::MAX]);
    let (pieces, pieces_end) = heard_in_pieces(input, &sizes.map(usize::from));
    assert_eq!(pieces, whole);
    assert_eq!(
        without_found_bytes(pieces_end),
        without_found_bytes(whole_end)
    );

    let mut rest = input;
    while let Ok(Step::Frame(version, frame, used)) = decode(rest, &Limits::default()) {
        assert_eq!(written(version, frame), rest[..used]);
        rest = &rest[used..];
    }
});

/// How much of a stranger's greeting an error shows depends on how much of it had come.
fn without_found_bytes(end: Result<usize, FrameError>) -> Result<usize, FrameError> {
    match end {
        Err(FrameError::UnknownVersion { .. }) => Err(FrameError::UnknownVersion {
            found: FirstBytes::of(b""),
        }),
        known => known,
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
