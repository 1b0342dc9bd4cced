//! What a running Sawmill tells of its secrets: nothing.

use crate::support::Sawmill;

#[test]
fn a_crash_leaves_no_core_dump() {
    let sawmill = Sawmill::start(&[]);
    let limits = sawmill.proc("limits");
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max core file size"));
    let limits: Vec<&str> = line.unwrap().split_whitespace().collect();
    assert_eq!(limits, ["1", "1", "bytes"]);
}
