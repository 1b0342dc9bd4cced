//! `sawmill healthcheck` against servers that keep to the protocol, and others.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use crate::support::{Ended, Place};

/// Asks a server that takes the question and gives this answer.
fn asked(answer: &'static [u8]) -> (Ended, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut question = [0; 6];
        stream.read_exact(&mut question).unwrap();
        assert_eq!(&question, b"2W\0\0\0\0");
        stream.write_all(answer).unwrap();
    });
    let ended = Place::new().run(&["healthcheck", "--address", &address]);
    server.join().unwrap();
    (ended, address)
}

#[test]
fn a_server_that_answers_is_healthy() {
    let (ended, address) = asked(b"2A\0\0\0\0");
    assert_eq!(
        ended,
        Ended {
            code: Some(0),
            stdout: format!("{address} answers\n"),
            stderr: String::new()
        }
    );
}

#[test]
fn a_server_that_is_not_there_or_answers_wrongly_is_not() {
    let (ended, address) = asked(b"HTTP/1.1 400 Bad Request\r\n");
    let want = format!("sawmill: {address} answered `HTTP/1`\nwhat listens there takes no Beats\n");
    assert_eq!((ended.code, ended.stderr), (Some(1), want));

    let (ended, address) = asked(b"2A");
    let want = format!(
        "sawmill: {address} did not answer within 3 s: it closed the connection\n\
         it may be overloaded, expect TLS, or take no Beats\n"
    );
    assert_eq!((ended.code, ended.stderr), (Some(1), want));

    let ended = Place::new().run(&["healthcheck", "--address", &address]);
    let want = format!(
        "sawmill: {address} cannot be reached: Connection refused (os error 111)\n\
         is Sawmill running, and is this its address?\n"
    );
    assert_eq!((ended.code, ended.stderr), (Some(1), want));
}

#[test]
fn a_server_that_says_nothing_is_given_three_seconds() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let begun = std::time::Instant::now();
    let ended = Place::new().run(&["healthcheck", "--address", &address]);
    assert!(
        (3..10).contains(&begun.elapsed().as_secs()),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(ended.code, Some(1));
    assert!(
        ended
            .stderr
            .contains("did not answer within 3 s: time is up"),
        "{}",
        ended.stderr
    );
}

#[test]
fn the_address_is_that_of_the_settings_unless_given() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let set = format!("input.beats.listen=0.0.0.0:{port}");
    let ended = Place::new()
        .with("pipeline.toml", "")
        .run(&["healthcheck", "--set", &set]);
    assert_eq!(ended.code, Some(1));
    assert!(
        ended
            .stderr
            .starts_with(&format!("sawmill: 127.0.0.1:{port} cannot be reached")),
        "{}",
        ended.stderr
    );
}
