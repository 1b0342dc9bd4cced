//! One writer a folder.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use crate::error::SegmentError;

/// Held while a process writes to the folder; the system lets go of it when the process ends, however it does.
const LOCK_FILE: &str = "lock";

/// Takes the folder's lock, which is held until the file is closed.
pub(crate) fn lock(dir: &Path) -> Result<File, SegmentError> {
    let path = dir.join(LOCK_FILE);
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path);
    let file = file.map_err(SegmentError::at(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(SegmentError::Locked {
            dir: dir.to_owned(),
        }),
        Err(TryLockError::Error(source)) => Err(SegmentError::at(&path)(source)),
    }
}
