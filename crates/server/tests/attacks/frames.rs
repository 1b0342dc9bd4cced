//! Frames that announce, hold or nest too much.

use std::io::Write;
use std::time::{Duration, Instant};

use crate::scene::Scene;
use crate::support::{Client, compressed, event, frame, plain_window, window, zlib};

fn head(events: u32) -> Vec<u8> {
    frame(b'W', &[events], &[])
}

/// Sends the same for a second from new connections, each until it is closed; how often that was.
fn again_and_again(attacker: impl Fn() -> Client, bytes: &[u8]) -> usize {
    let (since, mut count) = (Instant::now(), 0);
    while since.elapsed() < Duration::from_secs(1) {
        let mut client = attacker();
        // Whoever is sent away while it speaks notices it there.
        let _ = client.stream.write_all(bytes);
        let _ = std::io::copy(&mut client.stream, &mut std::io::sink());
        count += 1;
    }
    count
}

/// A window of one event that says it has so many bytes, and has 100 MiB of zeros, in a small frame.
fn zeros(said: u32) -> Vec<u8> {
    let text = [frame(b'J', &[1, said], &[]), vec![0; 100 << 20]].concat();
    [head(1), compressed(&text)].concat()
}

#[test]
fn p01_zeros_that_inflate_to_a_thousand_times_their_size() {
    let bomb = zeros(100 << 20);
    let scene = Scene::open("p01", &[]);
    scene.attack("4 × 100 MiB of zeros in a small frame", 48, |sawmill| {
        let mut clients = sawmill.attackers(4, &bomb);
        for client in &mut clients {
            // Skipped, counted and acknowledged: it was larger than an event may be.
            assert_eq!(client.ack(), 1);
        }
        clients
    });
}

#[test]
fn p01_many_events_that_inflate_to_a_thousand_times_their_size() {
    let spaces = format!("{{\"a\":\"{}\"}}", " ".repeat(1 << 20));
    let one = |sequence| frame(b'J', &[sequence, spaces.len() as u32], spaces.as_bytes());
    let text: Vec<u8> = (1..=100).flat_map(one).collect();
    let bomb = [head(100), compressed(&text)].concat();
    let scene = Scene::open("p01_events", &[]);
    scene.attack("4 × 100 events of 1 MiB in a small frame", 48, |sawmill| {
        let mut clients = sawmill.attackers(4, &bomb);
        for client in &mut clients {
            assert_eq!(client.ack(), 100);
        }
        clients
    });
}

#[test]
fn p01_large_events_that_inflate_to_a_thousand_times_their_size() {
    const EVENT_BYTES: usize = 30 << 20;
    let spaces = format!("{{\"a\":\"{}\"}}", " ".repeat(EVENT_BYTES));
    let one = |sequence| frame(b'J', &[sequence, spaces.len() as u32], spaces.as_bytes());
    let text: Vec<u8> = (1..=2).flat_map(one).collect();
    let bomb = [head(2), compressed(&text)].concat();
    let scene = Scene::open("p01_large", &["memory.budget=128MiB"]);
    // One at a time, as text and as a document.
    scene.attack(
        "20 × 2 events of 30 MiB in a small frame (budget 128 MiB)",
        160,
        |sawmill| {
            let mut clients = sawmill.attackers(20, &bomb);
            for client in &mut clients {
                assert_eq!(client.ack(), 2);
            }
            clients
        },
    );
}

#[test]
fn p01_large_events_whose_size_is_not_said() {
    let pair = |length: u32| [&1_u32.to_be_bytes()[..], b"k", &length.to_be_bytes()].concat();
    let value = vec![b' '; 1 << 20];
    let pairs = [pair(value.len() as u32), value].concat().repeat(30);
    let text = [frame(b'D', &[1, 30], &[]), pairs].concat();
    let bomb = [head(1), compressed(&text)].concat();
    let scene = Scene::open("p01_pairs", &["memory.budget=128MiB"]);
    scene.attack(
        "100 `D` frames of 30 MiB in small frames (budget 128 MiB)",
        192,
        |sawmill| {
            let mut clients = sawmill.attackers(100, &bomb);
            for client in &mut clients {
                assert_eq!(client.ack(), 1);
            }
            clients
        },
    );
}

#[test]
fn p01_events_that_are_too_large_for_longer_than_a_turn() {
    let bomb = zeros(100 << 20);
    let scene = Scene::open("p01_long", &[]);
    scene.attack("100 × 100 MiB of zeros in a small frame", 96, |sawmill| {
        let mut clients = sawmill.attackers(100, &bomb);
        for client in &mut clients {
            assert_eq!(client.ack(), 1);
        }
        clients
    });
}

#[test]
fn p01_events_that_are_all_too_large() {
    // It need not have them: that it says so is enough.
    let bomb = zeros(3 << 29);
    let scene = Scene::open("p01_skipped", &[]);
    scene.attack(
        "a small frame of more than 1 GiB that cannot be stored",
        48,
        |sawmill| {
            let mut clients = sawmill.attackers(20, &bomb);
            for client in &mut clients {
                client.until_closed();
            }
            sawmill.wait_for_log("events that are each too large, of more than 1073741824 bytes");
            clients
        },
    );
}

#[test]
fn p02_lengths_of_two_gigabytes() {
    let payload = vec![b'x'; 65_536];
    let json = [head(1), frame(b'J', &[1, 0x7FFF_FFFF], &payload)].concat();
    let zlib = [head(1), frame(b'C', &[0x7FFF_FFFF], &payload)].concat();
    let scene = Scene::open("p02", &["input.beats.frame_timeout=2s"]);
    scene.attack(
        "200 connections announce an event or a frame of 2 GiB",
        24,
        |sawmill| {
            let events = sawmill.attackers(100, &json);
            let frames = sawmill.attackers(100, &zlib);
            (events, frames)
        },
    );
}

