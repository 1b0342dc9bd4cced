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

#[test]
fn the_log_has_no_secret_even_when_it_has_everything_and_warns_of_hosts_that_nobody_checks() {
    let sawmill = Sawmill::start(&[
        "log.level=trace",
        "output.elasticsearch.hosts=https://127.0.0.1:1",
        "output.elasticsearch.user=u",
        "output.elasticsearch.password=hush",
        "output.elasticsearch.verification=none",
    ]);
    sawmill.wait_for_log("WARN");
    sawmill.wait_for_log("output.elasticsearch.verification is none: nobody looks");
    sawmill.wait_for_log("Elasticsearch cannot be reached");
    let log = sawmill.log();
    // As it is, and as `u:hush` is sent.
    for secret in ["hush", "dTpodXNo"] {
        assert!(!log.contains(secret), "{log}");
    }
}
