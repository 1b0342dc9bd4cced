//! Who may connect, and how many at a time.

use std::io::Read;
use std::time::Duration;

use crate::pki::{Authority, Files};
use crate::support::{Sawmill, connect_from, wait_for};

#[test]
fn one_address_cannot_take_all_places() {
    let sawmill = Sawmill::start(&["input.beats.connections_max=4"]);
    let mut held = [(); 2].map(|()| sawmill.connect());
    for client in &mut held {
        client.send(b"2W\0\0\0\0");
        assert_eq!(client.any_ack(), (b'2', 0));
    }
    let mut third = sawmill.connect();
    assert_eq!(third.until_closed(), b"");
    let line = sawmill.wait_for_log("connection refused");
    assert!(line.contains("2 are open from its address"), "{line}");
    drop(held);
    wait_for("a place that was given back", || {
        let mut client = sawmill.connect();
        client.send(b"2W\0\0\0\0");
        client.try_ack()
    });
}

#[test]
fn a_network_that_is_not_wanted_is_not_served() {
    for setting in [
        "allow_networks=10.0.0.0/8",
        "deny_networks=127.0.0.0/8",
        "deny_networks=::ffff:127.0.0.0/104",
    ] {
        let sawmill = Sawmill::start(&[&format!("input.beats.{setting}")]);
        assert_eq!(sawmill.connect().until_closed(), b"");
        let line = sawmill.wait_for_log("connection refused");
        assert!(line.contains("its network is not wanted"), "{line}");
    }
    for wanted in ["127.0.0.1", "::ffff:127.0.0.1", "::ffff:127.0.0.0/104"] {
        let sawmill = Sawmill::start(&[&format!("input.beats.allow_networks={wanted}")]);
        sawmill.assert_serves();
    }
}

#[test]
fn handshakes_that_are_never_finished_leave_room_and_end() {
    let files = Files::new();
    let server = Authority::new("root").issue("server", &["localhost"]);
    let [certificate, key] = files.settings("input.beats.tls", &server);
    let sawmill = Sawmill::start(&[
        &certificate,
        &key,
        "input.beats.tls.handshake_timeout=500ms",
        "input.beats.handshakes_max=4",
    ]);
    let mut stalled = [(); 4].map(|()| sawmill.connect());
    std::thread::sleep(Duration::from_millis(100));
    let mut refused = sawmill.connect();
    assert_eq!(refused.until_closed(), b"");
    sawmill.wait_for_log("4 TLS handshakes are in progress (input.beats.handshakes_max)");
    let _other = connect_from(sawmill.address, [127, 0, 0, 2]);
    assert_eq!(stalled[0].until_closed(), b"");
    sawmill.wait_for_log("another address had to wait (input.beats.handshakes_max)");
    for client in &mut stalled[1..] {
        let mut heard = Vec::new();
        client.stream.read_to_end(&mut heard).unwrap();
    }
    // Their places are free again.
    let again = sawmill.connect();
    std::thread::sleep(Duration::from_millis(100));
    again.stream.set_nonblocking(true).unwrap();
    let waiting = { &again.stream }.read(&mut [0; 1]).unwrap_err();
    assert_eq!(waiting.kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn more_than_a_second_s_worth_of_connections_wait_and_are_served() {
    let sawmill = Sawmill::start(&["input.beats.accepts_per_second_max=20"]);
    let mut clients: Vec<_> = (0..12).map(|_| sawmill.connect()).collect();
    for client in &mut clients {
        client.send(b"2W\0\0\0\0");
        assert_eq!(client.any_ack(), (b'2', 0));
    }
    assert!(!sawmill.log().contains("WARN"), "{}", sawmill.log());
}

#[test]
fn a_flood_of_strangers_fills_no_log() {
    let sawmill = Sawmill::start(&[]);
    for _ in 0..300 {
        let mut client = sawmill.connect();
        client.send(b"GET / HTTP/1.1\r\n");
        client.until_closed();
    }
    let lines = sawmill
        .log()
        .lines()
        .filter(|line| line.contains("WARN"))
        .count();
    assert!((50..=210).contains(&lines), "{lines}");
    sawmill.assert_serves();
}
