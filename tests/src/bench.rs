use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::parts::sawmill;

/// Runs `sawmill bench` with these arguments to its end, and returns its one run as the JSON has it.
pub fn bench(arguments: &[&str]) -> Value {
    let results = run(&["bench", "--json", "-"], arguments);
    let mut record: Value = serde_json::from_slice(&results).expect("the results are JSON");
    record["runs"][0].take()
}

/// Runs `sawmill bench compare` on a file, and returns what it found as the JSON has it.
pub fn compare(file: &Path) -> Value {
    let json = file.with_extension("json");
    let paths = [&json, file].map(|path| path.to_str().expect("a path of ours is text"));
    run(&["bench", "compare", "--json"], &paths);
    let results = fs::read(&json).expect("the results were written");
    serde_json::from_slice(&results).expect("the results are JSON")
}

/// What it printed.
fn run(command: &[&str], arguments: &[&str]) -> Vec<u8> {
    let ended = Command::new(sawmill())
        .args(command)
        .args(arguments)
        .output()
        .expect("the program can be run");
    let errors = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{}: {errors}", ended.status);
    ended.stdout
}
