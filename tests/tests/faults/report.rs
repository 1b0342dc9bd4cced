//! What was found, as rows of a table.

use std::fs;
use std::path::Path;
use std::time::Duration;

use sawmill_tests::Engine;

use crate::stage::Ids;

/// What became of the lines of one fault.
pub(crate) struct Row {
    pub(crate) engine: Engine,
    /// As it is said of Elasticsearch.
    pub(crate) what: String,
    pub(crate) ids: Ids,
    pub(crate) written: usize,
    pub(crate) stored: usize,
    pub(crate) dead: usize,
    pub(crate) lost: usize,
    pub(crate) doubled: usize,
    pub(crate) took: Duration,
}

impl Row {
    /// Shows it, and keeps it for `tests/run faults write`.
    pub(crate) fn keep(&self) {
        let ids = match self.ids {
            Ids::Auto => "`auto`",
            Ids::Origin => "`origin`",
        };
        let engine = self.engine.to_string();
        let what = self.what.replace("Elasticsearch", &engine);
        let line = format!(
            "| {what} | {ids} | {} | {} | {} | {} | {} | {} s |\n",
            self.written,
            self.stored,
            self.dead,
            self.lost,
            self.doubled,
            self.took.as_secs()
        );
        print!("{line}");
        let rows = Path::new(env!("CARGO_TARGET_TMPDIR")).join("faults");
        let folder = rows.join(engine.to_lowercase());
        fs::create_dir_all(&folder).unwrap();
        let name: String = what.chars().filter(char::is_ascii_alphanumeric).collect();
        fs::write(folder.join(format!("{name}-{:?}.md", self.ids)), line).unwrap();
    }
}
