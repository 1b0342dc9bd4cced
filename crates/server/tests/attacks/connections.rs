//! Connections that are too many, too slow, or never speak.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::scene::Scene;
use crate::support::{Sawmill, closed, event, frame, plain_window, wait_for, window};

#[test]
fn p14_connections_as_many_as_there_are() {
    let limit = "input.beats.connections_max=2000";
    let scene = Scene::open("p14", &[limit]);
    scene.attack(
        "3,000 connections from one address, which may have 1,000",
        32,
        |sawmill| {
            let mut clients = sawmill.attackers(3000, b"");
            wait_for("connections refused", || {
                (closed(&mut clients) >= 2000).then_some(())
            });
            // Another address still has room.
            sawmill.assert_serves();
            clients
        },
    );
}

#[test]
fn p15_a_port_that_is_taken_is_said_to_be() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = format!("input.beats.listen={}", taken.local_addr().unwrap());
    let ended = Command::new(env!("CARGO_BIN_EXE_sawmill"))
        .args(["run", "--set", "api.listen=off", "--set", &listen])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(
        !ended.status.success() && said.contains("another program listens there"),
        "{said}"
    );
}

#[test]
fn connections_that_never_speak() {
    let scene = Scene::open("silent", &[]);
    scene.attack("2,000 connections without a byte", 40, |sawmill| {
        let clients = sawmill.attackers(2000, b"");
        wait_for("all of them accepted", || {
            (sawmill.files() > 2000).then_some(())
        });
        clients
    });
}

#[test]
fn connections_that_come_and_go() {
    let scene = Scene::open("churn", &[]);
    scene.attack(
        "connections opened and closed for a second",
        24,
        |sawmill| {
            let since = Instant::now();
            while since.elapsed() < Duration::from_secs(1) {
                drop(sawmill.attacker());
            }
        },
    );
}

#[test]
fn frames_that_come_byte_by_byte() {
    let scene = Scene::open("slowloris", &["input.beats.frame_timeout=3s"]);
    scene.attack(
        "5,000 windows from five addresses, a byte every 100 ms, until their time is over",
        48,
        |sawmill| {
            let window = plain_window(&[event(&"x".repeat(1000)).as_bytes()]);
            let mut clients = sawmill.crowd(5000);
            for byte in &window[..40] {
                let next = Instant::now() + Duration::from_millis(100);
                for client in &mut clients {
                    let _ = client.stream.write_all(&[*byte]);
                }
                sleep(next.saturating_duration_since(Instant::now()));
            }
            wait_for("all of them closed", || {
                (closed(&mut clients) == 5000).then_some(())
            });
        },
    );
}

#[test]
fn windows_that_are_held_back_take_no_more_than_the_budget() {
    let scene = Scene::open("held", &["input.beats.frame_timeout=3s"]);
    scene.attack(
        "100 connections hold 100 kB each of a window that never ends",
        48,
        |sawmill| {
            let large = event(&"x".repeat(100_000));
            let one = frame(b'J', &[1, large.len() as u32], large.as_bytes());
            let begun = [frame(b'W', &[100], &[]), one].concat();
            let mut clients: Vec<_> = (0..100).map(|_| sawmill.attacker()).collect();
            std::thread::scope(|scope| {
                for client in &mut clients {
                    client
                        .stream
                        .set_write_timeout(Some(Duration::from_secs(2)))
                        .unwrap();
                    scope.spawn(|| {
                        // What does not fit is not read.
                        let _ = client.stream.write_all(&begun);
                    });
                }
            });
            clients
        },
    );
}

#[test]
fn windows_that_are_held_back_from_many_addresses() {
    let scene = Scene::open("held_addresses", &[]);
    scene.attack(
        "16 addresses hold back the end of windows, 4 MB each",
        48,
        |sawmill| {
            let event = event(&"x".repeat(100_000));
            let one = frame(b'J', &[1, event.len() as u32], event.as_bytes());
            let begun = [frame(b'W', &[100], &[]), one.repeat(10)].concat();
            sawmill.crowd_of(16, 4, &begun)
        },
    );
}

#[test]
fn descriptors_that_run_out() {
    let scene = Scene::open("emfile", &[]);
    scene.attack(
        "100 connections where 50 files may be open",
        24,
        |sawmill| {
            let pid = sawmill.pid().to_string();
            let limit = |files: &str| {
                let limit = format!("--nofile={files}:");
                assert!(
                    Command::new("prlimit")
                        .args(["--pid", &pid, &limit])
                        .status()
                        .unwrap()
                        .success()
                );
            };
            limit("50");
            let before = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
            let clients = sawmill.attackers(100, b"");
            sleep(Duration::from_secs(1));
            let line = sawmill.wait_for_log("cannot accept a connection");
            assert!(line.contains("open files"), "{line}");
            let after = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
            let ticks = |stat: &str| -> u64 {
                let fields = stat.rsplit_once(')').unwrap().1.split_whitespace();
                fields
                    .skip(11)
                    .take(2)
                    .map(|field| field.parse::<u64>().unwrap())
                    .sum()
            };
            let spent = ticks(&after) - ticks(&before);
            assert!(spent < 60, "it spins: {spent} ticks");
            limit("1000");
            clients
        },
    );
}

#[test]
fn who_vanished_is_noticed() {
    let scene = Scene::open("half_open", &[]);
    scene.attack("TCP keepalive is on", 16, |sawmill| {
        let client = sawmill.attacker();
        // Timer 2 of a socket is keepalive.
        let socket = sawmill.socket_of(&client);
        assert!(socket[5].starts_with("02:"), "{socket:?}");
        client
    });
}

#[test]
fn silence_is_no_reason_to_close() {
    let scene = Scene::open("idle", &["input.beats.frame_timeout=200ms"]);
    scene.attack(
        "an idle connection is left open and hears nothing",
        16,
        |sawmill| {
            let mut client = sawmill.attacker();
            client.assert_silence(Duration::from_secs(1));
            client.send(b"2W\0\0\0\0");
            let mut ack = [0; 6];
            client.stream.read_exact(&mut ack).unwrap();
            assert_eq!(&ack, b"2A\0\0\0\0");
        },
    );
}

#[test]
fn frames_larger_than_an_address_may_have_do_not_wait_for_each_other() {
    // Of 16 MiB half is for windows, and an eighth of that for one address.
    let sawmill = Sawmill::start(&["memory.budget=16MiB"]);
    let mut random = fastrand::Rng::with_seed(3);
    // It packs to three quarters.
    let noise: String = std::iter::repeat_with(|| random.alphanumeric())
        .take(7 << 20)
        .collect();
    let window = window(&[event(&noise).as_bytes()]);
    assert!(window.len() > 5 << 20, "{} bytes", window.len());
    let mut clients = [sawmill.connect(), sawmill.attacker(), sawmill.attacker()];
    let halves = [0..window.len() / 2, window.len() / 2..window.len()];
    std::thread::scope(|scope| {
        for client in &mut clients {
            let halves = halves.clone().map(|half| &window[half]);
            scope.spawn(move || {
                for half in halves {
                    client.send(half);
                    sleep(Duration::from_millis(200));
                }
                assert_eq!(client.ack(), 1);
            });
        }
    });
}
