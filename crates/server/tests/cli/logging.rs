//! The log of `sawmill run`, line by line.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::Value;

use crate::support::Place;

/// The first line that `sawmill run` logs with this setting.
fn first_line(set: &str) -> String {
    let place = Place::new();
    let mut child = place
        .command(&[
            "run",
            "--set",
            "input.beats.listen=127.0.0.1:0",
            "--set",
            set,
        ])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stderr.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    line
}

#[test]
fn the_log_is_text_without_colours_unless_at_a_terminal() {
    let line = first_line("log.format=text");
    assert!(line.contains(" INFO ") && !line.contains('\x1b'), "{line}");
}

#[test]
fn the_log_may_be_json() {
    let line: Value = serde_json::from_str(&first_line("log.format=json")).unwrap();
    assert_eq!(line["level"], "INFO", "{line}");
    assert!(
        line["message"].is_string() && line["timestamp"].is_string(),
        "{line}"
    );
}
