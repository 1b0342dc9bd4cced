use super::support::{Ended, Staged};

/// That the first contender failed for this reason, and the second was measured nevertheless.
fn failed(ended: &Ended, reason: &str) {
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let contenders = &ended.results["contenders"];
    assert_eq!(contenders[0]["outcome"]["kind"], "failed", "{ended:?}");
    let found = contenders[0]["outcome"]["reason"].as_str().unwrap();
    assert!(found.contains(reason), "{found}");
    assert_eq!(contenders[1]["attempts"].as_array().unwrap().len(), 2);
    assert!(
        ended.stdout.contains("broken  failed in repeat 1: "),
        "{}",
        ended.stdout
    );
    assert!(
        ended
            .stderr
            .ends_with("sawmill: 1 contender failed: broken\nthe results say how far each came\n"),
        "{}",
        ended.stderr
    );
}

#[test]
fn one_that_never_listens_is_given_up() {
    let ended = Staged::new(2)
        .script(
            "broken",
            "echo no licence; exec sleep 60",
            "start_timeout = \"300ms\"",
        )
        .sawmill("whole")
        .run();
    failed(&ended, "within 300ms; its last words:\n    no licence");
}

#[test]
fn one_that_ends_at_once_is_told_with_its_status() {
    let ended = Staged::new(2)
        .script("broken", "exit 7", "")
        .sawmill("whole")
        .run();
    failed(&ended, "it ended with exit status: 7 after");
}

#[test]
fn one_that_dies_under_load_is_told() {
    // Killed when a connection to its port is established (01).
    let script = r#"
        "$sawmill" run & server=$!
        port=$(printf %04X "${SAWMILL_INPUT__BEATS__LISTEN##*:}")
        until grep -q ": 0100007F:$port [0-9A-F:]* 01 " /proc/net/tcp; do sleep 0.05; done
        sleep 0.3
        kill -9 $server
        wait"#;
    let ended = Staged::new(2)
        .script("broken", script, "warmup = \"60s\"")
        .sawmill("whole")
        .run();
    failed(&ended, "connection");
}

#[test]
fn one_that_ignores_sigterm_is_killed_and_measured_all_the_same() {
    let script = "trap '' TERM\n\"$sawmill\" run & while :; do sleep 0.1; done";
    let ended = Staged::new(1)
        .script("stubborn", script, "stop_timeout = \"300ms\"")
        .run();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let attempt = &ended.results["contenders"][0]["attempts"][0];
    assert_eq!(attempt["stopped"], "killed");
    let said = "stubborn  repeat 1: did not end on SIGTERM in time and was killed";
    assert!(ended.stdout.contains(said), "{}", ended.stdout);
}

#[test]
fn one_that_is_not_installed_is_skipped_by_name() {
    let ended = Staged::new(1)
        .contender(
            "absent",
            r#"["no-such-server"]"#,
            "install = \"see its page\"",
        )
        .sawmill("whole")
        .run();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let said = "there is no program `no-such-server` in PATH; see its page";
    assert!(
        ended
            .stderr
            .contains(&format!("absent is skipped: {said}\n"))
    );
    assert!(ended.stdout.contains(&format!("absent  skipped: {said}\n")));
    assert_eq!(ended.results["contenders"][0]["outcome"]["kind"], "skipped");
}

#[test]
fn with_none_installed_there_is_nothing_to_compare() {
    let ended = Staged::new(1)
        .contender("absent", r#"["no-such-server"]"#, "")
        .run();
    assert_eq!(ended.code, Some(1));
    assert!(
        ended
            .stderr
            .contains("nothing to compare: no contender is installed\nabsent is skipped"),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_mistake_in_the_file_is_told_with_its_line_before_anything_starts() {
    let ended = Staged::new(0).sawmill("one").run();
    assert_eq!(ended.code, Some(64));
    assert_eq!(
        ended.stderr,
        "sawmill: compare.toml:1: `repeats` cannot be 0\ngive at least 1 and less than 1001\n"
    );
}

#[test]
fn results_that_cannot_be_written_are_told_before_anything_starts() {
    let staged = Staged::new(1).sawmill("one");
    let output = staged
        .command()
        .args(["--csv", "none/results.csv"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        stderr.starts_with("sawmill: none/results.csv: cannot write the results"),
        "{stderr}"
    );
}
