//! Streams of usual size, opened at once by libdeflate.

#[cfg(feature = "libdeflate")]
use libdeflater::Decompressor;

/// A buffer for one inflated stream, and what fills it.
#[derive(Default)]
pub(super) struct Whole {
    text: Vec<u8>,
    #[cfg(feature = "libdeflate")]
    deflate: Option<Decompressor>,
}

/// What a stream may give to be opened at once. A window of Filebeat's gives some 2 MiB.
#[cfg(feature = "libdeflate")]
const TEXT_BYTES_MAX: usize = 4 << 20;

/// How many times its own size a stream may give. Filebeat's give six to thirteen times theirs; a stream that is made to
/// give a thousand times its size is not tried twice for nothing.
#[cfg(feature = "libdeflate")]
const RATIO_MAX: usize = 24;

impl Whole {
    #[cfg(feature = "libdeflate")]
    pub(super) fn inflate(&mut self, compressed: &[u8]) -> Option<usize> {
        let room_bytes = compressed.len().saturating_mul(RATIO_MAX);
        let room_bytes = room_bytes.next_power_of_two().min(TEXT_BYTES_MAX);
        if self.text.len() < room_bytes {
            // Zeroes that nobody has written to take no memory yet.
            self.text = vec![0; room_bytes];
        }
        let deflate = self.deflate.get_or_insert_with(Decompressor::new);
        deflate
            .zlib_decompress(compressed, &mut self.text[..room_bytes])
            .ok()
    }

    #[cfg(not(feature = "libdeflate"))]
    #[expect(clippy::unused_self, reason = "it is called alike with the feature")]
    pub(super) fn inflate(&mut self, _: &[u8]) -> Option<usize> {
        None
    }

    pub(super) fn text(&mut self, bytes: usize) -> &mut [u8] {
        self.text.get_mut(..bytes).unwrap_or_default()
    }
}

impl std::fmt::Debug for Whole {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Whole")
            .field("text_bytes", &self.text.len())
            .finish_non_exhaustive()
    }
}
