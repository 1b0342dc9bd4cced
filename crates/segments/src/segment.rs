//! One segment file that is written to.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::checks::{CheckWriter, Checks};
use crate::error::SegmentError;
use crate::verify::{Rot, verify};

/// How much is read at a time when looking for the last good line.
const CHUNK_BYTES: usize = 64 * 1024;

/// An open segment.
#[derive(Debug)]
pub(crate) struct Segment {
    path: PathBuf,
    file: File,
    /// Length of the whole lines; what may lie beyond is the rest of a failed write.
    bytes: u64,
    /// Length at the last successful sync.
    synced_bytes: u64,
    /// Whether something may lie beyond `bytes`.
    torn: bool,
    checks: CheckWriter,
}

/// What an earlier process left.
#[derive(Debug)]
pub(crate) enum Left {
    /// A segment to go on with, and how many bytes were cut off.
    Good(Segment, u64),
    /// A segment that is not what was written. It stays as it is.
    Rotten(Vec<Rot>),
}

impl Segment {
    /// Makes a new, empty segment.
    pub(crate) fn create(path: PathBuf) -> Result<Self, SegmentError> {
        let file = OpenOptions::new().append(true).create_new(true).open(&path);
        let file = file.map_err(SegmentError::at(&path))?;
        Ok(Self {
            checks: CheckWriter::create(&path),
            path,
            file,
            bytes: 0,
            synced_bytes: 0,
            torn: false,
        })
    }

    /// Opens a segment that an earlier process left. What its checksums cover is verified; of the rest, what stands after
    /// the last whole line is cut off.
    pub(crate) fn recover(path: &Path) -> Result<Left, SegmentError> {
        Self::try_recover(path).map_err(SegmentError::at(path))
    }

    fn try_recover(path: &Path) -> io::Result<Left> {
        let mut file = OpenOptions::new().read(true).append(true).open(path)?;
        let mut checks = Checks::open(path);
        let rotten = verify(path, &mut file, &mut checks)?;
        if !rotten.is_empty() {
            return Ok(Left::Rotten(rotten));
        }
        let (last, end) = checks.so_far();
        let mut checks = CheckWriter::resume(path, last, end);
        let found = file.metadata()?.len();
        let bytes = end_of_last_line(&mut file, last.bytes, found)?;
        if bytes < found {
            file.set_len(bytes)?;
        }
        file.sync_data()?;
        if last.bytes < bytes {
            add_rest(&mut file, last.bytes, bytes, &mut checks)?;
        }
        let segment = Self {
            path: path.to_owned(),
            file,
            bytes,
            synced_bytes: bytes,
            torn: false,
            checks,
        };
        Ok(Left::Good(segment, found - bytes))
    }

    /// Appends all of the lines, or leaves the segment as it was.
    pub(crate) fn append(&mut self, lines: &[u8]) -> Result<(), SegmentError> {
        if self.torn {
            truncate(&self.path, self.bytes).map_err(SegmentError::at(&self.path))?;
        }
        self.torn = true;
        if let Err(error) = self.file.write_all(lines) {
            // Should this fail, too, the next append tries it again before anything else.
            self.torn = truncate(&self.path, self.bytes).is_err();
            return Err(SegmentError::at(&self.path)(error));
        }
        self.torn = false;
        self.bytes += lines.len() as u64;
        self.checks.add(lines);
        Ok(())
    }

    /// Makes what was appended last.
    pub(crate) fn sync(&mut self) -> Result<(), SegmentError> {
        if self.synced_bytes < self.bytes {
            self.file
                .sync_data()
                .map_err(SegmentError::at(&self.path))?;
            self.synced_bytes = self.bytes;
            self.checks.write(self.bytes);
        }
        Ok(())
    }

    /// Closes the segment for good after a failed sync, without what that sync was to cover: a later sync could
    /// succeed although the system has dropped those pages. Returns how many bytes are given up.
    pub(crate) fn abandon(self) -> u64 {
        // Should this fail, lines are left that their sender will send again: twice there is better than not.
        let _ = truncate(&self.path, self.synced_bytes);
        self.bytes - self.synced_bytes
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }
}

/// Cuts a file off, by its path: a handle that has failed to write is not asked.
fn truncate(path: &Path, bytes: u64) -> io::Result<()> {
    OpenOptions::new().write(true).open(path)?.set_len(bytes)
}

/// Position after the last whole line, which is at least `start`. A line with a zero byte is none: no JSON has one, and a
/// power cut leaves them where it lost what was written.
fn end_of_last_line(file: &mut File, start: u64, length: u64) -> io::Result<u64> {
    let mut chunk = vec![0; CHUNK_BYTES];
    let (mut end, mut line_end) = (length, None);
    while end > start {
        let from = end.saturating_sub(CHUNK_BYTES as u64).max(start);
        let chunk = &mut chunk[..(end - from) as usize];
        file.seek(SeekFrom::Start(from))?;
        file.read_exact(chunk)?;
        for (at, byte) in chunk.iter().enumerate().rev() {
            match (byte, line_end) {
                (b'\n', Some(line_end)) => return Ok(line_end),
                (b'\n', None) => line_end = Some(from + at as u64 + 1),
                (0, _) => line_end = None,
                (_, _) => {}
            }
        }
        end = from;
    }
    Ok(line_end.unwrap_or(start))
}

/// Makes a checksum of what no checksum covers.
fn add_rest(file: &mut File, from: u64, to: u64, checks: &mut CheckWriter) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK_BYTES];
    file.seek(SeekFrom::Start(from))?;
    let mut left = to - from;
    while left > 0 {
        let most = left.min(CHUNK_BYTES as u64) as usize;
        file.read_exact(&mut chunk[..most])?;
        checks.add(&chunk[..most]);
        left -= most as u64;
    }
    checks.write(to);
    Ok(())
}

#[cfg(test)]
impl Segment {
    /// Puts another file in place of the segment's, to see what a failing disk does.
    pub(crate) fn replace_file(&mut self, file: File) -> File {
        std::mem::replace(&mut self.file, file)
    }
}
