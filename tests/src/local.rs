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

/// The `message` of every event that became a dead letter and is kept in this folder.
pub fn dead_messages(folder: &Path) -> Lines {
    let mut letters = Vec::new();
    add_lines(folder, &mut letters);
    let message = |letter: &String| {
        let letter: Value = serde_json::from_str(letter).expect("a dead letter is JSON");
        let text = letter["event"].as_str().or(letter["document"].as_str());
        message_of(text?)
    };
    let messages = letters.iter().map(message);
    messages
        .collect::<Option<_>>()
        .expect("every event here has a message")
}

/// The `message` of an event's JSON.
pub fn message_of(event: &str) -> Option<String> {
    let event: Value = serde_json::from_str(event).ok()?;
    event["message"].as_str().map(str::to_owned)
}

fn add_lines(folder: &Path, lines: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a folder can be read") {
        let path = entry.expect("an entry can be read").path();
        if path
            .extension()
            .is_some_and(|extension| extension == "ndjson")
        {
            let text = fs::read_to_string(path).expect("a segment is UTF-8");
            lines.extend(text.lines().map(str::to_owned));
        }
    }
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
