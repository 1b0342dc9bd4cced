//! Clients behind a load balancer that speaks the PROXY protocol.

use std::io::{Read, Write};
use std::time::Duration;

use rustls::StreamOwned;
use serde_json::Value;

use crate::pki::{Authority, Files};
use crate::support::{Sawmill, event, window};

/// The pipeline of the repository, and a filter that keeps whom the event came from.
const PIPELINE: &str = concat!(
    include_str!("../../../../pipeline.toml"),
    "\n[[filter]]\ntype = 'set'\nfields = { '[client][ip]' = '%{[@metadata][input][beats][host][ip]}' }\n"
);

const V1: &[u8] = b"PROXY TCP4 192.0.2.7 10.0.0.2 4711 5044\r\n";

fn version_2(command: u8) -> Vec<u8> {
    let mut header = b"\r\n\r\n\0\r\nQUIT\n".to_vec();
    header.extend([0x20 | command, 0x11, 0, 12]);
    header.extend([192, 0, 2, 8, 10, 0, 0, 2, 0x12, 0x67, 0x13, 0xB4]);
    header
}

#[test]
fn the_client_is_who_the_load_balancer_says() {
    let sawmill = Sawmill::start(&["input.beats.proxy_networks=127.0.0.0/8"]);
    for (header, address) in [
        (V1.to_vec(), "192.0.2.7:4711"),
        (version_2(1), "192.0.2.8:4711"),
    ] {
        let mut client = sawmill.connect();
        // In pieces, as TCP may bring it; the window right behind it.
        let (first, rest) = header.split_at(9);
        client.send(first);
        std::thread::sleep(Duration::from_millis(50));
        client.send(&[rest, &window(&[event("behind").as_bytes()])].concat());
        assert_eq!(client.ack(), 1);
        client.send(b"GET / HTTP/1.1\r\n");
        client.until_closed();
        let line = sawmill.wait_for_log(address);
        assert!(line.contains("HTTP"), "{line}");
    }
    assert_eq!(sawmill.stored("logs-django-pt").len(), 2);
}

#[test]
fn events_bear_the_address_of_the_client_and_not_of_the_load_balancer() {
    let files = Files::new();
    let sawmill = Sawmill::start_with(
        &files.write("pipeline.toml", PIPELINE),
        &["input.beats.proxy_networks=127.0.0.1"],
    );
    for (header, address) in [(V1.to_vec(), "192.0.2.7"), (version_2(1), "192.0.2.8")] {
        let mut client = sawmill.connect();
        client.send(&[header, window(&[event("plain").as_bytes()])].concat());
        assert_eq!(client.ack(), 1);
        assert_eq!(last_stored(&sawmill)["client"]["ip"], address);
    }
}

#[test]
fn the_header_stands_before_tls_and_outside_of_it() {
    let (files, authority) = (Files::new(), Authority::new("root"));
    let server = authority.issue("server", &["localhost"]);
    let tls = files.settings("input.beats.tls", &server);
    let sawmill = Sawmill::start_with(
        &files.write("pipeline.toml", PIPELINE),
        &["input.beats.proxy_networks=127.0.0.1", &tls[0], &tls[1]],
    );
    for (header, address) in [(V1.to_vec(), "192.0.2.7"), (version_2(1), "192.0.2.8")] {
        let (mut session, mut stream) = (authority.session(), sawmill.connect().stream);
        // The client's hello right behind the header, as TCP may bring them.
        let mut begin = header.clone();
        session.write_tls(&mut begin).unwrap();
        stream.write_all(&begin).unwrap();
        let mut client = StreamOwned::new(session, stream);
        let window = window(&[event("within").as_bytes()]);
        client.write_all(&window).unwrap();
        let mut ack = [0; 6];
        client.read_exact(&mut ack).unwrap();
        assert_eq!(&ack, b"2A\0\0\0\x01");
        assert_eq!(last_stored(&sawmill)["client"]["ip"], address);

        // A hello alone begins no session.
        let mut client = StreamOwned::new(authority.session(), sawmill.connect().stream);
        let peer = client.sock.local_addr().unwrap().to_string();
        assert!(
            client
                .write_all(&window)
                .and_then(|()| client.read_exact(&mut ack))
                .is_err()
        );
        let line = sawmill.wait_for_log(&peer);
        assert!(line.contains("input.beats.proxy_networks"), "{line}");
    }
}

