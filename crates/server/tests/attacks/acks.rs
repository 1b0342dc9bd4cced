//! What a client must never hear, whatever it does.

use std::io::Read;
use std::net::Shutdown;
use std::time::Duration;

use crate::scene::Scene;
use crate::support::{event, frame, plain_window, window};

fn json(sequence: u32) -> Vec<u8> {
    let event = event("x");
    frame(b'J', &[sequence, event.len() as u32], event.as_bytes())
}

#[test]
fn p08_sequences_beyond_two_billion() {
    let scene = Scene::open("p08", &[]);
    scene.attack(
        "sequences from 2³¹ to 2³² - 1, and beyond",
        16,
        |sawmill| {
            for last in [1 << 31, u32::MAX, 0xFFFF_FFF0] {
                let mut client = sawmill.attacker();
                client.send(&[frame(b'W', &[1], &[]), json(last)].concat());
                assert_eq!(client.any_ack(), (b'2', last));
            }
        },
    );
}

#[test]
fn p10_sequences_out_of_order() {
    let scene = Scene::open("p10", &[]);
    scene.attack(
        "sequences 3, 3, 1, 2: one ACK, of the last event",
        16,
        |sawmill| {
            let mut client = sawmill.attacker();
            let events = [3, 3, 1, 2].map(json).concat();
            client.send(&[frame(b'W', &[4], &[]), events].concat());
            assert_eq!(client.any_ack(), (b'2', 2));
            client.assert_silence(Duration::from_millis(200));
        },
    );
}

#[test]
fn p12_keepalives_in_the_client_s_version_and_only_while_it_waits() {
    let scene = Scene::open(
        "p12",
        &["input.beats.keepalive=50ms", "input.beats.frame_timeout=2s"],
    );
    scene.attack(
        "a client of version 1, silent before its window is whole",
        16,
        |sawmill| {
            let mut client = sawmill.attacker();
            client.send(b"1W\0\0\0\x01");
            client.assert_silence(Duration::from_millis(300));
            let pair = b"\0\0\0\x04line\0\0\0\x02hi";
            client.send(&[&b"1D\0\0\0\x01\0\0\0\x01"[..], pair].concat());
            loop {
                match client.any_ack() {
                    (b'1', 0) => {}
                    ack => {
                        assert_eq!(ack, (b'1', 1));
                        break;
                    }
                }
            }
            client.assert_silence(Duration::from_millis(300));
        },
    );
}

#[test]
fn p13_the_last_ack_arrives_before_the_connection_is_closed_with_fin() {
    let scene = Scene::open("p13", &[]);
    scene.attack("a window, then garbage: the ACK, then FIN", 16, |sawmill| {
        for _ in 0..20 {
            let mut client = sawmill.attacker();
            let garbage = vec![b'x'; 100_000];
            client.send(&[window(&[event("a").as_bytes()]), garbage].concat());
            assert_eq!(client.until_closed(), b"2A\0\0\0\x01");
        }
    });
}

#[test]
fn ack_exactly_one_a_window_whole_in_order_and_no_more() {
    let scene = Scene::open("ack", &[]);
    scene.attack(
        "windows of 1 to 10 events at once: ACKs 1 to 10 and silence",
        16,
        |sawmill| {
            let mut client = sawmill.attacker();
            let text = event("x");
            let sizes = [10, 1, 7, 3, 2, 9, 4, 8, 5, 6];
            let windows = sizes.map(|size| plain_window(&vec![text.as_bytes(); size]));
            client.send(&windows.concat());
            for size in sizes {
                assert_eq!(client.any_ack(), (b'2', size as u32));
            }
            client.assert_silence(Duration::from_millis(300));
        },
    );
}

#[test]
fn ack_never_for_half_a_window() {
    let scene = Scene::open("ack_half", &[]);
    scene.attack("half a window, then the end", 16, |sawmill| {
        let text = event("x");
        let whole = plain_window(&[text.as_bytes(); 10]);
        let mut client = sawmill.attacker();
        client.send(&whole[..whole.len() / 2]);
        client.stream.shutdown(Shutdown::Write).unwrap();
        assert_eq!(client.until_closed(), b"");
    });
}

/// How long they may stay unread is for `wire` to show: 30 s are too long for a stage.
#[test]
fn acks_that_nobody_reads() {
    let scene = Scene::open("unread", &[]);
    scene.attack(
        "50 connections send windows until the server can write no more ACKs, and read none",
        32,
        |sawmill| {
            let text = event("x");
            let windows = window(&[text.as_bytes()]).repeat(50);
            let probes = b"2W\0\0\0\0".repeat(1000);
            let mut clients: Vec<_> = (0..50).map(|_| sawmill.cramped_attacker()).collect();
            std::thread::scope(|scope| {
                for client in &mut clients {
                    let both = [&windows[..], &probes].concat();
                    scope.spawn(move || client.send_until_stuck(&both));
                }
            });
            for client in &clients {
                // What the server has not brought off, and what it has not read.
                let queues = &sawmill.socket_of(client)[4];
                let full = { queues.split(':') }.all(|queue| queue != "00000000");
                assert!(full, "{queues}");
            }
            clients
        },
    );
}

#[test]
fn probes_are_answered_and_cost_nothing() {
    let scene = Scene::open("probes", &[]);
    scene.attack("10,000 probes W(0) on one connection", 16, |sawmill| {
        let mut client = sawmill.attacker();
        let mut answers = client.again();
        let reading = std::thread::spawn(move || {
            let mut all = vec![0; 60_000];
            answers.stream.read_exact(&mut all).unwrap();
            assert!(all.chunks(6).all(|ack| ack == b"2A\0\0\0\0"));
        });
        client.send(&b"2W\0\0\0\0".repeat(10_000));
        reading.join().unwrap();
    });
}
