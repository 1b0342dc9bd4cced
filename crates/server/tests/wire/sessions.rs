//! Recorded sessions of a real Filebeat, replayed.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::support::Sawmill;

fn fixture(name: &str) -> Vec<u8> {
    let folder =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../lumberjack/tests/fixtures/filebeat");
    fs::read(folder.join(name)).unwrap()
}

/// How often each message was sent, from the recorded events.
fn sent() -> BTreeMap<String, usize> {
    let events = String::from_utf8(fixture("default.ndjson")).unwrap();
    count(
        events
            .lines()
            .map(|line| serde_json::from_str(line).unwrap()),
    )
}

fn count(documents: impl IntoIterator<Item = Value>) -> BTreeMap<String, usize> {
    let mut messages = BTreeMap::new();
    for document in documents {
        *messages
            .entry(document["message"].as_str().unwrap().to_owned())
            .or_default() += 1;
    }
    messages
}

#[test]
fn recorded_sessions_are_answered_as_the_client_expects_and_stored_whole() {
    for (name, acks) in [
        ("default", vec![300]),
        ("compression0", vec![300]),
        ("pipelining0-bulk10", vec![10; 30]),
        ("partialack", vec![300]),
        ("slowack-keepalive", vec![300]),
    ] {
        for piece in [1, 977, usize::MAX] {
            let sawmill = Sawmill::start(&[]);
            let mut client = sawmill.connect();
            for bytes in fixture(&format!("{name}.c2s.bin")).chunks(piece.min(1 << 20)) {
                client.send(bytes);
            }
            let heard: Vec<u32> = acks.iter().map(|_| client.ack()).collect();
            assert_eq!(heard, acks, "{name} in pieces of {piece}");
            client.end();
            assert_eq!(client.until_closed(), b"", "nothing after the last ACK");
            assert_eq!(count(sawmill.stored("logs-django-pt")), sent(), "{name}");
        }
    }
}
