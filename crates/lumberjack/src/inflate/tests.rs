use std::io::Write;

use super::*;

/// Two JSON frames as klauspost/compress writes them at level 3.
const TWO_FRAMES: [u8; 40] = [
    0x78, 0x5e, 0x33, 0xf2, 0x62, 0x60, 0x60, 0x60, 0x04, 0x62, 0xfe, 0x6a, 0xa5, 0xdc, 0xd4, 0xe2,
    0xe2, 0xc4, 0xf4, 0x54, 0x25, 0x2b, 0xa5, 0x44, 0xa5, 0x5a, 0x23, 0x90, 0x04, 0x13, 0xba, 0x44,
    0x92, 0x52, 0x2d, 0x00, 0xf9, 0xa7, 0x0b, 0x1b,
];
const TWO_FRAMES_INFLATED: &[u8] =
    b"2J\0\0\0\x01\0\0\0\x0f{\"message\":\"a\"}2J\0\0\0\x02\0\0\0\x0f{\"message\":\"b\"}";

fn deflated(plain: &[u8]) -> Vec<u8> {
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::new(3));
    zlib.write_all(plain).unwrap();
    zlib.finish().unwrap()
}

/// Bytes that repeat themselves now and then, but not soon.
fn varied(length: u32) -> Vec<u8> {
    (0..length)
        .flat_map(|number| (number.wrapping_mul(2_654_435_761) >> 20).to_be_bytes())
        .collect()
}

fn inflated(compressed: &[u8]) -> Result<Vec<u8>, FrameError> {
    let mut out = Vec::new();
    let whole = Inflater::new().inflate(compressed, &mut out, usize::MAX)?;
    assert_eq!(whole, Inflated::Done);
    Ok(out)
}

#[test]
fn a_stream_inflates_to_what_was_deflated() {
    assert_eq!(inflated(&TWO_FRAMES).unwrap(), TWO_FRAMES_INFLATED);
    for plain in [Vec::new(), vec![0], varied(50_000), vec![b'a'; 1_000_000]] {
        assert_eq!(inflated(&deflated(&plain)).unwrap(), plain);
    }
}

#[test]
fn bytes_after_the_stream_are_ignored() {
    assert_eq!(
        inflated(&[&TWO_FRAMES[..], b"and more"].concat()).unwrap(),
        TWO_FRAMES_INFLATED
    );
}

#[test]
fn a_stream_cut_short_anywhere_is_truncated() {
    for end in 0..TWO_FRAMES.len() {
        let error = inflated(&TWO_FRAMES[..end]).unwrap_err();
        assert!(
            matches!(error, FrameError::InflateTruncated { .. }),
            "{end}: {error}"
        );
    }
}

#[test]
fn a_corrupt_stream_is_refused_with_the_reason() {
    let changed = |place: usize, byte: u8| {
        let mut stream = TWO_FRAMES;
        stream[place] = byte;
        stream
    };
    for (stream, want) in [
        (changed(0, b'{'), "incorrect header check"),
        (changed(1, 0xbb), "needs a dictionary"),
        (changed(2, 0xff), "invalid block type"),
        (changed(3, 0), "invalid code or distance"),
        (changed(39, 0x1c), "incorrect data check"),
    ] {
        let error = inflated(&stream).unwrap_err();
        assert_eq!(
            error,
            FrameError::InflateCorrupt {
                reason: want.to_owned()
            }
        );
    }
}

#[test]
fn no_single_changed_byte_goes_unnoticed() {
    for place in 0..TWO_FRAMES.len() {
        let mut stream = TWO_FRAMES;
        stream[place] ^= 0x55;
        assert_ne!(
            inflated(&stream).ok().as_deref(),
            Some(TWO_FRAMES_INFLATED),
            "byte {place}"
        );
    }
}

