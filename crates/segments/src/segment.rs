//! One segment file that is written to.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::error::SegmentError;

/// How much is read at a time when looking for the last newline.
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
}

impl Segment {
    /// Makes a new, empty segment.
    pub(crate) fn create(path: PathBuf) -> Result<Self, SegmentError> {
        let file = OpenOptions::new().append(true).create_new(true).open(&path);
        let file = file.map_err(SegmentError::at(&path))?;
        Ok(Self {
            path,
            file,
            bytes: 0,
            synced_bytes: 0,
            torn: false,
        })
    }

    /// Opens a segment that an earlier process left, cuts off a last line without its newline, and says how
    /// many bytes that were.
    pub(crate) fn recover(path: PathBuf) -> Result<(Self, u64), SegmentError> {
        let recovered = (|| {
            let mut file = OpenOptions::new().read(true).append(true).open(&path)?;
            let found = file.metadata()?.len();
            let bytes = end_of_last_line(&mut file, found)?;
            if bytes < found {
                file.set_len(bytes)?;
            }
            file.sync_data()?;
            io::Result::Ok((file, bytes, found - bytes))
        })();
        let (file, bytes, torn_bytes) = recovered.map_err(SegmentError::at(&path))?;
        Ok((
            Self {
                path,
                file,
                bytes,
                synced_bytes: bytes,
                torn: false,
            },
            torn_bytes,
        ))
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
        Ok(())
    }

    /// Makes what was appended last.
    pub(crate) fn sync(&mut self) -> Result<(), SegmentError> {
        if self.synced_bytes < self.bytes {
            self.file
                .sync_data()
                .map_err(SegmentError::at(&self.path))?;
            self.synced_bytes = self.bytes;
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

/// Position after the last newline.
fn end_of_last_line(file: &mut File, length: u64) -> io::Result<u64> {
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut end = length;
    while end > 0 {
        let start = end.saturating_sub(CHUNK_BYTES as u64);
        let chunk = &mut chunk[..(end - start) as usize];
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(chunk)?;
        if let Some(newline) = chunk.iter().rposition(|&byte| byte == b'\n') {
            return Ok(start + newline as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

#[cfg(test)]
impl Segment {
    /// Puts another file in place of the segment's, to see what a failing disk does.
    pub(crate) fn replace_file(&mut self, file: File) -> File {
        std::mem::replace(&mut self.file, file)
    }
}
