//! `sawmill dead-letters purge`

use std::collections::BTreeMap;
use std::io::Write;

use jiff::Timestamp;
use sawmill_segments::{SegmentError, SegmentFile};

use super::args::Which;
use super::error::DeadLettersError;
use super::folder::{Folder, entries};

/// Removes segments, and says which, and why others stay.
pub(super) fn purge(
    folder: &Folder,
    which: Which,
    out: &mut impl Write,
) -> Result<(), DeadLettersError> {
    let mut going = Vec::new();
    for segment in &folder.segments {
        let goes = match which.before {
            Some(before) => newest(segment)? < before,
            None => which.all,
        };
        if goes {
            going.push(segment.clone());
        }
    }
    let younger = which
        .before
        .map(|before| format!("with dead letters of {before} or later"));
    remove(folder, &going, &younger.unwrap_or_default(), out)
}

/// Removes the segments of `going` if they are still as they were seen. `others` says why the rest stays.
pub(super) fn remove(
    folder: &Folder,
    going: &[SegmentFile],
    others: &str,
    out: &mut impl Write,
) -> Result<(), DeadLettersError> {
    if folder.segments.is_empty() {
        writeln!(out, "no dead letters in {}", folder.path.display())?;
        return Ok(());
    }
    let lengths: BTreeMap<u64, u64> = going
        .iter()
        .map(|segment| (segment.sequence, segment.bytes))
        .collect();
    // One that has grown has letters that nobody has looked at.
    let unchanged = |file: &SegmentFile| lengths.get(&file.sequence) == Some(&file.bytes);
    let removed = sawmill_segments::purge(&folder.path, unchanged)?;

    let gone = |file: &SegmentFile| removed.iter().any(|gone| gone.sequence == file.sequence);
    let chosen = |file: &SegmentFile| lengths.contains_key(&file.sequence);
    let bytes: u64 = removed.iter().map(|file| file.bytes).sum();
    writeln!(out, "removed: {}, {bytes} bytes", numbers(&removed))?;
    let (mut in_use, mut rest) = (Vec::new(), Vec::new());
    for file in folder.segments.iter().filter(|file| !gone(file)) {
        let stays = if chosen(file) { &mut in_use } else { &mut rest };
        stays.push(file.clone());
    }
    for (files, reason) in [
        (in_use, "which has grown or a running Sawmill writes to"),
        (rest, others),
    ] {
        if !files.is_empty() {
            writeln!(out, "kept: {}, {reason}", numbers(&files))?;
        }
    }
    Ok(())
}

/// The time of a segment's newest letter; of one without letters, the file's own.
fn newest(segment: &SegmentFile) -> Result<Timestamp, SegmentError> {
    let mut newest = None;
    for entry in entries(segment) {
        if let Ok(letter) = entry?.letter() {
            newest = newest.max(Some(letter.time));
        }
    }
    Ok(newest.unwrap_or_else(|| Timestamp::try_from(segment.modified).unwrap_or(Timestamp::MAX)))
}

/// `2 files (1, 2)`
fn numbers(files: &[SegmentFile]) -> String {
    let numbers: Vec<String> = files.iter().map(|file| file.sequence.to_string()).collect();
    match numbers.as_slice() {
        [] => "no file".to_owned(),
        [one] => format!("1 file ({one})"),
        many => format!("{} files ({})", many.len(), many.join(", ")),
    }
}
