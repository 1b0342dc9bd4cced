mod whole;

use flate2::{Decompress, DecompressError, FlushDecompress, Status};

use crate::error::FrameError;
use crate::inflate::whole::Whole;

/// What a call of [`Inflater::inflate`] came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inflated {
    /// The output holds as many bytes as it may; make room and call again.
    More,
    /// The stream is whole and its checksum right.
    Done,
}

/// Opens the zlib stream of a compressed frame, piece by piece.
///
/// It holds some 48 kB of state and is meant to be kept and [`reset`](Self::reset) from frame to frame.
#[derive(Debug)]
pub struct Inflater {
    zlib: Decompress,
    whole: Whole,
}

/// Least and first step by which the output grows.
const GROW_BYTES_MIN: usize = 64 * 1024;

/// Most that is zeroed at a time, so that it is still in the cache when it is written.
const ZEROED_BYTES_MAX: usize = 32 * 1024;

impl Default for Inflater {
    fn default() -> Self {
        Self::new()
    }
}

impl Inflater {
    /// An inflater at the head of a stream.
    pub fn new() -> Self {
        Self {
            zlib: Decompress::new(true),
            whole: Whole::default(),
        }
    }

    /// Forgets the stream at hand, and is at the head of the next.
    pub fn reset(&mut self) {
        self.zlib.reset(true);
    }

    /// Opens all of `compressed` at once if it is of a usual size, at most some 4 MiB inflated; what came out is
    /// [`whole`](Self::whole) until the next call.
    ///
    /// `None` if it is larger, broken, or the crate is built without its feature `libdeflate`: then
    /// [`inflate`](Self::inflate) has the word.
    pub fn inflate_whole(&mut self, compressed: &[u8]) -> Option<usize> {
        self.whole.inflate(compressed)
    }

    /// The first `bytes` of what [`inflate_whole`](Self::inflate_whole) gave.
    pub fn whole(&mut self, bytes: usize) -> &mut [u8] {
        self.whole.text(bytes)
    }

    /// Goes on inflating `compressed`, the whole stream every time, and appends to `out` until that holds `out_bytes_max`
    /// bytes or the stream ends.
    ///
    /// `out` grows as bytes come and keeps its capacity. Bytes after the end of the stream are ignored, as Logstash
    /// ignores them. After an error, only [`reset`](Self::reset) makes sense.
    pub fn inflate(
        &mut self,
        compressed: &[u8],
        out: &mut Vec<u8>,
        out_bytes_max: usize,
    ) -> Result<Inflated, FrameError> {
        loop {
            let room_bytes = out_bytes_max.saturating_sub(out.len());
            if room_bytes == 0 {
                return Ok(Inflated::More);
            }
            let before = (self.zlib.total_in(), out.len());
            let input = compressed.get(before.0 as usize..).unwrap_or_default();
            match self
                .append(input, out, room_bytes)
                .map_err(|error| corrupt(&error))?
            {
                Status::StreamEnd => return Ok(Inflated::Done),
                Status::Ok | Status::BufError => {}
            }
            if before == (self.zlib.total_in(), out.len()) {
                return Err(FrameError::InflateTruncated {
                    inflated_bytes: self.zlib.total_out(),
                });
            }
        }
    }

    /// Appends at least one byte and at most `room_bytes`, if the input has them.
    ///
    /// Fresh memory is best written without being zeroed first, which the safe way can do with all of a vector's
    /// spare capacity or not at all. So it is done wherever that capacity may be filled; a vector that once grew larger
    /// than it may now be filled has small pieces of it zeroed.
    fn append(
        &mut self,
        input: &[u8],
        out: &mut Vec<u8>,
        room_bytes: usize,
    ) -> Result<Status, DecompressError> {
        if out.len() == out.capacity() {
            out.reserve_exact(room_bytes.min(out.len().max(GROW_BYTES_MIN)));
        }
        if out.capacity() - out.len() <= room_bytes {
            return self.zlib.decompress_vec(input, out, FlushDecompress::None);
        }
        let (start, produced) = (out.len(), self.zlib.total_out());
        out.resize(start + room_bytes.min(ZEROED_BYTES_MAX), 0);
        let status = self
            .zlib
            .decompress(input, &mut out[start..], FlushDecompress::None);
        out.truncate(start + (self.zlib.total_out() - produced) as usize);
        status
    }
}

fn corrupt(error: &DecompressError) -> FrameError {
    let reason = match (error.message(), error.needs_dictionary()) {
        // zlib-rs overwrites what its fast loop found with what its slow loop makes of it.
        (Some("repeated call with bad state"), _) => "invalid code or distance",
        (Some(message), _) => message,
        (None, Some(_)) => "needs a dictionary",
        (None, None) => "not a zlib stream",
    };
    FrameError::InflateCorrupt {
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests;
