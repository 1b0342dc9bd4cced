//! Writing to segments, again and again until the disk takes it.

use std::thread;
use std::time::Duration;

use sawmill_segments::SegmentError;
use tracing::{error, info};

/// Pause before the disk is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// Calls `write` until it succeeds. What is wrong is said once, and once more when it is over.
pub(super) fn until_written(what: &str, mut write: impl FnMut() -> Result<(), SegmentError>) {
    let mut said = String::new();
    loop {
        match write() {
            Ok(()) if said.is_empty() => return,
            Ok(()) => return info!("{what} can be written again"),
            Err(failure) => {
                let sentence = failure.to_string();
                if sentence != said {
                    error!(
                        "cannot write {what}, so nothing is acknowledged until it can: {sentence}"
                    );
                    said = sentence;
                }
                thread::sleep(PAUSE);
            }
        }
    }
}
