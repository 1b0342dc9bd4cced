//! Bodies compressed, by compressors that are used again: one takes 380 KiB, and making it anew costs an eighth of
//! what it then does.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use flate2::{Compress, Compression, Crc, FlushCompress, Status};

/// No name, no time, no system: what RFC 1952 asks for at least.
const HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// Log lines as JSON shrink to a sixth or less; what does not fit makes the buffer grow.
const USUAL_RATIO: usize = 5;

/// Makes gzip streams.
#[derive(Debug)]
pub(crate) struct Gzip {
    level: Compression,
    /// No more than were ever at work at a time.
    idle: Mutex<Vec<Compress>>,
}

impl Gzip {
    /// With this level, 1 to 9.
    pub(crate) fn new(level: u8) -> Arc<Self> {
        Arc::new(Self {
            level: Compression::new(level.into()),
            idle: Mutex::default(),
        })
    }

    /// Compresses where it holds up nobody: a body of 2,000 events takes some milliseconds.
    pub(crate) async fn compress(self: &Arc<Self>, plain: Bytes) -> io::Result<Bytes> {
        let gzip = Arc::clone(self);
        let compressed = tokio::task::spawn_blocking(move || gzip.compress_here(&plain));
        Ok(compressed.await??.into())
    }

    fn compress_here(&self, plain: &[u8]) -> io::Result<Vec<u8>> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = idle().pop();
        let mut compress = taken.unwrap_or_else(|| Compress::new(self.level, false));
        compress.reset();
        let mut out = Vec::with_capacity(HEAD.len() + plain.len() / USUAL_RATIO + 1024);
        out.extend_from_slice(&HEAD);
        deflate(&mut compress, plain, &mut out)?;
        idle().push(compress);
        let mut crc = Crc::new();
        crc.update(plain);
        out.extend_from_slice(&crc.sum().to_le_bytes());
        out.extend_from_slice(&crc.amount().to_le_bytes());
        Ok(out)
    }
}

/// Appends all of `plain` as one deflate stream.
fn deflate(compress: &mut Compress, plain: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
    loop {
        let taken = compress.total_in() as usize;
        match compress.compress_vec(&plain[taken..], out, FlushCompress::Finish)? {
            Status::StreamEnd => return Ok(()),
            Status::Ok | Status::BufError => out.reserve(out.capacity()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn inflated(bytes: &[u8]) -> Vec<u8> {
        let mut plain = Vec::new();
        let mut decoder = flate2::read::GzDecoder::new(bytes);
        decoder.read_to_end(&mut plain).unwrap();
        plain
    }

    #[test]
    fn what_goes_in_comes_out_and_the_compressor_is_used_again() {
        let mut random = fastrand::Rng::with_seed(1);
        let noise: Vec<u8> = (0..500_000).map(|_| random.u8(..)).collect();
        let same = vec![b'x'; 300_000];
        for level in [1, 6, 9] {
            let gzip = Gzip::new(level);
            for plain in [&b""[..], b"{}\n", &noise, &same] {
                assert_eq!(inflated(&gzip.compress_here(plain).unwrap()), plain);
                assert_eq!(gzip.idle.lock().unwrap().len(), 1);
            }
        }
    }
}
