//! Who Sawmill runs as, for advice on permissions.

use std::fs;
use std::os::unix::fs::MetadataExt;

/// This process' user as it is written in `chown` and in `docker run --user`.
pub(crate) fn this() -> String {
    // The kernel gives a process' own folder to the user that it runs as.
    match fs::metadata("/proc/self") {
        Ok(metadata) => format!("user id {}", metadata.uid()),
        Err(_) => "the user that Sawmill runs as".to_owned(),
    }
}
