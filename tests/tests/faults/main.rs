//! What becomes of numbered lines while things break: a real Django, Filebeat, Elasticsearch and toxiproxy, and the release
//! build of Sawmill. `tests/run faults write` makes docs/faults.md of what these tests find.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "what helps a test may be as blunt as the test"
)]

mod connections;
mod ends;
mod refusals;
mod report;
mod soak;
mod stage;

use tempfile::TempDir;

/// A folder for one test, gone with it. On the disk of the build: what the tests store may be too much for a /tmp in memory.
fn folder() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}
