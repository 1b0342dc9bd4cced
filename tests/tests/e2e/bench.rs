//! `sawmill bench` counts what servers count.

use sawmill_tests::{GoLumber, Sawmill, Settings, bench, stored_messages};
use serde_json::Value;

use crate::folder;

/// Windows and events sent, and the same acknowledged.
fn counted(run: &Value) -> [(u64, u64); 2] {
    let whole = |member: &str| run["whole"][member].as_u64().unwrap();
    [
        (whole("windows_sent"), whole("events_sent")),
        (whole("windows_acknowledged"), whole("events_acknowledged")),
    ]
}

#[test]
fn bench_agrees_with_the_server_of_go_lumber() {
    let mut before = (0, 0);
    let dir = folder();
    let server = GoLumber::start(dir.path());
    for load in [
        "--events 100001 --connections 3 --threads 2",
        "--duration 2s --warmup 500ms --in-flight 3",
        "--duration 2s --warmup 0s --rate 5000 --window 50 --connections 20 --idle 5",
        "--events 5000 --compression 0",
    ] {
        let mut arguments = vec!["--to", server.address()];
        arguments.extend(load.split(' '));
        let run = bench(&arguments);
        let (windows, events) = server.counted();
        let new = (windows - before.0, events - before.1);
        assert_eq!(counted(&run), [new, new], "{load}");
        assert_eq!(run["violations"].as_array().unwrap().len(), 0, "{load}");
        before = (windows, events);
    }
}

#[test]
fn bench_agrees_with_what_sawmill_stores() {
    let dir = folder();
    let store = dir.path().join("events");
    let sawmill = Sawmill::start(dir.path(), Settings::local(&store));
    let run = bench(&[
        "--to",
        &sawmill.beats_address(),
        "--events",
        "50001",
        "--connections",
        "4",
    ]);
    let [sent, acknowledged] = counted(&run);
    assert_eq!(sent, acknowledged);
    // Five events open each connection.
    assert_eq!(sent.1, 50_001 + 4 * 5);
    assert_eq!(stored_messages(&store).count() as u64, sent.1);
}