#[test]
fn p02_lengths_within_the_limit_by_many() {
    let beginning = [head(1), frame(b'C', &[60 << 20], &[b'x'; 1000])].concat();
    let scene = Scene::open("p02_many", &["input.beats.frame_timeout=2s"]);
    scene.attack(
        "200 connections announce 60 MiB and send 1 kB",
        24,
        |sawmill| sawmill.attackers(200, &beginning),
    );
}

#[test]
fn p02_lengths_within_the_limit_from_many_addresses() {
    // Of 32 MiB half is for windows, and an eighth of that for one address.
    let beginning = [head(1), frame(b'C', &[(2 << 20) - 10_000], &[b'x'; 100])].concat();
    let scene = Scene::open("p02_addresses", &["input.beats.frame_timeout=3s"]);
    scene.attack(
        "4 addresses announce all that each may have and send 100 bytes",
        24,
        |sawmill| sawmill.crowd_of(4, 10, &beginning),
    );
}

#[test]
fn p03_a_billion_pairs_in_26_bytes() {
    let bytes = b"1W\0\0\0\x011D\0\0\0\x01\x3f\xff\xff\xff\0\0\0\x01a\0\0\0\x01";
    let scene = Scene::open("p03", &[]);
    scene.attack(
        "26 bytes that stop Logstash, again and again",
        16,
        |sawmill| {
            assert!(again_and_again(|| sawmill.attacker(), bytes) > 10);
        },
    );
}

#[test]
fn p04_a_frame_of_version_1_split_everywhere() {
    let pair = b"\0\0\0\x04line\0\0\0\x02hi";
    let whole = [&b"1W\0\0\0\x011D\0\0\0\x01\0\0\0\x01"[..], pair].concat();
    let scene = Scene::open("p04", &[]);
    scene.attack("a `D` frame byte by byte", 16, |sawmill| {
        let mut client = sawmill.attacker();
        for byte in &whole {
            client.send(&[*byte]);
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(client.any_ack(), (b'1', 1));
    });
}

#[test]
fn p05_compressed_frames_within_each_other() {
    let mut nested = frame(b'J', &[1, 2], b"{}");
    for _ in 0..20 {
        nested = compressed(&nested);
    }
    let bytes = [head(1), nested].concat();
    let scene = Scene::open("p05", &[]);
    scene.attack(
        "twenty compressed frames within each other",
        16,
        |sawmill| {
            assert!(again_and_again(|| sawmill.attacker(), &bytes) > 10);
        },
    );
}

#[test]
fn p06_a_window_of_two_billion_events() {
    let scene = Scene::open("p06", &[]);
    scene.attack("a window of 2³¹ events", 16, |sawmill| {
        assert!(again_and_again(|| sawmill.attacker(), &head(1 << 31)) > 10);
    });
}

#[test]
fn p06_a_window_as_large_as_may_be_that_never_ends() {
    let small = frame(b'J', &[1, 2], b"{}");
    let scene = Scene::open("p06_endless", &["input.beats.frame_timeout=2s"]);
    scene.attack(
        "100 windows of 100,000 events that stop after some",
        48,
        |sawmill| {
            let begun = [head(100_000), small.repeat(5000)].concat();
            sawmill.attackers(100, &begun)
        },
    );
}

#[test]
fn p07_one_byte_and_silence() {
    let scene = Scene::open("p07", &["input.beats.frame_timeout=1s"]);
    scene.attack(
        "1,000 connections say one byte and no more",
        24,
        |sawmill| {
            let mut clients = sawmill.attackers(1000, b"2");
            // Not a byte, keepalives neither, and then FIN.
            for client in &mut clients {
                assert_eq!(client.until_closed(), b"");
            }
            clients
        },
    );
}

#[test]
fn p09_a_window_within_a_window() {
    let half = plain_window(&[event("x").as_bytes(), event("y").as_bytes()]);
    let bytes = [&half[..half.len() / 2], &head(1)].concat();
    let scene = Scene::open("p09", &[]);
    scene.attack("a second window before the first is whole", 16, |sawmill| {
        assert!(again_and_again(|| sawmill.attacker(), &bytes) > 10);
        let mut client = sawmill.attacker();
        client.send(&window(&[event("after").as_bytes()]));
        assert_eq!(client.ack(), 1);
    });
}

#[test]
fn garbage_of_every_kind() {
    let mut random = fastrand::Rng::with_seed(7);
    let scene = Scene::open("garbage", &[]);
    scene.attack(
        "10,000 random bytes, behind every kind of head",
        24,
        |sawmill| {
            let since = Instant::now();
            while since.elapsed() < Duration::from_secs(1) {
                let mut bytes = match random.u8(..5) {
                    0 => Vec::new(),
                    1 => head(random.u32(1..1000)),
                    2 => [head(1), frame(b'C', &[random.u32(1..20_000)], &[])].concat(),
                    3 => [head(1), frame(b'J', &[1, random.u32(1..20_000)], &[])].concat(),
                    _ => [head(1), frame(b'C', &[9000], &zlib(b"2J")[..8])].concat(),
                };
                bytes.extend((0..10_000).map(|_| random.u8(..)));
                let mut client = sawmill.attacker();
                let _ = client.stream.write_all(&bytes);
                let _ = client.stream.shutdown(std::net::Shutdown::Write);
                let _ = std::io::copy(&mut client.stream, &mut std::io::sink());
            }
        },
    );
}
