//! Dead letters of a running Sawmill: listed, shown, sent again and removed while it runs, and what it drops by itself.

use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::support::{Sawmill, Sink, closed, connect_from, event, plain_window, wait_for, window};

/// An event whose data stream cannot be.
const NO_STREAM: &str = r#"{"group":"pt","service":"Django","message":"x"}"#;

/// Of every document.
const REFUSING: &[&str] = &["--reject", "400=100%"];

/// The first words of the lines of `sawmill dead-letters list`.
fn ids(list: &str) -> Vec<&str> {
    list.lines()
        .map(|line| line.split(' ').next().unwrap())
        .collect()
}

#[test]
fn letters_are_listed_shown_and_sent_again_while_sawmill_runs() {
    let sawmill = Sawmill::start(&[]);
    let mut client = sawmill.connect();
    client.send(&window(&[b"hello", NO_STREAM.as_bytes()]));
    assert_eq!(client.ack(), 2);

    let list = sawmill.ask(&["dead-letters", "list"]);
    assert_eq!(ids(&list), ["1:1", "1:2", "2"], "{list}");
    let shown = sawmill.ask(&["dead-letters", "show", "1:1"]);
    assert!(shown.ends_with("\nhello\n"), "{shown}");
    let peer = client.stream.local_addr().unwrap();
    assert!(shown.contains(&format!("peer    {peer}\n")), "{shown}");

    let to = sawmill.address.to_string();
    let replay = ["dead-letters", "replay", "--purge", "--to", &to];
    let want = format!(
        "1 sent to {to} and acknowledged\n\
         1 skipped: the event is no JSON object\n\
         removed: no file, 0 bytes\n\
         kept: 1 file (1), with dead letters that were not sent\n"
    );
    assert_eq!(sawmill.ask(&replay), want);
    let letters = sawmill.dead_letters();
    assert_eq!(letters.len(), 3, "what is refused again is kept again");
    assert_eq!(letters[2]["event"], json!(NO_STREAM));
    assert_eq!(letters[2]["reason"], letters[1]["reason"]);
}

#[test]
fn a_document_that_elasticsearch_refused_is_stored_when_it_is_sent_again() {
    let elasticsearch = Sink::start(REFUSING);
    let hosts = format!("output.elasticsearch.hosts={}", elasticsearch.address);
    let sawmill = Sawmill::start(&[&hosts]);
    let mut client = sawmill.connect();
    client.send(&window(&[event("refused").as_bytes()]));
    assert_eq!(client.ack(), 1);
    let letters = sawmill.dead_letters();
    assert_eq!(letters.len(), 1);
    let letter = &letters[0];
    assert_eq!(letter["status"], json!(400));
    assert_eq!(letter["data_stream"], json!("logs-django-pt"));
    assert_eq!(letter["event"], json!(event("refused")));
    let sent: Value = serde_json::from_str(letter["document"].as_str().unwrap()).unwrap();
    assert_eq!(sent["message"], "refused");

    let repaired = Sawmill::start(&[]);
    let to = repaired.address.to_string();
    let said = sawmill.ask(&["dead-letters", "replay", "--to", &to, "1:1"]);
    assert_eq!(said, format!("1 sent to {to} and acknowledged\n"));
    let stored = repaired.stored("logs-django-pt");
    assert_eq!(stored.len(), 1);
    assert_eq!(stored[0]["message"], "refused");
    assert!(repaired.dead_letters().is_empty());
}