fn last_stored(sawmill: &Sawmill) -> Value {
    sawmill.stored("logs-django-pt").pop().unwrap()
}

#[test]
fn health_checks_of_the_load_balancer_are_quiet() {
    let sawmill = Sawmill::start(&["input.beats.proxy_networks=127.0.0.1"]);
    drop(sawmill.connect());
    let mut check = sawmill.connect();
    check.send(&version_2(0));
    drop(check);
    let mut probe = sawmill.connect();
    probe.send(b"PROXY UNKNOWN\r\n2W\0\0\0\0");
    assert_eq!(probe.any_ack(), (b'2', 0));
    drop(probe);
    std::thread::sleep(Duration::from_millis(200));
    assert!(!sawmill.log().contains("WARN"), "{}", sawmill.log());
}

#[test]
fn sawmill_s_own_health_check_knows_that_it_comes_from_there() {
    let networks = "input.beats.proxy_networks=127.0.0.1";
    let sawmill = Sawmill::start(&[networks]);
    let listen = format!("input.beats.listen={}", sawmill.address);
    let said = sawmill.ask(&["healthcheck", "--set", networks, "--set", &listen]);
    assert!(said.contains("answers"), "{said}");
    assert!(!sawmill.log().contains("WARN"), "{}", sawmill.log());
}

#[test]
fn without_a_header_nobody_comes_in_from_there() {
    let sawmill = Sawmill::start(&["input.beats.proxy_networks=127.0.0.1"]);
    for bytes in [
        window(&[event("direct").as_bytes()]),
        b"PROXY TCP4 nonsense\r\n".to_vec(),
        [&b"PROXY TCP4 "[..], &[b'1'; 200]].concat(),
    ] {
        let mut client = sawmill.connect();
        let peer = client.stream.local_addr().unwrap().to_string();
        client.send(&bytes);
        assert_eq!(client.until_closed(), b"");
        let line = sawmill.wait_for_log(&peer);
        assert!(
            line.contains("WARN") && line.contains("input.beats.proxy_networks"),
            "{line}"
        );
    }
}

#[test]
fn who_is_not_trusted_cannot_say_for_whom_it_speaks() {
    let sawmill = Sawmill::start(&["input.beats.proxy_networks=192.0.2.0/24"]);
    for header in [V1.to_vec(), version_2(1)] {
        let mut client = sawmill.connect();
        let peer = client.stream.local_addr().unwrap().to_string();
        client.send(&header);
        assert_eq!(client.until_closed(), b"");
        let line = sawmill.wait_for_log(&peer);
        assert!(
            line.contains("looks like a PROXY protocol header"),
            "{line}"
        );
    }
    sawmill.assert_serves();
}

#[test]
fn limits_and_networks_are_those_of_the_client() {
    let sawmill = Sawmill::start(&[
        "input.beats.proxy_networks=127.0.0.1",
        "input.beats.connections_per_address_max=1",
        "input.beats.deny_networks=192.0.2.8",
    ]);
    let mut first = sawmill.connect();
    first.send(V1);
    first.send(&window(&[event("first").as_bytes()]));
    assert_eq!(first.ack(), 1);
    let mut second = sawmill.connect();
    second.send(V1);
    assert_eq!(second.until_closed(), b"");
    let line = sawmill.wait_for_log("connections_per_address_max");
    assert!(line.contains("WARN"), "{line}");
    let mut denied = sawmill.connect();
    denied.send(&version_2(1));
    assert_eq!(denied.until_closed(), b"");
    sawmill.wait_for_log("deny_networks");
}

#[test]
fn to_believe_everybody_is_warned_of() {
    for everybody in ["0.0.0.0/0", "::/0"] {
        let sawmill = Sawmill::start(&[&format!("input.beats.proxy_networks={everybody}")]);
        let line = sawmill.wait_for_log("input.beats.proxy_networks has");
        assert!(line.contains("WARN") && line.contains(everybody), "{line}");
    }
}