#[test]
fn a_stream_taken_in_steps_of_any_size_is_the_same() {
    let plain = varied(50_000);
    let compressed = deflated(&plain);
    for (step_bytes, capacity) in [
        (1, 0),
        (1, 1 << 20),
        (4096, 0),
        (70_000, 150_000),
        (1 << 20, 0),
    ] {
        let (mut inflater, mut all) = (Inflater::new(), Vec::new());
        let mut out = Vec::with_capacity(capacity);
        loop {
            let outcome = inflater.inflate(&compressed, &mut out, step_bytes).unwrap();
            assert!(out.len() <= step_bytes);
            all.append(&mut out);
            if outcome == Inflated::Done {
                break;
            }
        }
        assert!(all == plain, "steps of {step_bytes}");
    }
}

#[test]
fn what_the_output_holds_already_stays_and_counts() {
    let mut out = b"before ".to_vec();
    let mut inflater = Inflater::new();
    assert_eq!(
        inflater.inflate(&TWO_FRAMES, &mut out, 9),
        Ok(Inflated::More)
    );
    assert_eq!(out, b"before 2J");
    assert_eq!(
        inflater.inflate(&TWO_FRAMES, &mut out, 5),
        Ok(Inflated::More)
    );
    assert_eq!(
        inflater.inflate(&TWO_FRAMES, &mut out, 1000),
        Ok(Inflated::Done)
    );
    assert_eq!(out, [b"before ", TWO_FRAMES_INFLATED].concat());
}

#[test]
fn a_bomb_takes_no_more_memory_than_is_allowed() {
    let bomb = deflated(&vec![0; 100 << 20]);
    let mut out = Vec::new();
    assert_eq!(
        Inflater::new().inflate(&bomb, &mut out, 1_000_000),
        Ok(Inflated::More)
    );
    assert_eq!(out.len(), 1_000_000);
    assert!(out.capacity() <= 1_000_000, "{}", out.capacity());
}

#[test]
fn memory_grows_with_the_bytes_that_come() {
    let mut out = Vec::new();
    let whole = deflated(&varied(50_000));
    assert!(
        Inflater::new()
            .inflate(&whole[..1000], &mut out, usize::MAX)
            .is_err()
    );
    assert!(out.capacity() <= GROW_BYTES_MIN);
}

#[test]
fn after_a_reset_the_next_stream_is_a_new_one() {
    let mut inflater = Inflater::new();
    for broken in [&TWO_FRAMES[..20], b"not zlib", b""] {
        assert!(
            inflater
                .inflate(broken, &mut Vec::new(), usize::MAX)
                .is_err()
        );
        inflater.reset();
        let mut out = Vec::new();
        assert_eq!(
            inflater.inflate(&TWO_FRAMES, &mut out, usize::MAX),
            Ok(Inflated::Done)
        );
        assert_eq!(out, TWO_FRAMES_INFLATED);
        inflater.reset();
    }
}

#[test]
#[cfg(feature = "libdeflate")]
fn at_once_comes_out_what_comes_out_bit_by_bit() {
    let mut inflater = Inflater::new();
    for plain in [
        Vec::new(),
        vec![0],
        varied(50_000),
        vec![b'a'; 100],
        varied(200_000),
    ] {
        let bytes = inflater.inflate_whole(&deflated(&plain));
        assert_eq!(bytes, Some(plain.len()));
        assert_eq!(inflater.whole(plain.len()), plain);
    }
    let behind = [&TWO_FRAMES[..], b"and more"].concat();
    assert_eq!(
        inflater.inflate_whole(&behind),
        Some(TWO_FRAMES_INFLATED.len())
    );
}

#[test]
fn what_is_too_large_or_broken_is_not_opened_at_once() {
    let mut inflater = Inflater::new();
    assert_eq!(inflater.inflate_whole(&deflated(&varied(2_000_000))), None);
    assert_eq!(
        inflater.inflate_whole(&deflated(&vec![b'a'; 3_000_000])),
        None
    );
    for end in 0..TWO_FRAMES.len() {
        assert_eq!(inflater.inflate_whole(&TWO_FRAMES[..end]), None, "{end}");
        let mut broken = TWO_FRAMES;
        broken[end] ^= 0x10;
        let at_once = inflater.inflate_whole(&broken);
        assert!(at_once.is_none() || inflated(&broken).is_ok(), "{end}");
    }
}
