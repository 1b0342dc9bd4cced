//! The reading end: the lines of all segments, oldest first.

use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read, Take};
use std::path::Path;
use std::vec;

use crate::error::SegmentError;
use crate::files::{self, SegmentFile};

/// Reads the lines of a folder's segments, those that are there now. Another process may write meanwhile; a last
/// line without its newline is not a line yet.
pub fn read(dir: impl AsRef<Path>) -> Result<Lines, SegmentError> {
    Ok(Lines::of(files::list(dir)?))
}

impl SegmentFile {
    /// Reads the lines that it had when it was listed; none if it was removed since.
    pub fn lines(&self) -> Lines {
        Lines::of(vec![self.clone()])
    }
}

/// Lines without their newlines. Ends after an error.
#[derive(Debug)]
pub struct Lines {
    files: vec::IntoIter<SegmentFile>,
    current: Option<(SegmentFile, Take<BufReader<File>>)>,
}

impl Lines {
    fn of(files: Vec<SegmentFile>) -> Self {
        Self {
            files: files.into_iter(),
            current: None,
        }
    }

    fn next_line(&mut self) -> Result<Option<Vec<u8>>, SegmentError> {
        loop {
            if let Some((segment, file)) = &mut self.current {
                let mut line = Vec::new();
                file.read_until(b'\n', &mut line)
                    .map_err(SegmentError::at(&segment.path))?;
                if line.pop() == Some(b'\n') {
                    return Ok(Some(line));
                }
            }
            self.current = None;
            let Some(segment) = self.files.next() else {
                return Ok(None);
            };
            match File::open(&segment.path) {
                Ok(file) => {
                    // Whoever reads while somebody writes would never come to an end.
                    let file = BufReader::new(file).take(segment.bytes);
                    self.current = Some((segment, file));
                }
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(SegmentError::at(&segment.path)(error)),
            }
        }
    }
}

impl Iterator for Lines {
    type Item = Result<Vec<u8>, SegmentError>;

    fn next(&mut self) -> Option<Self::Item> {
        let line = self.next_line();
        if line.is_err() {
            *self = Self::of(Vec::new());
        }
        line.transpose()
    }
}
