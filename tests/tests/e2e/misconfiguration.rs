//! Elasticsearch is there and will not have it. Sawmill says why, holds on, and goes on once it is put right.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::{Duration, Instant};

use sawmill_tests::{Comparison, Django, Elasticsearch, Filebeat, Pace, Sawmill, Settings, USER};
use serde_json::json;

use crate::{PATIENCE, STREAM, folder};

const SOON: Duration = Duration::from_secs(30);

#[test]
fn a_wrong_password_is_named_and_waited_out() {
    refused_until_repaired(
        |elasticsearch| {
            elasticsearch.put_role();
            elasticsearch.put_user();
            elasticsearch.put_template();
            elasticsearch.set_password(USER, "another-password");
        },
        &["401", USER],
        |elasticsearch| elasticsearch.set_password(USER, sawmill_tests::PASSWORD),
    );
}

#[test]
fn a_missing_role_is_named_and_waited_out() {
    refused_until_repaired(
        |elasticsearch| {
            elasticsearch.put_user();
            elasticsearch.put_template();
        },
        &["403", USER],
        Elasticsearch::put_role,
    );
}

#[test]
fn a_missing_template_is_named_and_waited_out() {
    refused_until_repaired(
        |elasticsearch| {
            elasticsearch.put_role();
            elasticsearch.put_user();
        },
        &["template", STREAM],
        Elasticsearch::put_template,
    );
}

/// More of them than Sawmill ever has requests on their way.
const BAD: usize = 100;

#[test]
fn dead_letters_that_their_data_stream_may_not_take_hold_up_no_good_event() {
    let dir = folder();
    let elasticsearch = Elasticsearch::start_set_up(dir.path());
    let settings = Settings::elasticsearch(&elasticsearch)
        .with("DEAD_LETTERS__DATA_STREAM", "logs-dead_letters-forbidden");
    let sawmill = Sawmill::start(dir.path(), settings);
    let bad: Vec<TcpStream> = (0..BAD)
        .map(|_| {
            let client = send(&sawmill, b"no event");
            // One by one, so that each has a request of its own.
            sleep(Duration::from_millis(30));
            client
        })
        .collect();
    sawmill.until_it_says(&["403", "logs-dead_letters-forbidden"], SOON);
    let good = br#"{"group":"pt","service":"django","message":"a good one"}"#;
    let mut client = send(&sawmill, good);
    let mut ack = [0; 6];
    let since = Instant::now();
    while ack[5] == 0 {
        client.read_exact(&mut ack).expect("an ACK or a keepalive");
        assert!(since.elapsed() < SOON, "it waits for the others");
    }
    assert_eq!(elasticsearch.count(STREAM), 1);
    drop(bad);
}

/// Sends a window of one event.
fn send(sawmill: &Sawmill, event: &[u8]) -> TcpStream {
    let mut client = TcpStream::connect(sawmill.beats_address()).unwrap();
    client.set_read_timeout(Some(SOON)).unwrap();
    let length = u32::try_from(event.len()).unwrap().to_be_bytes();
    let window = [b"2W\0\0\0\x01", &b"2J\0\0\0\x01"[..], &length, event].concat();
    client.write_all(&window).unwrap();
    client
}

fn refused_until_repaired(
    spoil: impl FnOnce(&Elasticsearch),
    says: &[&str],
    repair: impl FnOnce(&Elasticsearch),
) {
    let dir = folder();
    let elasticsearch = Elasticsearch::start(dir.path());
    spoil(&elasticsearch);
    let sawmill = Sawmill::start(dir.path(), Settings::elasticsearch(&elasticsearch));
    let filebeat = Filebeat::start(dir.path(), &sawmill);
    let lines = Django::write(dir.path(), 5000, Pace::Full).finish().lines();

    sawmill.until_it_says(says, SOON);
    sleep(Duration::from_secs(5));
    assert_eq!(
        filebeat.acknowledged(),
        0,
        "it was acknowledged and not stored"
    );

    repair(&elasticsearch);
    filebeat.until_acknowledged(lines.count(), PATIENCE);
    let stored = elasticsearch.messages(STREAM, &json!({ "match_all": {} }));
    assert_eq!(lines.compare(&stored), Comparison::SAME);
    assert_eq!(filebeat.errors(), [""; 0]);
}
