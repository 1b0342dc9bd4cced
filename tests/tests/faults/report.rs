//! What was found, as rows of a table.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::stage::Ids;

/// What became of the lines of one fault.
pub(crate) struct Row {
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
        let line = format!(
            "| {} | {ids} | {} | {} | {} | {} | {} | {} s |\n",
            self.what,
            self.written,
            self.stored,
            self.dead,
            self.lost,
            self.doubled,
            self.took.as_secs()
        );
        print!("{line}");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("faults");
        fs::create_dir_all(&folder).unwrap();
        let name: String = self
            .what
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .collect();
        fs::write(folder.join(format!("{name}-{:?}.md", self.ids)), line).unwrap();
    }
}
