//! `sawmill send` against scripted servers.

use std::io::Write;
use std::process::Stdio;

use serde_json::Value;

use crate::peer::{Peer, server};
use crate::support::{Ended, Place};

fn lines(count: usize) -> String {
    let line = |number: usize| ["line ", &number.to_string(), "\n"].concat();
    (1..=count).map(line).collect()
}

/// The messages of events, in their order.
fn messages(events: &[Value]) -> Vec<&str> {
    events
        .iter()
        .map(|event| event["message"].as_str().unwrap())
        .collect()
}

fn assert_sent(ended: &Ended, want: &str) {
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    // The times differ; what stands before and after them does not.
    let parts: Vec<&str> = ended.stdout.trim_end().split(", ").collect();
    assert_eq!(
        format!("{}, {}, {}", parts[0], parts[1], parts[4]),
        want,
        "{}",
        ended.stdout
    );
}

#[test]
fn lines_become_filebeat_events_in_windows() {
    for compression in ["0", "3", "9"] {
        let (address, server) = server(|listener| {
            let mut peer = Peer::accept(&listener);
            let first = peer.window();
            peer.ack(2);
            let second = peer.window();
            peer.ack(0);
            peer.ack(1);
            peer.ack(2);
            [first, second].concat()
        });
        let place = Place::new()
            .with("a.log", "one\n\ntwo \u{1F600}\r\n")
            .with("b.log", b"caf\xe9\nlast");
        let fields = ["--field", "group=pt", "--field", "[a][b]=c=d"];
        let options = [
            "--to",
            &address,
            "--window",
            "2",
            "--compression",
            compression,
        ];
        let ended = place.run(&[&["send", "a.log", "b.log"], &options[..], &fields].concat());
        let events = server.join().unwrap();
        assert_sent(&ended, "4 events, 2 windows, 0 events resent");

        assert_eq!(
            messages(&events),
            ["one", "two \u{1F600}", "caf\u{FFFD}", "last"]
        );
        let offsets: Vec<u64> = events
            .iter()
            .map(|event| event["log"]["offset"].as_u64().unwrap())
            .collect();
        assert_eq!(offsets, [0, 5, 0, 5]);
        for (event, name) in events.iter().zip(["a.log", "a.log", "b.log", "b.log"]) {
            let path = event["log"]["file"]["path"].as_str().unwrap();
            assert!(path.starts_with('/') && path.ends_with(name), "{path}");
            assert_eq!(
                (&event["group"], &event["a"]["b"]),
                (&"pt".into(), &"c=d".into())
            );
        }
    }
}

#[test]
fn two_windows_are_on_their_way_and_no_more() {
    let (address, server) = server(|listener| {
        let mut peer = Peer::accept(&listener);
        let first = peer.window();
        let second = peer.window();
        let quiet = peer.is_quiet();
        peer.ack(10);
        let third = peer.window();
        peer.ack(10);
        peer.ack(5);
        (quiet, [first, second, third].map(|window| window.len()))
    });
    let place = Place::new().with("a.log", lines(25));
    let ended = place.run(&["send", "a.log", "--to", &address, "--window", "10"]);
    assert_eq!(server.join().unwrap(), (true, [10, 10, 5]));
    assert_sent(&ended, "25 events, 3 windows, 0 events resent");
}

#[test]
fn what_is_not_acknowledged_when_the_connection_is_lost_is_sent_again() {
    let (address, server) = server(|listener| {
        let mut peer = Peer::accept(&listener);
        let first = peer.window();
        peer.ack(2);
        let lost = [peer.window(), peer.window()].concat();
        // An acknowledgement of a part of it counts for nothing once the connection is gone.
        peer.ack(1);
        drop(peer);
        let mut peer = Peer::accept(&listener);
        let again = [peer.window(), peer.window()].concat();
        peer.ack(2);
        peer.ack(1);
        (first, lost, again)
    });
    let place = Place::new().with("a.log", lines(5));
    let ended = place.run(&["send", "a.log", "--to", &address, "--window", "2"]);
    let (first, lost, again) = server.join().unwrap();
    assert_eq!(messages(&first), ["line 1", "line 2"]);
    assert_eq!(messages(&lost), ["line 3", "line 4", "line 5"]);
    assert_eq!(lost, again);
    assert_sent(&ended, "5 events, 3 windows, 3 events resent");
}

#[test]
fn an_answer_against_the_protocol_ends_it() {
    for (answer, want) in [
        (
            &b"2A\0\0\0\x06"[..],
            "acknowledgement of event 6 in a window of 5\nit may not be a Beats server",
        ),
        (
            b"1A\0\0\0\x05",
            "frame of version 1 in a window of version 2\nit may not be a Beats server",
        ),
        (
            b"HTTP/1.1 400 Bad Request\r\n",
            "expected an acknowledgement, found `HTTP`\n\
             the server takes no Beats on this port, or expects TLS there",
        ),
    ] {
        let (address, server) = server(move |listener| {
            let mut peer = Peer::accept(&listener);
            peer.window();
            peer.stream.write_all(answer).unwrap();
        });
        let place = Place::new().with("a.log", lines(5));
        let ended = place.run(&["send", "a.log", "--to", &address]);
        server.join().unwrap();
        let want = format!("sawmill: {address} answers against the protocol: {want}\n");
        assert_eq!(
            (ended.code, ended.stdout.as_str(), ended.stderr),
            (Some(1), "", want)
        );
    }
}

#[test]
fn nothing_is_sent_when_a_file_or_a_field_is_wrong() {
    let (address, _server) = server(|listener| listener.accept().map(drop));
    for (arguments, want) in [
        (
            &["a.log", "gone.log"][..],
            "gone.log cannot be read: No such file or directory (os error 2)\n\
             name files that are there and readable; `-` is stdin",
        ),
        (
            &["."],
            ". cannot be read: is a directory\nname files that are there and readable; `-` is stdin",
        ),
        (
            &["a.log", "--field", "message=x"],
            "--field message: each line has its own\n\
             give NAME=VALUE, or [OUTER][INNER]=VALUE for a field within a field",
        ),
    ] {
        let place = Place::new().with("a.log", lines(5));
        let ended = place.run(&[&["send", "--to", &address], arguments].concat());
        assert_eq!(
            (ended.code, ended.stderr),
            (Some(1), format!("sawmill: {want}\n"))
        );
    }
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let (address, server) = server(drop);
    server.join().unwrap();
    let ended = Place::new()
        .with("a.log", lines(5))
        .run(&["send", "a.log", "--to", &address]);
    let want = format!(
        "sawmill: {address} cannot be reached: Connection refused (os error 111)\n\
         is Sawmill running, and is this its address?\n"
    );
    assert_eq!((ended.code, ended.stderr), (Some(1), want));
}

#[test]
fn stdin_is_a_file_too() {
    let (address, server) = server(|listener| {
        let mut peer = Peer::accept(&listener);
        let events = peer.window();
        peer.ack(1);
        events
    });
    let place = Place::new();
    let mut child = place
        .command(&["send", "-", "--to", &address])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"hello\n").unwrap();
    let ended = Ended::from(child.wait_with_output().unwrap());
    assert_eq!(messages(&server.join().unwrap()), ["hello"]);
    assert_sent(&ended, "1 events, 1 windows, 0 events resent");
}
