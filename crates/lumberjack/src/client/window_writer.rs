use std::io::Write;

use flate2::write::ZlibEncoder;

use crate::encode::{encode_compressed, encode_json, encode_window};
use crate::error::FrameError;
use crate::frame::{Sequence, Version, WindowSize};

/// How a client packs the events of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// `J` frames as they are.
    None,
    /// All `J` frames in one `C` frame, at zlib level 1 to 9. Filebeat's default is 3.
    Level(u8),
}

/// Writes windows as libbeat does: `W(n)`, then the events 1 to n, in one `C` frame or bare.
///
/// It keeps the state of the compressor, 380 kB, from window to window.
#[derive(Debug)]
pub struct WindowWriter {
    frames: Vec<u8>,
    zlib: Option<ZlibEncoder<Vec<u8>>>,
}

impl WindowWriter {
    /// A writer of windows packed in this way; a level outside 1 to 9 counts as the nearest.
    pub fn new(compression: Compression) -> Self {
        let zlib = match compression {
            Compression::None => None,
            Compression::Level(level) => {
                let level = flate2::Compression::new(u32::from(level.clamp(1, 9)));
                Some(ZlibEncoder::new(Vec::new(), level))
            }
        };
        Self {
            frames: Vec::new(),
            zlib,
        }
    }

    /// Appends one window of these JSON payloads to `out`, and returns its size for [`Acks::new`](crate::Acks::new).
    ///
    /// # Errors
    /// If there are no payloads or one of them is empty; `out` is as before.
    pub fn write<'a>(
        &mut self,
        out: &mut Vec<u8>,
        payloads: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<WindowSize, FrameError> {
        let mut events = 0;
        self.frames.clear();
        for payload in payloads {
            events += 1;
            let sequence = Sequence::new(events);
            if payload.is_empty() {
                return Err(FrameError::EmptyJson { sequence });
            }
            encode_json(&mut self.frames, sequence, payload);
        }
        let size = WindowSize::new(events).ok_or(FrameError::EmptyWindow)?;
        encode_window(out, Version::V2, size);
        match &mut self.zlib {
            None => out.extend_from_slice(&self.frames),
            Some(zlib) => encode_compressed(out, Version::V2, &deflate(zlib, &self.frames)),
        }
        Ok(size)
    }
}

fn deflate(zlib: &mut ZlibEncoder<Vec<u8>>, frames: &[u8]) -> Vec<u8> {
    zlib.write_all(frames)
        .and_then(|()| zlib.reset(Vec::new()))
        .expect("a vector takes every byte")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(compression: Compression, payloads: &[&[u8]]) -> Result<Vec<u8>, FrameError> {
        let mut out = Vec::new();
        WindowWriter::new(compression).write(&mut out, payloads.iter().copied())?;
        Ok(out)
    }

    #[test]
    fn without_compression_the_events_follow_the_head() {
        assert_eq!(
            written(Compression::None, &[b"{}", b"[]"]).unwrap(),
            b"2W\0\0\0\x022J\0\0\0\x01\0\0\0\x02{}2J\0\0\0\x02\0\0\0\x02[]"
        );
    }

    #[test]
    fn with_compression_one_frame_follows_the_head() {
        let window = written(Compression::Level(3), &[b"{}", b"[]"]).unwrap();
        assert_eq!(window[..8], *b"2W\0\0\0\x022C");
        assert_eq!(
            window[8..12],
            u32::try_from(window.len() - 12).unwrap().to_be_bytes()
        );
    }

    #[test]
    fn a_writer_starts_every_window_anew() {
        for compression in [
            Compression::None,
            Compression::Level(1),
            Compression::Level(9),
        ] {
            let mut writer = WindowWriter::new(compression);
            let (mut first, mut second) = (Vec::new(), Vec::new());
            writer.write(&mut first, [&b"{\"a\":1}"[..]]).unwrap();
            writer.write(&mut second, [&b"{\"a\":1}"[..]]).unwrap();
            assert_eq!(first, second, "{compression:?}");
        }
    }

    #[test]
    fn a_level_is_heeded_and_one_out_of_range_is_the_nearest() {
        let payload: Vec<u8> = (0..20_000_u32)
            .flat_map(|number| (number % 997).to_be_bytes())
            .collect();
        let at = |level| written(Compression::Level(level), &[&payload]).unwrap();
        assert!(at(9).len() < at(1).len());
        assert_eq!((at(0), at(200)), (at(1), at(9)));
    }

    #[test]
    fn a_window_without_events_or_with_an_empty_one_is_not_written() {
        assert_eq!(
            written(Compression::None, &[]),
            Err(FrameError::EmptyWindow)
        );
        assert_eq!(
            written(Compression::Level(3), &[b"{}", b""]),
            Err(FrameError::EmptyJson {
                sequence: Sequence::new(2)
            })
        );
    }
}
