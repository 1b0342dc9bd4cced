//! The files of a folder: their names and their order.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::checks;
use crate::error::SegmentError;

const EXTENSION: &str = "ndjson";
/// As many digits as the largest sequence number has, so that the order of the names is that of the numbers.
const DIGITS: usize = 20;

/// A segment file on disk, as it was when it was listed.
#[derive(Clone, Debug)]
pub struct SegmentFile {
    /// Its number; those of newer segments are larger.
    pub sequence: u64,
    /// Where it is.
    pub path: PathBuf,
    /// Its length.
    pub bytes: u64,
    /// When it was last written to.
    pub modified: SystemTime,
}

/// The segments of a folder, oldest first. Other files are none of ours.
pub fn list(dir: impl AsRef<Path>) -> Result<Vec<SegmentFile>, SegmentError> {
    let dir = dir.as_ref();
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).map_err(SegmentError::at(dir))? {
        let path = entry.map_err(SegmentError::at(dir))?.path();
        let Some(sequence) = sequence(&path) else {
            continue;
        };
        let facts =
            fs::metadata(&path).and_then(|metadata| Ok((metadata.len(), metadata.modified()?)));
        match facts {
            Ok((bytes, modified)) => files.push(SegmentFile {
                sequence,
                path,
                bytes,
                modified,
            }),
            // Removed by a reader that had no more use for it.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(SegmentError::at(&path)(error)),
        }
    }
    files.sort_by_key(|file| file.sequence);
    Ok(files)
}

/// Where the segment of this number is.
pub(crate) fn path(dir: &Path, sequence: u64) -> PathBuf {
    dir.join(format!("{sequence:0DIGITS$}.{EXTENSION}"))
}

/// Removes a segment and its checksums; one that is gone already is no error.
pub(crate) fn remove(file: &SegmentFile) -> Result<(), SegmentError> {
    // The checksums first: what is left of a removal that is cut short is a segment without any, which is a good one.
    for path in [checks::path(&file.path), file.path.clone()] {
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(SegmentError::at(&path)(error));
            }
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

/// Makes the names in a folder last: a file's own sync does not cover them.
pub(crate) fn sync_dir(dir: &Path) -> Result<(), SegmentError> {
    File::open(dir)
        .and_then(|dir| dir.sync_all())
        .map_err(SegmentError::at(dir))
}

fn sequence(path: &Path) -> Option<u64> {
    let stem = path.file_stem()?.to_str()?;
    let ours = path.extension()? == EXTENSION
        && stem.len() == DIGITS
        && stem.bytes().all(|byte| byte.is_ascii_digit());
    if ours { stem.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_segments_are_listed_and_in_their_order() {
        let dir = tempfile::tempdir().unwrap();
        for name in [
            "lock",
            "1.ndjson",
            "00000000000000000001.json",
            "+0000000000000000001.ndjson",
        ] {
            fs::write(dir.path().join(name), "x").unwrap();
        }
        for sequence in [10, 9, u64::MAX, 1] {
            fs::write(path(dir.path(), sequence), "abc\n").unwrap();
        }
        let files = list(dir.path()).unwrap();
        assert_eq!(
            files.iter().map(|file| file.sequence).collect::<Vec<_>>(),
            [1, 9, 10, u64::MAX]
        );
        assert_eq!(files[0].bytes, 4);
    }
}
