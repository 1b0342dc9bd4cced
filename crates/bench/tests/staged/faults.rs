//! Servers that refuse, leave, reset, stall, and what is asked for in vain.

use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::thread::{self, sleep};
use std::time::Duration;

use sawmill_bench::error::BenchError;

use crate::support::{Peer, bench, staged, try_bench};

#[test]
fn a_server_that_refuses_is_said_to_be_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let (run, error) = bench(&address, "");
    assert!(
        matches!(error, Some(BenchError::Unreachable { .. })),
        "{error:?}"
    );
    assert_eq!(run.whole.events_sent, 0);
}

#[test]
fn a_server_that_leaves_is_said_to_have_closed() {
    let address = staged(|peer| {
        peer.open()?;
        for _ in 0..3 {
            let events = peer.window()?;
            peer.ack(events)?;
        }
        peer.window()?;
        Ok(())
    });
    let (run, error) = bench(&address, "");
    match error {
        Some(
            BenchError::Closed {
                connection: 1,
                settled: 5,
                unacknowledged: 10..=20,
                ..
            }
            | BenchError::Lost {
                connection: 1,
                settled: 5,
                unacknowledged: 10..=20,
                ..
            },
        ) => {}
        other => panic!("{other:?}"),
    }
    // What was measured until then is there.
    assert_eq!((run.totals.events, run.errors.len()), (30, 1));
}

#[test]
fn a_server_that_resets_is_said_to_have_broken_the_connection() {
    let address = staged(|peer| {
        peer.open()?;
        peer.head()?;
        // Closing with unread bytes resets.
        sleep(Duration::from_millis(20));
        Ok(())
    });
    let (_, error) = bench(&address, "--window 1000");
    match error {
        Some(BenchError::Closed { .. } | BenchError::Lost { .. }) => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_server_that_never_acknowledges_is_said_to_stall() {
    let (run, error) = bench(&staged(Peer::swallow), "--ack-timeout 100ms");
    match error {
        Some(BenchError::Stalled {
            settled: 0,
            unacknowledged: 5,
            waited,
            ..
        }) => {
            assert!(waited >= Duration::from_millis(100));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(run.whole.events_sent, 5);
}

#[test]
fn a_server_that_never_reads_is_said_to_stall() {
    let address = staged(|peer| {
        peer.open()?;
        sleep(Duration::from_mins(1));
        Ok(())
    });
    // Windows of 10 MB, which no buffer of the system takes.
    let (_, error) = bench(
        &address,
        "--window 5000 --size 2000 --compression 0 --ack-timeout 200ms",
    );
    assert!(
        matches!(error, Some(BenchError::StalledReading { settled: 2, .. })),
        "{error:?}"
    );
}

#[test]
fn keepalives_do_not_make_a_run_endless() {
    let address = staged(|peer| {
        peer.open()?;
        peer.window()?;
        loop {
            peer.ack(0)?;
            sleep(Duration::from_millis(10));
        }
    });
    let (_, error) = bench(&address, "--ack-timeout 100ms");
    match error {
        // The time of the run, and the patience.
        Some(BenchError::Stalled { waited, .. }) => assert!(waited >= Duration::from_millis(300)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_process_that_is_not_there_is_said_before_anything_is_sent() {
    let (run, error) = bench(&staged(Peer::serve), "--pid 4194303");
    assert!(
        matches!(error, Some(BenchError::Process { pid: 4_194_303, .. })),
        "{error:?}"
    );
    assert_eq!(run.whole.events_sent, 0);
}

#[test]
fn a_process_that_ends_ends_the_run_and_what_was_measured_is_kept() {
    let mut child = Command::new("sleep")
        .arg("60")
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let pid = child.id();
    let killer = thread::spawn(move || {
        sleep(Duration::from_millis(450));
        child.kill().unwrap();
        child.wait().unwrap();
    });
    let arguments = format!("--pid {pid} --duration 20s --slice 100ms");
    let (run, error) = bench(&staged(Peer::serve), &arguments);
    killer.join().unwrap();
    assert!(
        matches!(error, Some(BenchError::Process { .. })),
        "{error:?}"
    );
    assert!(run.slices.iter().any(|slice| slice.watched.is_some()));
    assert!(run.totals.events > 0 && run.seconds > 0.0 && run.events_per_second > 0.0);
}

#[test]
fn what_makes_no_sense_is_refused() {
    for (arguments, want) in [
        (
            "--rate 1 --window 2048",
            "--rate 1 does not fill one window of 2048 events",
        ),
        (
            "--size 10",
            "--size 10 is too small: events of such lines have",
        ),
        (
            "--size 99999999",
            "--size 99999999 is more than Filebeat sends",
        ),
        (
            "--window 100000 --size 100000",
            "--window 100000 of --size 100000 makes windows of 10000000000 bytes",
        ),
        ("--duration 0s", "--duration 0 leaves no time"),
        ("--ack-timeout 0s", "--ack-timeout 0 leaves no time"),
        ("--slice 1ms", "is too short"),
        (
            "--threads 3 --connections 2",
            "--threads 3 have only 2 connections",
        ),
        ("--tls", "--tls does not say whom to trust"),
    ] {
        match try_bench("127.0.0.1:1", arguments) {
            Err(error @ BenchError::Usage { .. }) => {
                assert!(error.to_string().contains(want), "{error}");
                assert!(error.is_usage());
            }
            other => panic!("{arguments}: {other:?}"),
        }
    }
}

#[test]
fn files_that_are_no_logs_are_refused() {
    let error = try_bench("127.0.0.1:1", "--events-from /bin/true").unwrap_err();
    assert!(matches!(error, BenchError::File(_)), "{error}");
}

#[test]
fn a_core_that_is_not_there_is_said() {
    let error = thread::spawn(|| try_bench("127.0.0.1:1", "--pin 1000").unwrap_err());
    let error = error.join().unwrap();
    assert!(matches!(error, BenchError::Pin { .. }), "{error}");
}
