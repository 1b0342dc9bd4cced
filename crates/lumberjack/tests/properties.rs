//! What holds for every input, tried on many.

#![allow(
    clippy::unwrap_used,
    reason = "a failed expectation is the point of a test"
)]

mod support;

use std::io::Write;

use flate2::write::ZlibEncoder;
use proptest::collection::vec;
use proptest::prelude::*;
use sawmill_lumberjack::{
    Compression, FrameError, Inflater, Sequence, Version, WindowSize, WindowWriter, encode_ack,
    encode_compressed, encode_data, encode_json, encode_window,
};
use support::{Heard, heard_in_pieces};

fn version() -> impl Strategy<Value = Version> {
    prop_oneof![Just(Version::V1), Just(Version::V2)]
}

fn sequence() -> impl Strategy<Value = Sequence> {
    prop_oneof![any::<u32>(), 0..10_u32, Just(u32::MAX)].prop_map(Sequence::new)
}

fn bytes(length_max: usize) -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..length_max)
}

/// Any frame but `C`.
fn frame() -> impl Strategy<Value = Heard> {
    prop_oneof![
        (version(), sequence()).prop_map(|(version, sequence)| Heard::Ack(version, sequence)),
        (version(), sequence(), vec((bytes(20), bytes(200)), 1..20))
            .prop_map(|(version, sequence, pairs)| Heard::Data(version, sequence, pairs)),
        (sequence(), vec(any::<u8>(), 1..2000))
            .prop_map(|(sequence, payload)| Heard::Json(sequence, payload)),
        version().prop_map(Heard::Probe),
        (version(), 1..=100_000_u32)
            .prop_map(|(version, events)| Heard::Window(version, WindowSize::new(events).unwrap())),
    ]
}

fn encoded(frames: &[Heard]) -> Vec<u8> {
    let mut out = Vec::new();
    for frame in frames {
        match frame {
            Heard::Ack(version, sequence) => out.extend(encode_ack(*version, *sequence)),
            Heard::Compressed(_) => unreachable!("written by `compressed`"),
            Heard::Data(version, sequence, pairs) => {
                let pairs = pairs
                    .iter()
                    .map(|(key, value)| (key.as_slice(), value.as_slice()));
                encode_data(&mut out, *version, *sequence, pairs);
            }
            Heard::Json(sequence, payload) => encode_json(&mut out, *sequence, payload),
            Heard::Probe(version) => out.extend([version.digit(), b'W', 0, 0, 0, 0]),
            Heard::Window(version, size) => encode_window(&mut out, *version, *size),
        }
    }
    out
}

/// One `C` frame of what stands in `frames`.
fn compressed(version: Version, frames: &[u8]) -> Vec<u8> {
    let mut zlib = ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    zlib.write_all(frames).unwrap();
    let mut out = Vec::new();
    encode_compressed(&mut out, version, &zlib.finish().unwrap());
    out
}

/// How much of a stranger's greeting an error shows depends on how much of it had come.
fn without_found_bytes(end: Result<usize, FrameError>) -> Result<usize, FrameError> {
    end.map_err(|error| match error {
        FrameError::UnknownVersion { .. } => FrameError::UnknownVersion {
            found: sawmill_lumberjack::FirstBytes::of(b""),
        },
        named => named,
    })
}

fn assert_splitting_changes_nothing(input: &[u8], sizes: &[usize]) -> Result<(), TestCaseError> {
    let (whole, whole_end) = heard_in_pieces(input, &[usize::MAX]);
    let (pieces, pieces_end) = heard_in_pieces(input, sizes);
    prop_assert_eq!(pieces, whole);
    prop_assert_eq!(
        without_found_bytes(pieces_end),
        without_found_bytes(whole_end)
    );
    Ok(())
}

proptest! {
    #[test]
    fn what_is_encoded_decodes_to_itself(frames in vec(frame(), 0..20), sizes in vec(1..500_usize, 1..9)) {
        prop_assert_eq!(heard_in_pieces(&encoded(&frames), &sizes), (frames, Ok(0)));
    }

    #[test]
    fn a_compressed_frame_holds_what_was_put_in(
        version in version(),
        frames in vec(frame(), 0..20),
        sizes in vec(1..500_usize, 1..9),
    ) {
        let mut want = frames.clone();
        want.insert(0, Heard::Compressed(version));
        prop_assert_eq!(heard_in_pieces(&compressed(version, &encoded(&frames)), &sizes), (want, Ok(0)));
    }

    #[test]
    fn a_compressed_frame_within_another_is_refused(version in version(), frames in vec(frame(), 0..5)) {
        let outer = compressed(version, &compressed(version, &encoded(&frames)));
        prop_assert_eq!(heard_in_pieces(&outer, &[usize::MAX]).1, Err(FrameError::CompressedInCompressed));
    }

    #[test]
    fn a_window_decodes_to_the_events_it_was_written_from(
        level in 0..=9_u8,
        payloads in vec(vec(any::<u8>(), 1..500), 1..50),
    ) {
        let compression = if level == 0 { Compression::None } else { Compression::Level(level) };
        let mut window = Vec::new();
        let size = WindowWriter::new(compression).write(&mut window, payloads.iter().map(Vec::as_slice)).unwrap();
        let mut want = vec![Heard::Window(Version::V2, size)];
        want.extend((level > 0).then_some(Heard::Compressed(Version::V2)));
        want.extend((1..).map(Sequence::new).zip(payloads).map(|(sequence, payload)| Heard::Json(sequence, payload)));
        prop_assert_eq!(heard_in_pieces(&window, &[100]), (want, Ok(0)));
    }

    #[test]
    fn bytes_of_any_kind_end_in_frames_or_in_a_named_error(
        input in bytes(10_000),
        sizes in vec(1..500_usize, 1..9),
    ) {
        assert_splitting_changes_nothing(&input, &sizes)?;
    }

    #[test]
    fn broken_frames_are_broken_alike_however_they_are_split(
        frames in vec(frame(), 1..10),
        packed in any::<bool>(),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in any::<prop::sample::Index>(),
        sizes in vec(1..100_usize, 1..9),
    ) {
        let mut input = encoded(&frames);
        if packed {
            input = compressed(Version::V2, &input);
        }
        for (place, byte) in damage {
            let place = place.index(input.len());
            input[place] = byte;
        }
        input.truncate(cut.index(input.len()) + 1);
        assert_splitting_changes_nothing(&input, &sizes)?;
    }

    #[test]
    fn no_stream_makes_the_inflater_exceed_its_bound(
        stream in bytes(2000),
        zlib_head in any::<bool>(),
        out_bytes_max in 0..5000_usize,
    ) {
        let stream = if zlib_head { [b"\x78\x5e", stream.as_slice()].concat() } else { stream };
        let mut out = Vec::new();
        // What came of it is not the point.
        let _ = Inflater::new().inflate(&stream, &mut out, out_bytes_max);
        prop_assert!(out.capacity() <= out_bytes_max);
    }
}
