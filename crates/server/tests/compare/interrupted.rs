use std::process::Command;

use super::support::{Staged, left_of};

/// Sends a signal as soon as the contender has written `ready`; returns what the comparison said.
fn interrupt(staged: &Staged, signal: &str) -> String {
    let child = staged.command().spawn().unwrap();
    let pid = child.id();
    staged.await_file("ready");
    assert_ne!(left_of(pid), Vec::<String>::new());
    let sent = Command::new("sh")
        .args(["-c", &format!("kill -{signal} {pid}")])
        .status()
        .unwrap();
    assert!(sent.success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(left_of(pid), Vec::<String>::new());
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn nothing_is_left_running_when_the_user_has_seen_enough_of_waiting() {
    for signal in ["INT", "TERM"] {
        let staged = Staged::new(1);
        let script = "touch \"$folder/ready\"; exec sleep 60";
        let said = interrupt(&staged.script("slow", &in_folder(script), ""), signal);
        assert!(
            said.ends_with("sawmill: interrupted; the figures are those until then\n"),
            "{said}"
        );
    }
}

#[test]
fn nothing_is_left_running_when_the_user_has_seen_enough_of_the_load() {
    for signal in ["INT", "TERM"] {
        let staged = Staged::new(1);
        let script = "(sleep 0.7; touch \"$folder/ready\") & exec \"$sawmill\" run";
        let more = "warmup = \"60s\"";
        let said = interrupt(&staged.script("long", &in_folder(script), more), signal);
        assert!(
            said.ends_with("sawmill: interrupted; the figures are those until then\n"),
            "{said}"
        );
    }
}

/// A script that knows the folder it stands in.
fn in_folder(script: &str) -> String {
    format!("folder=$(dirname \"$0\")\n{script}")
}
