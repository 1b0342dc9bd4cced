//! The reading end: the lines of all segments, oldest first.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::vec;

use crate::error::SegmentError;
use crate::files;

/// Reads the lines of a folder's segments, those that are there now. Another process may write meanwhile; a last
/// line without its newline is not a line yet.
pub fn read(dir: impl AsRef<Path>) -> Result<Lines, SegmentError> {
    let paths: Vec<PathBuf> = files::list(dir.as_ref())?
        .into_iter()
        .map(|file| file.path)
        .collect();
    Ok(Lines {
        paths: paths.into_iter(),
        current: None,
    })
}

/// Lines without their newlines. Ends after an error.
#[derive(Debug)]
pub struct Lines {
    paths: vec::IntoIter<PathBuf>,
    current: Option<(PathBuf, BufReader<File>)>,
}

impl Lines {
    fn next_line(&mut self) -> Result<Option<Vec<u8>>, SegmentError> {
        loop {
            if let Some((path, file)) = &mut self.current {
                let mut line = Vec::new();
                file.read_until(b'\n', &mut line)
                    .map_err(SegmentError::at(path))?;
                if line.pop() == Some(b'\n') {
                    return Ok(Some(line));
                }
            }
            let Some(path) = self.paths.next() else {
                self.current = None;
                return Ok(None);
            };
            let file = File::open(&path).map_err(SegmentError::at(&path))?;
            self.current = Some((path, BufReader::new(file)));
        }
    }
}

impl Iterator for Lines {
    type Item = Result<Vec<u8>, SegmentError>;

    fn next(&mut self) -> Option<Self::Item> {
        let line = self.next_line();
        if line.is_err() {
            *self = Self {
                paths: Vec::new().into_iter(),
                current: None,
            };
        }
        line.transpose()
    }
}
