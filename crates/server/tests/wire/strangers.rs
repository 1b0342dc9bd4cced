//! Peers that take the port for something else.

use std::time::Duration;

use socket2::SockRef;

use crate::support::Sawmill;

#[test]
fn strangers_are_named_and_sent_away_without_a_byte() {
    let sawmill = Sawmill::start(&[]);
    for (bytes, hint) in [
        (&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..], "TLS"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP"),
        (b"POST /_bulk HTTP/1.1\r\n\r\n", "HTTP"),
        (b"<34>Oct 11 22:14:15 host su: failed\n", "syslog"),
        (b"{\"message\":\"raw\"}\n", "JSON"),
        (b"9W\0\0\0\x01", "version"),
        (b"2X\0\0\0\x01", "unknown frame type `X`"),
        (b"\xff\xff\xff\xff", "version"),
    ] {
        let mut client = sawmill.connect();
        let peer = client.stream.local_addr().unwrap().to_string();
        client.send(bytes);
        assert_eq!(client.until_closed(), b"");
        let line = sawmill.wait_for_log(&peer);
        assert!(
            line.contains("WARN") && line.contains(hint),
            "{hint}: {line}"
        );
    }
    sawmill.assert_serves();
}

#[test]
fn a_probe_is_answered_and_a_bare_connection_is_not_worth_a_line() {
    let sawmill = Sawmill::start(&[]);
    let mut client = sawmill.connect();
    for version in [b'2', b'1'] {
        client.send(&[version, b'W', 0, 0, 0, 0]);
        assert_eq!(client.any_ack(), (version, 0));
    }
    drop(sawmill.connect());
    // Load balancers end their health checks with a reset.
    let check = sawmill.connect().stream;
    SockRef::from(&check)
        .set_linger(Some(Duration::ZERO))
        .unwrap();
    drop(check);
    sawmill.assert_serves();
    assert!(!sawmill.log().contains("WARN"), "{}", sawmill.log());
}
