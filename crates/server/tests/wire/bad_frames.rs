//! Frames that are wrong, hostile, or cut short: the connection ends, without an ACK, and nothing
//! else does.

use std::time::Duration;

use crate::support::{Sawmill, compressed, event, frame, plain_window, window, zlib};

fn json_frame(sequence: u32) -> Vec<u8> {
    let event = event("x");
    frame(
        b'J',
        &[sequence, u32::try_from(event.len()).unwrap()],
        event.as_bytes(),
    )
}

#[test]
fn broken_frames_close_the_connection_and_are_named() {
    let head = |events: u32| frame(b'W', &[events], &[]);
    let good = zlib(&json_frame(1));
    let cut_short = &good[..good.len() - 6];
    let mut corrupt = good.clone();
    corrupt[good.len() / 2] ^= 0x55;
    let compressed_frame = |zlib: &[u8]| frame(b'C', &[u32::try_from(zlib.len()).unwrap()], zlib);
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (
            [head(1), compressed_frame(cut_short)].concat(),
            "ends too early",
        ),
        (
            [head(1), compressed_frame(&corrupt)].concat(),
            "corrupt zlib stream",
        ),
        (
            [head(1), compressed_frame(b"no zlib at all")].concat(),
            "corrupt zlib stream",
        ),
        (
            [head(1), compressed(&compressed(&json_frame(1)))].concat(),
            "a compressed frame within",
        ),
        (
            [head(1), compressed(&plain_window(&[b"{}"]))].concat(),
            "within a compressed frame",
        ),
        (
            [head(1), compressed(&json_frame(1)[..20])].concat(),
            "ends within a frame",
        ),
        (frame(b'W', &[u32::MAX], &[]), "window of 4294967295 events"),
        (
            [head(1), frame(b'C', &[u32::MAX], &[])].concat(),
            "frame of 4294967295 bytes",
        ),
        (
            b"1W\0\0\0\x011D\0\0\0\x01\xff\xff\xff\xff".to_vec(),
            "4294967295 pairs",
        ),
        (
            b"1W\0\0\0\x011D\0\0\0\x01\0\0\0\x01\xff\xff\xff\xff".to_vec(),
            "4294967295 bytes",
        ),
        ([head(1), frame(b'J', &[1, 0], &[])].concat(), "no bytes"),
        (json_frame(1), "belongs to no window"),
        (
            frame(b'A', &[1], &[]),
            "acknowledgement of event 1 from a client",
        ),
        (
            [head(2), json_frame(1), head(1)].concat(),
            "ended after 1 of 2 events",
        ),
        (
            [head(2), compressed(&json_frame(1)), head(1), json_frame(1)].concat(),
            "ended after 1 of 2",
        ),
        (
            [
                head(1),
                compressed(&[json_frame(1), json_frame(2)].concat()),
            ]
            .concat(),
            "one too many",
        ),
        (
            [head(1), b"1D\0\0\0\x01\0\0\0\x01\0\0\0\0\0\0\0\0".to_vec()].concat(),
            "version 1 in a window",
        ),
    ];
    let sawmill = Sawmill::start(&[]);
    for (bytes, want) in cases {
        let mut client = sawmill.connect();
        let peer = client.stream.local_addr().unwrap().to_string();
        client.send(&bytes);
        assert_eq!(client.until_closed(), b"", "{want}");
        let line = sawmill.wait_for_log(&peer);
        assert!(
            line.contains("WARN") && line.contains(want),
            "{want}: {line}"
        );
    }
    sawmill.assert_serves();
}

#[test]
fn windows_before_a_broken_frame_are_still_acknowledged() {
    let sawmill = Sawmill::start(&[]);
    let mut client = sawmill.connect();
    let good = window(&[event("a").as_bytes(), event("b").as_bytes()]);
    client.send(&[&good[..], &good, b"garbage"].concat());
    assert_eq!(client.until_closed(), b"2A\0\0\0\x022A\0\0\0\x02");
    assert_eq!(sawmill.stored("logs-django-pt").len(), 4);
}

