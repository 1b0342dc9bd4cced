//! Removing segments from outside, while a writer may be at work.

use std::path::Path;

use crate::error::SegmentError;
use crate::files::{self, SegmentFile};
use crate::lock::lock;

/// Removes the segments that `goes` chooses, among those that are there now, and returns them. A writer may be at work:
/// it appends to the newest segment and to no other, so that one stays. Without a writer none can begin before all are
/// removed.
pub fn purge(
    dir: impl AsRef<Path>,
    mut goes: impl FnMut(&SegmentFile) -> bool,
) -> Result<Vec<SegmentFile>, SegmentError> {
    let dir = dir.as_ref();
    let lock = match lock(dir) {
        Ok(lock) => Some(lock),
        Err(SegmentError::Locked { .. }) => None,
        Err(error) => return Err(error),
    };
    let mut files = files::list(dir)?;
    if lock.is_none() {
        files.pop();
    }
    files.retain(&mut goes);
    files.iter().try_for_each(files::remove)?;
    files::sync_dir(dir)?;
    Ok(files)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::segments::{Segments, Settings};

    fn folder() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for sequence in 1..=3 {
            fs::write(files::path(dir.path(), sequence), "line\n").unwrap();
        }
        dir
    }

    fn sequences(files: &[SegmentFile]) -> Vec<u64> {
        files.iter().map(|file| file.sequence).collect()
    }

    #[test]
    fn what_is_chosen_goes_and_the_rest_stays() {
        let dir = folder();
        let removed = purge(dir.path(), |file| file.sequence != 2).unwrap();
        assert_eq!(sequences(&removed), [1, 3]);
        assert_eq!(sequences(&files::list(dir.path()).unwrap()), [2]);
    }

    #[test]
    fn the_newest_segment_of_a_folder_that_is_written_to_stays() {
        let dir = folder();
        let mut segments = Segments::open(dir.path(), Settings::default()).unwrap();
        assert_eq!(sequences(&purge(dir.path(), |_| true).unwrap()), [1, 2]);
        segments.append(b"new\n").unwrap();
        segments.sync().unwrap();
        let lines: Result<Vec<_>, _> = crate::read(dir.path()).unwrap().collect();
        assert_eq!(lines.unwrap(), [b"line".as_slice(), b"new"]);
    }

    #[test]
    fn the_lock_is_given_back() {
        let dir = folder();
        purge(dir.path(), |_| true).unwrap();
        Segments::open(dir.path(), Settings::default()).unwrap();
    }
}
