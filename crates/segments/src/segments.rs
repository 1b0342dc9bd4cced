//! The writing end: a folder of segments, the newest of them open.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::error::SegmentError;
use crate::files::{self, SegmentFile};
use crate::lock::lock;
use crate::segment::{Left, Segment};
use crate::verify::Rot;

/// How much may be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Length at which a new segment is begun. Lines appended together stay together, even if they are longer.
    pub segment_bytes_max: u64,
    /// Length of all segments of the folder together. Lines appended together that are longer than this are taken while the
    /// folder is below it, since they could never be kept otherwise.
    pub total_bytes_max: u64,
}

impl Default for Settings {
    /// 64 MiB a segment, 1 GiB in all.
    fn default() -> Self {
        Self {
            segment_bytes_max: 64 << 20,
            total_bytes_max: 1 << 30,
        }
    }
}

impl Settings {
    /// Whether a folder of so many bytes may take so many more at once.
    fn have_room(&self, there: u64, bytes: u64) -> bool {
        let limit = self.total_bytes_max;
        if bytes > limit {
            there < limit
        } else {
            there.saturating_add(bytes) <= limit
        }
    }
}

/// How much was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Segments.
    pub segments: u64,
    /// Their length together.
    pub bytes: u64,
}

/// A folder of segments, open for writing.
#[derive(Debug)]
pub struct Segments {
    dir: PathBuf,
    settings: Settings,
    /// Never written to; closing it ends the lock.
    _lock: File,
    /// The newest segment is the last; those before it are full and wait for their sync. Empty until the first
    /// append if there was none on disk.
    open: Vec<Segment>,
    next_sequence: u64,
    total_bytes: u64,
    torn_bytes: u64,
    rotten: Vec<Rot>,
    /// Whether a file was made or removed since the folder was last synced.
    dir_changed: bool,
}

impl Segments {
    /// Opens a folder, which is made if it is not there, and repairs what a crash has left of the newest segment. One that
    /// is [`rotten`](Self::rotten) stays as it is, and a new one is begun; the older ones are not looked at.
    pub fn open(dir: impl Into<PathBuf>, settings: Settings) -> Result<Self, SegmentError> {
        let dir = dir.into();
        create(&dir)?;
        let lock = lock(&dir)?;
        let found = files::list(&dir)?;
        let next_sequence = found
            .last()
            .map_or(1, |newest| newest.sequence.saturating_add(1));
        let mut total_bytes = found.iter().map(|file| file.bytes).sum();
        let (mut open, mut torn_bytes, mut rotten) = (Vec::new(), 0, Vec::new());
        if let Some(newest) = found.into_iter().next_back() {
            match Segment::recover(&newest.path)? {
                Left::Good(segment, torn) => {
                    open.push(segment);
                    torn_bytes = torn;
                    total_bytes -= torn;
                }
                Left::Rotten(stretches) => rotten = stretches,
            }
        }
        let dir_changed = true; // whoever made the newest file may not have lived to sync the folder
        Ok(Self {
            dir,
            settings,
            _lock: lock,
            open,
            next_sequence,
            total_bytes,
            torn_bytes,
            rotten,
            dir_changed,
        })
    }

    /// Appends whole lines, all of them or none; they last once [`sync`](Self::sync) has succeeded.
    pub fn append(&mut self, lines: &[u8]) -> Result<(), SegmentError> {
        match lines.last() {
            None => return Ok(()),
            Some(b'\n') => {}
            Some(_) => return Err(SegmentError::Unterminated),
        }
        let bytes = lines.len() as u64;
        if !self.has_room(bytes)? {
            self.begin_after_the_full()?;
            return Err(SegmentError::Full {
                dir: self.dir.clone(),
                limit_bytes: self.settings.total_bytes_max,
            });
        }
        self.segment_for(bytes)?.append(lines)?;
        self.total_bytes += bytes;
        Ok(())
    }

    /// Makes everything appended last. After an error what was appended since the last successful sync counts as not
    /// kept: it must be appended again, and goes into a new segment.
    pub fn sync(&mut self) -> Result<(), SegmentError> {
        self.sync_all().inspect_err(|_| {
            let given_up: u64 = self.open.drain(..).map(Segment::abandon).sum();
            self.total_bytes = self.total_bytes.saturating_sub(given_up);
        })
    }

