use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::lines::Lines;

/// The `message` of every event that the local output keeps below this folder.
pub fn stored_messages(folder: &Path) -> Lines {
    let mut messages = Vec::new();
    each_line(folder, &mut |path, line| messages.push(message(path, line)));
    messages.into_iter().collect()
}

/// Each `client.ip` of the events that the local output keeps below this folder; the text is empty for those without.
pub fn stored_clients(folder: &Path) -> BTreeSet<String> {
    let mut clients = BTreeSet::new();
    each_line(folder, &mut |path, line| {
        let address = event(path, line)["client"]["ip"]
            .as_str()
            .map(str::to_owned);
        clients.insert(address.unwrap_or_default());
    });
    clients
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

fn each_line(path: &Path, see: &mut dyn FnMut(&Path, &str)) {
    if path.is_dir() {
        for entry in fs::read_dir(path).expect("a folder can be read") {
            each_line(&entry.expect("an entry can be read").path(), see);
        }
    } else if path
        .extension()
        .is_some_and(|extension| extension == "ndjson")
    {
        let text = fs::read_to_string(path).expect("a segment is UTF-8");
        text.lines().for_each(|line| see(path, line));
    }
}

fn message(path: &Path, line: &str) -> String {
    let event = event(path, line);
    let message = event["message"].as_str();
    message
        .unwrap_or_else(|| panic!("{}: no message in {line}", path.display()))
        .to_owned()
}

fn event(path: &Path, line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|e| panic!("{}: {e} in {line}", path.display()))
}
