use bytes::BufMut;

use crate::frame::{FrameType, Sequence, Version, WindowSize};

/// The six bytes of an acknowledgement; with [`crate::KEEPALIVE`], of a keepalive.
pub const fn encode_ack(version: Version, sequence: Sequence) -> [u8; 6] {
    let [a, b, c, d] = sequence.get().to_be_bytes();
    [version.digit(), FrameType::Ack.letter(), a, b, c, d]
}

/// Writes the head of a window.
pub fn encode_window(out: &mut impl BufMut, version: Version, size: WindowSize) {
    encode_head(out, version, FrameType::Window);
    out.put_u32(size.get());
}

/// Writes an event as JSON. Only version 2 has this frame, so there is no version to choose.
///
/// # Panics
/// If the payload has 2^32 bytes or more; a frame cannot say so.
pub fn encode_json(out: &mut impl BufMut, sequence: Sequence, payload: &[u8]) {
    encode_head(out, Version::V2, FrameType::Json);
    out.put_u32(sequence.get());
    encode_bytes(out, payload);
}

/// Writes an event as key and value pairs.
///
/// # Panics
/// If there are 2^32 pairs, or a key or value has that many bytes; a frame cannot say so.
pub fn encode_data<'a>(
    out: &mut impl BufMut,
    version: Version,
    sequence: Sequence,
    pairs: impl ExactSizeIterator<Item = (&'a [u8], &'a [u8])>,
) {
    encode_head(out, version, FrameType::Data);
    out.put_u32(sequence.get());
    out.put_u32(as_u32(pairs.len()));
    for (key, value) in pairs {
        encode_bytes(out, key);
        encode_bytes(out, value);
    }
}

/// Writes a frame of frames that are compressed already.
///
/// # Panics
/// If the stream has 2^32 bytes or more; a frame cannot say so.
pub fn encode_compressed(out: &mut impl BufMut, version: Version, zlib: &[u8]) {
    encode_head(out, version, FrameType::Compressed);
    encode_bytes(out, zlib);
}

fn encode_head(out: &mut impl BufMut, version: Version, frame_type: FrameType) {
    out.put_slice(&[version.digit(), frame_type.letter()]);
}

fn encode_bytes(out: &mut impl BufMut, bytes: &[u8]) {
    out.put_u32(as_u32(bytes.len()));
    out.put_slice(bytes);
}

fn as_u32(length: usize) -> u32 {
    u32::try_from(length).expect("a frame's lengths are 32 bits wide")
}
