//! What becomes of numbered lines while things break: a real Django, Filebeat, toxiproxy, Elasticsearch or `OpenSearch`, and
//! the release build of Sawmill. `tests/run faults write` makes docs/faults.md of what these tests find.

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

use std::path::Path;

use sawmill_tests::{Elasticsearch, Engine};
use tempfile::TempDir;

/// A folder for one test, gone with it. On the disk of the build: what the tests store may be too much for a /tmp in memory.
fn folder() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

/// Where the lines of this run go: `SAWMILL_TEST_ENGINE` is elasticsearch, as when it is not set, or opensearch.
fn start_engine(dir: &Path, settings: &[&str]) -> Elasticsearch {
    let engine = match std::env::var("SAWMILL_TEST_ENGINE").as_deref() {
        Err(_) | Ok("elasticsearch") => Engine::Elasticsearch,
        Ok("opensearch") => Engine::OpenSearch,
        Ok(other) => {
            panic!("SAWMILL_TEST_ENGINE is {other}; it may be elasticsearch or opensearch")
        }
    };
    Elasticsearch::start_engine_set_up(engine, dir, settings)
}