    /// Removes the oldest segments until so many bytes more may be kept.
    pub fn make_room(&mut self, bytes: u64) -> Result<Removed, SegmentError> {
        if self.has_room(bytes)? {
            return Ok(Removed::default());
        }
        self.sync()?;
        if !self.newest_takes(bytes) {
            // A new segment is begun for these bytes, and the newest is written to no more.
            self.open.clear();
        }
        let (settings, mut left) = (self.settings, self.total_bytes);
        self.remove_oldest(|file| {
            let goes = !settings.have_room(left, bytes);
            left = left.saturating_sub(file.bytes);
            goes
        })
    }

    /// Removes segments, the oldest first, as long as `goes` says so. One that is written to always stays.
    pub fn remove_oldest(
        &mut self,
        mut goes: impl FnMut(&SegmentFile) -> bool,
    ) -> Result<Removed, SegmentError> {
        let mut removed = Removed::default();
        for file in files::list(&self.dir)? {
            let is_open = self.open.iter().any(|open| open.path() == file.path);
            if is_open || !goes(&file) {
                break;
            }
            files::remove(&file)?;
            self.dir_changed = true;
            self.total_bytes = self.total_bytes.saturating_sub(file.bytes);
            removed.segments += 1;
            removed.bytes += file.bytes;
        }
        Ok(removed)
    }

    /// Length of all segments.
    pub fn bytes(&self) -> u64 {
        self.total_bytes
    }

    /// How many bytes of an unfinished last line were cut off when the folder was opened: 0 after a clean end.
    pub fn torn_bytes(&self) -> u64 {
        self.torn_bytes
    }

    /// What of the newest segment was not what had been written there, when the folder was opened.
    pub fn rotten(&self) -> &[Rot] {
        &self.rotten
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    fn sync_all(&mut self) -> Result<(), SegmentError> {
        self.open.iter_mut().try_for_each(Segment::sync)?;
        if self.dir_changed {
            files::sync_dir(&self.dir)?;
            self.dir_changed = false;
        }
        let full = self.open.len().saturating_sub(1);
        self.open.drain(..full);
        Ok(())
    }

    /// Counts anew before saying no: others may have removed segments they had no more use for.
    fn has_room(&mut self, bytes: u64) -> Result<bool, SegmentError> {
        if !self.settings.have_room(self.total_bytes, bytes) {
            self.total_bytes = files::list(&self.dir)?.iter().map(|file| file.bytes).sum();
        }
        Ok(self.settings.have_room(self.total_bytes, bytes))
    }

    /// Begins an empty segment, so that every other one may be removed from outside while this folder is written to.
    fn begin_after_the_full(&mut self) -> Result<(), SegmentError> {
        match self.open.last() {
            Some(newest) if newest.bytes() == 0 => Ok(()),
            _ => self.begin_segment(),
        }
    }

    /// Whether there is an open segment that so many bytes are not too many for.
    fn newest_takes(&self, bytes: u64) -> bool {
        self.open.last().is_some_and(|segment| {
            segment.bytes() == 0
                || segment.bytes().saturating_add(bytes) <= self.settings.segment_bytes_max
        })
    }

    /// The newest segment, or a new one if so many bytes would be too many for it.
    fn segment_for(&mut self, bytes: u64) -> Result<&mut Segment, SegmentError> {
        if !self.newest_takes(bytes) {
            self.begin_segment()?;
        }
        let newest = self.open.len() - 1;
        Ok(&mut self.open[newest])
    }

    fn begin_segment(&mut self) -> Result<(), SegmentError> {
        let path = files::path(&self.dir, self.next_sequence);
        let segment = Segment::create(path)?;
        self.next_sequence = self.next_sequence.saturating_add(1);
        self.dir_changed = true;
        self.open.push(segment);
        Ok(())
    }
}

/// Makes the folder, and its name last.
fn create(dir: &Path) -> Result<(), SegmentError> {
    if dir.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(dir).map_err(SegmentError::at(dir))?;
    let absolute = fs::canonicalize(dir).map_err(SegmentError::at(dir))?;
    absolute
        .ancestors()
        .skip(1)
        .take(1)
        .try_for_each(files::sync_dir)
}

#[cfg(test)]
mod tests;
