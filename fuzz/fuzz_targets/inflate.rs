//! Input: the size of a step (two bytes), then a zlib stream.
//!
//! Holds for every input: the output stays within its bound, inflating in steps gives what inflating at once gives, errors
//! included, and what was deflated comes back.

#![no_main]

use std::io::Write;

use flate2::write::ZlibEncoder;
use libfuzzer_sys::fuzz_target;
use sawmill_lumberjack::{FrameError, Inflated, Inflater};

/// Bombs are cut off here, to go on with the next input soon.
const ALL_BYTES_MAX: usize = 1 << 16;

fuzz_target!(|data: &[u8]| {
    let Some((step, stream)) = data.split_first_chunk::<2>() else {
        return;
    };
    let step_bytes = usize::from(u16::from_be_bytes(*step)) + 1;

    let (whole, whole_end) = inflated(stream, ALL_BYTES_MAX, 0);
    for capacity in [0, 2 * step_bytes] {
        let (steps, steps_end) = inflated(stream, step_bytes, capacity);
        assert_eq!(steps, whole);
        assert_eq!(without_reason(steps_end), without_reason(whole_end.clone()));
    }

    let mut zlib = ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    zlib.write_all(stream).expect("a vector takes every byte");
    let deflated = zlib.finish().expect("a vector takes every byte");
    let (again, end) = inflated(&deflated, step_bytes, 0);
    assert_eq!(again, stream[..stream.len().min(ALL_BYTES_MAX)]);
    assert!(end.is_ok());
});

/// zlib-rs has a fast loop and a careful one, and they word the same finding differently.
fn without_reason(end: Result<Inflated, FrameError>) -> Result<Inflated, FrameError> {
    match end {
        Err(FrameError::InflateCorrupt { .. }) => Err(FrameError::InflateCorrupt {
            reason: String::new(),
        }),
        known => known,
    }
}

/// The first [`ALL_BYTES_MAX`] bytes of the stream, taken in steps into a vector of this capacity, and how it ended.
fn inflated(
    stream: &[u8],
    step_bytes: usize,
    capacity: usize,
) -> (Vec<u8>, Result<Inflated, FrameError>) {
    let (mut inflater, mut all) = (Inflater::new(), Vec::new());
    let mut out = Vec::with_capacity(capacity);
    loop {
        let room_bytes = step_bytes.min(ALL_BYTES_MAX - all.len());
        let outcome = inflater.inflate(stream, &mut out, room_bytes);
        assert!(out.len() <= room_bytes && out.capacity() <= capacity.max(step_bytes));
        all.append(&mut out);
        match outcome {
            Ok(Inflated::More) if all.len() < ALL_BYTES_MAX => {}
            ended => return (all, ended),
        }
    }
}