#[test]
fn of_a_broken_window_nothing_is_stored() {
    let sawmill = Sawmill::start(&[]);
    let mut client = sawmill.connect();
    let frames = [json_frame(1), json_frame(2), b"2X".to_vec()].concat();
    client.send(&[frame(b'W', &[3], &[]), compressed(&frames)].concat());
    assert_eq!(client.until_closed(), b"");
    client = sawmill.connect();
    let held = plain_window(&[event("a").as_bytes(), event("b").as_bytes()]);
    client.send(&held[..held.len() - 5]);
    client.end();
    assert_eq!(client.until_closed(), b"");
    sawmill.assert_serves();
    assert_eq!(
        sawmill.stored("logs-django-pt").len(),
        1,
        "the one event that shows it serves"
    );
}

#[test]
fn a_window_that_is_never_completed_is_closed_after_the_timeout() {
    let sawmill = Sawmill::start(&["input.beats.frame_timeout=300ms"]);
    for unfinished in [
        frame(b'W', &[2], &[]),
        [frame(b'W', &[2], &[]), json_frame(1)].concat(),
        [frame(b'W', &[2], &[]), compressed(&json_frame(1))].concat(),
        b"2W\0".to_vec(),
    ] {
        let mut client = sawmill.connect();
        client.send(&unfinished);
        assert_eq!(client.until_closed(), b"");
        let peer = client.stream.local_addr().unwrap().to_string();
        assert!(sawmill.wait_for_log(&peer).contains("frame_timeout"));
    }
}

#[test]
fn a_bomb_costs_neither_memory_nor_an_honest_client() {
    let sawmill = Sawmill::start(&[]);
    sawmill.assert_serves();
    let before = sawmill.resident_bytes();
    let zeros = zlib(&vec![0; 100 << 20]);
    assert!(zeros.len() < 1 << 20, "a ratio of some 1000:1");
    let mut client = sawmill.connect();
    let bomb = frame(b'C', &[u32::try_from(zeros.len()).unwrap()], &zeros);
    client.send(&[frame(b'W', &[1], &[]), bomb].concat());
    assert_eq!(client.until_closed(), b"");
    // A bomb of frames that are right: one event of 100 MiB of blanks.
    let mut frames = frame(b'J', &[1, 100 << 20], &[]);
    frames.resize(frames.len() + (100 << 20), b' ');
    let mut client = sawmill.connect();
    client.send(&[frame(b'W', &[1], &[]), compressed(&frames)].concat());
    assert_eq!(
        client.ack(),
        1,
        "a dead letter, not a window that comes again for ever"
    );
    let reason = sawmill.dead_letters()[0]["reason"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(reason, "event of 104857600 bytes, limit 67108864 bytes");
    let grown = sawmill.resident_bytes().saturating_sub(before);
    assert!(grown < 32 << 20, "grew by {grown} bytes");
    sawmill.assert_serves();
}

#[test]
fn an_event_of_100_mib_is_skipped_as_it_comes_and_costs_its_window_nothing() {
    let sawmill = Sawmill::start(&[]);
    sawmill.assert_serves();
    let before = sawmill.resident_bytes();
    let mut client = sawmill.connect();
    client.send(&frame(b'W', &[2], &[]));
    client.send(&frame(b'J', &[1, 100 << 20], &[]));
    let blanks = vec![b' '; 1 << 20];
    for _ in 0..100 {
        client.send(&blanks);
    }
    client.send(&json_frame(2));
    assert_eq!(client.ack(), 2);
    assert_eq!(sawmill.dead_letters().len(), 1);
    assert_eq!(sawmill.stored("logs-django-pt").len(), 2);
    let grown = sawmill.resident_bytes().saturating_sub(before);
    assert!(grown < 16 << 20, "grew by {grown} bytes");
}

#[test]
fn a_peer_that_announces_much_and_sends_little_is_given_nothing() {
    let sawmill = Sawmill::start(&["input.beats.frame_timeout=10s"]);
    let before = sawmill.resident_bytes();
    let mut clients: Vec<_> = (0..50).map(|_| sawmill.connect()).collect();
    for client in &mut clients {
        client.send(&[frame(b'W', &[1], &[]), frame(b'C', &[1 << 20], b"x")].concat());
    }
    std::thread::sleep(Duration::from_millis(300));
    let grown = sawmill.resident_bytes().saturating_sub(before);
    assert!(
        grown < 20 << 20,
        "grew by {grown} bytes for 50 bytes of payload"
    );
    sawmill.assert_serves();
}
