//! End to end, with real parts: a Django that logs, an unmodified Filebeat, the release build of Sawmill, and an
//! Elasticsearch with security on. `tests/run e2e` installs them and runs this.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "what helps a test may be as blunt as the test"
)]

mod bench;
mod delivery;
mod document;
mod limits;
mod misconfiguration;
mod outages;
mod restarts;
mod tls;

use std::time::Duration;

use tempfile::TempDir;

/// The data stream that the seed's application ends up in.
const STREAM: &str = "logs-django-pt";

/// Longer than any machine needs for what a test sends; waiting ends as soon as it is done.
const PATIENCE: Duration = Duration::from_mins(5);

/// A folder for one test, gone with it. On the disk of the build: what the tests store may be too much for a /tmp in memory.
fn folder() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}
