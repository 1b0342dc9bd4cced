use std::process::Command;

use serde_json::Value;

use crate::parts::sawmill;

/// Runs `sawmill bench` with these arguments to its end, and returns its one run as the JSON has it.
pub fn bench(arguments: &[&str]) -> Value {
    let ended = Command::new(sawmill())
        .args(["bench", "--json", "-"])
        .args(arguments)
        .output()
        .expect("the program can be run");
    let errors = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{}: {errors}", ended.status);
    let mut record: Value = serde_json::from_slice(&ended.stdout).expect("the results are JSON");
    record["runs"][0].take()
}
