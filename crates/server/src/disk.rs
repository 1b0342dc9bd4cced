//! Writing to segments, again and again until the disk takes it.

use std::path::Path;
use std::thread;
use std::time::Duration;

use sawmill_segments::{SegmentError, Segments, Settings};
use tracing::{error, info, warn};

use crate::health::DiskState;

/// Pause before the disk is tried again.
pub(crate) const PAUSE: Duration = Duration::from_millis(200);

/// Opens a folder, and says what has become of its newest file.
pub(crate) fn open(dir: &Path, settings: Settings) -> Result<Segments, SegmentError> {
    let segments = Segments::open(dir, settings)?;
    for rot in segments.rotten() {
        error!("{rot}; nothing is deleted, and a new file is begun: check this disk");
    }
    match segments.torn_bytes() {
        0 => {}
        bytes => warn!(
            bytes,
            "a line without its end was cut off in {}",
            dir.display()
        ),
    }
    Ok(segments)
}

/// Appends `lines` and flushes them.
///
/// # Errors
/// Nothing of `lines` is kept then: a flush that failed gives up what it was to flush, so both
/// are tried again together.
pub(crate) fn keep(segments: &mut Segments, lines: &[u8]) -> Result<(), SegmentError> {
    segments.append(lines)?;
    segments.sync()
}

/// Calls `write` until it succeeds. What is wrong is said once, and once more when it is over, and `state` has it meanwhile.
pub(crate) fn until_kept(
    what: &str,
    state: &DiskState,
    mut write: impl FnMut() -> Result<(), SegmentError>,
) {
    let mut said = String::new();
    loop {
        match write() {
            Ok(()) if said.is_empty() => return,
            Ok(()) => {
                state.set(None);
                return info!("{what} can be written again");
            }
            Err(failure) => {
                let sentence = failure.to_string();
                if sentence != said {
                    error!(
                        "cannot write {what}, so nothing is acknowledged until it can: {sentence}"
                    );
                    state.set(Some(sentence.clone()));
                    said = sentence;
                }
                thread::sleep(PAUSE);
            }
        }
    }
}
