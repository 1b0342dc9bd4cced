use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::lines::Lines;

/// The `message` of every event that the local output keeps below this folder.
pub fn stored_messages(folder: &Path) -> Lines {
    let mut messages = Vec::new();
    add_messages(folder, &mut messages);
    messages.into_iter().collect()
}

fn add_messages(path: &Path, messages: &mut Vec<String>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).expect("a folder can be read") {
            add_messages(&entry.expect("an entry can be read").path(), messages);
        }
    } else if path
        .extension()
        .is_some_and(|extension| extension == "ndjson")
    {
        let text = fs::read_to_string(path).expect("a segment is UTF-8");
        messages.extend(text.lines().map(|line| message(path, line)));
    }
}

fn message(path: &Path, line: &str) -> String {
    let event: Value =
        serde_json::from_str(line).unwrap_or_else(|e| panic!("{}: {e} in {line}", path.display()));
    let message = event["message"].as_str();
    message
        .unwrap_or_else(|| panic!("{}: no message in {line}", path.display()))
        .to_owned()
}