/// Each event that is refused stands behind one that is dropped and one that has no data stream.
#[test]
fn what_elasticsearch_refused_is_kept_as_it_was_received_too() {
    let elasticsearch = Sink::start(REFUSING);
    let hosts = format!("output.elasticsearch.hosts={}", elasticsearch.address);
    let sawmill = Sawmill::start(&[&hosts, "output.elasticsearch.bulk_bytes_max=4KiB"]);
    let dropped = event("x").replace(r#""pt""#, r#""other""#);
    let refused: Vec<String> = (0..50).map(|n| event(&format!("refused {n}"))).collect();
    let events: Vec<&[u8]> = { refused.iter() }
        .flat_map(|event| [dropped.as_bytes(), NO_STREAM.as_bytes(), event.as_bytes()])
        .collect();
    for window in [window(&events), plain_window(&events)] {
        let mut client = sawmill.connect();
        client.send(&window);
        assert_eq!(client.ack(), 150);
    }
    let letters = sawmill.dead_letters();
    assert_eq!(letters.len(), 200);
    let mut kept: Vec<&str> = { letters.iter() }
        .filter(|letter| letter["status"] == json!(400))
        .map(|letter| {
            let event = letter["event"].as_str().unwrap();
            let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
            let document = read(letter["document"].as_str().unwrap());
            assert_eq!(document["message"], read(event)["message"]);
            event
        })
        .collect();
    kept.sort_unstable();
    let mut want: Vec<&str> = refused.iter().chain(&refused).map(String::as_str).collect();
    want.sort_unstable();
    assert_eq!(kept, want);
}

/// In the data stream for dead letters nothing is stored here, so all of them are in the files, each with its own event.
#[test]
fn a_letter_that_its_data_stream_refuses_is_kept_in_a_file() {
    let elasticsearch = Sink::start(REFUSING);
    let hosts = format!("output.elasticsearch.hosts={}", elasticsearch.address);
    let stream = "logs-sawmill.dead_letters-pt";
    let sawmill = Sawmill::start(&[
        &hosts,
        &format!("dead_letters.data_stream={stream}"),
        "input.beats.event_bytes_max=1KiB",
    ]);
    let mut client = sawmill.connect();
    let refused = event("refused");
    let too_large = [b'x'; 2000];
    client.send(&window(&[
        b"hello",
        refused.as_bytes(),
        &too_large,
        b"again",
    ]));
    assert_eq!(client.ack(), 4);
    let letters = sawmill.dead_letters();
    let read = |letter: &Value, member: &str| letter[member].as_str().unwrap().to_owned();
    let mut events: Vec<_> = { letters.iter() }
        .map(|letter| {
            assert_eq!(letter["data_stream"], stream);
            let document: Value = serde_json::from_str(&read(letter, "document")).unwrap();
            let message = document["message"].as_str().unwrap_or_default();
            assert_eq!(message, letter["event"]);
            assert_eq!(document["event"]["kind"], "pipeline_error");
            read(letter, "event")
        })
        .collect();
    events.sort_unstable();
    let mut want = ["", "again", "hello", &refused];
    want.sort_unstable();
    assert_eq!(events, want, "what was too large has no text to send again");
}

#[test]
fn a_full_folder_drops_its_oldest_letters_if_it_is_told_to() {
    let sawmill = Sawmill::start(&[
        "dead_letters.segment_bytes_max=64KiB",
        "dead_letters.total_bytes_max=128KiB",
        "dead_letters.when_full=drop-oldest",
    ]);
    let mut client = sawmill.connect();
    let text = "x".repeat(30 << 10);
    for number in 0..10 {
        client.send(&window(&[format!("{number} {text}").as_bytes()]));
        assert_eq!(
            client.any_ack(),
            (b'2', 1),
            "a keepalive means that it waits for room"
        );
    }
    let letters = sawmill.dead_letters();
    let first = letters[0]["event"].as_str().unwrap();
    assert!(!first.starts_with("0 "), "{}", &first[..5]);
    let last = letters[letters.len() - 1]["event"].as_str().unwrap();
    assert!(last.starts_with("9 "), "{}", &last[..5]);
    let line = sawmill.wait_for_log("the oldest were dropped to make room");
    assert!(line.contains("segments=1"), "{line}");
}

#[test]
fn a_letter_longer_than_all_may_be_is_kept_and_a_purge_makes_room_for_the_next() {
    let sawmill = Sawmill::start(&[
        "dead_letters.segment_bytes_max=64KiB",
        "dead_letters.total_bytes_max=64KiB",
        "input.beats.keepalive=200ms",
    ]);
    let mut client = sawmill.connect();
    let text = "x".repeat(100 << 10);
    client.send(&window(&[text.as_bytes()]));
    assert_eq!(client.any_ack(), (b'2', 1));
    assert_eq!(sawmill.dead_letters()[0]["event"], text.as_str());
    client.send(&window(&[b"next"]));
    assert_eq!(client.any_ack(), (b'2', 0), "it waits for room");
    sawmill.ask(&["dead-letters", "purge", "--all"]);
    assert_eq!(client.ack(), 1);
    let letters = sawmill.dead_letters();
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0]["event"], "next");
}

#[test]
fn letters_that_are_too_old_are_removed_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = |segment: u32| folder.path().join(format!("{segment:020}.ndjson"));
    for segment in [1, 2] {
        fs::write(path(segment), "{}\n").unwrap();
    }
    let day = Duration::from_hours(24);
    let old = File::options().append(true).open(path(1)).unwrap();
    old.set_modified(SystemTime::now() - 31 * day).unwrap();
    let sawmill = Sawmill::start(&[
        &format!("dead_letters.path={}", folder.path().display()),
        "dead_letters.age_max=30d",
    ]);
    let line = sawmill.wait_for_log("older than dead_letters.age_max were removed");
    assert!(line.contains("segments=1"), "{line}");
    assert_eq!((path(1).exists(), path(2).exists()), (false, true));
}

/// A server whose folder for dead letters is soon full, and a window of one that fills it.
fn with_little_room() -> (Sawmill, Vec<u8>) {
    let sawmill = Sawmill::start(&[
        "dead_letters.segment_bytes_max=64KiB",
        "dead_letters.total_bytes_max=64KiB",
        "memory.budget=16MiB",
    ]);
    let text = "x".repeat(500 << 10);
    (sawmill, window(&[text.as_bytes()]))
}

#[test]
fn letters_whose_client_is_gone_hold_up_nobody() {
    let (sawmill, bad) = with_little_room();
    let strangers: Vec<_> = (0..40)
        .map(|_| {
            let mut client = sawmill.connect();
            client.send(&bad);
            client
        })
        .collect();
    sawmill.wait_for_log("cannot write dead letters");
    drop(strangers);
    sawmill.assert_serves();
}

#[test]
fn letters_that_cannot_be_kept_hold_up_who_has_most_of_them() {
    let (sawmill, bad) = with_little_room();
    let mut strangers: Vec<_> = (0..40)
        .map(|_| {
            let mut client = connect_from(sawmill.address, [127, 0, 0, 2]);
            client.send(&bad);
            client
        })
        .collect();
    sawmill.wait_for_log("cannot write dead letters");
    let mut unlucky = sawmill.connect();
    unlucky.send(&window(&[b"no event"]));
    wait_for("strangers sent away", || {
        (closed(&mut strangers) >= 30).then_some(())
    });
    sawmill.wait_for_log("take the most memory of all that wait");
    sawmill.assert_serves();
    unlucky.assert_silence(Duration::from_secs(1));
}

#[test]
fn what_an_event_says_makes_no_log_line_of_its_own() {
    let sawmill = Sawmill::start(&[]);
    let mut client = sawmill.connect();
    let forged = event("x").replace(r#""django""#, r#""x\n2026-01-01 ERROR all is lost""#);
    client.send(&window(&[forged.as_bytes()]));
    assert_eq!(client.ack(), 1);
    let line = sawmill.wait_for_log("all is lost");
    assert!(line.contains("becomes a dead letter"), "{line}");
}
