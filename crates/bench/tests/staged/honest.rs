//! Servers that do as they should, and what is said of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::sleep;
use std::time::Duration;

use sawmill_bench::results::Verdict;

use crate::support::{bench, staged, try_bench};

/// A server that counts events.
fn counting(pause: Duration) -> (String, Arc<AtomicU64>) {
    let events_seen = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&events_seen);
    let address = staged(move |peer| {
        loop {
            let events = peer.window()?;
            seen.fetch_add(events.into(), Ordering::SeqCst);
            sleep(pause);
            peer.ack(events)?;
        }
    });
    (address, events_seen)
}

#[test]
fn server_and_load_generator_count_the_same() {
    for arguments in [
        "",
        "--connections 7 --threads 2 --idle 3",
        "--connections 3 --rate 10000 --window 7",
        "--events 1234 --connections 5",
        "--compression 0 --in-flight 5 --warmup 100ms",
    ] {
        let (address, counted) = counting(Duration::ZERO);
        let (run, error) = bench(&address, arguments);
        assert!(error.is_none(), "{arguments}: {error:?}");
        let whole = run.whole;
        assert_eq!(
            whole.events_sent,
            counted.load(Ordering::SeqCst),
            "{arguments}"
        );
        assert_eq!(whole.events_acknowledged, whole.events_sent, "{arguments}");
        assert_eq!(
            whole.windows_acknowledged, whole.windows_sent,
            "{arguments}"
        );
        assert!(
            run.totals.events > 0 && run.totals.events <= whole.events_sent,
            "{arguments}"
        );
        assert_eq!(
            (run.violations.len(), run.errors.len()),
            (0, 0),
            "{arguments}"
        );
    }
}

#[test]
fn a_number_of_events_is_kept() {
    let (address, counted) = counting(Duration::ZERO);
    let (run, error) = bench(&address, "--events 1234 --connections 2");
    assert!(error.is_none(), "{error:?}");
    // Besides five events that open each connection.
    assert_eq!(
        (run.totals.events, counted.load(Ordering::SeqCst)),
        (1_234, 1_244)
    );
    assert_eq!(run.latency.count, 124);
}

#[test]
fn slices_sum_up_to_the_whole() {
    let (address, _) = counting(Duration::ZERO);
    let (run, error) = bench(&address, "--duration 500ms --slice 100ms");
    assert!(error.is_none(), "{error:?}");
    assert_eq!(run.slices.len(), 5);
    let events: u64 = run.slices.iter().map(|slice| slice.events).sum();
    // The last slice may be cut a moment after the end.
    assert_eq!(events, run.totals.events);
}

#[test]
fn latency_counts_from_when_a_window_was_due() {
    // The server holds up everything for a while: with one window in flight, ten that were due in that time could not
    // be sent, and each of them waited.
    let address = staged(|peer| {
        peer.open()?;
        let events = peer.window()?;
        sleep(Duration::from_millis(200));
        peer.ack(events)?;
        peer.serve()
    });
    let arguments = "--in-flight 1 --rate 500 --duration 400ms";
    let (run, error) = bench(&address, arguments);
    assert!(error.is_none(), "{error:?}");
    let held_up: u64 = run
        .latency
        .histogram
        .iter()
        .filter(|(us, _)| *us > 20_000)
        .map(|(_, count)| count)
        .sum();
    assert!(held_up >= 8, "{:?}", run.latency.histogram);
    // Their own ACK came soon after their last byte.
    assert!(run.ack_wait.p50_us < run.latency.p50_us, "{run:?}");
}

#[test]
fn what_could_not_be_sent_is_said() {
    let (address, _) = counting(Duration::from_millis(50));
    let (run, error) = bench(&address, "--in-flight 1 --rate 10000 --duration 300ms");
    assert!(error.is_none(), "{error:?}");
    // 300 windows were due, and some six could be sent.
    assert!(
        (250..300).contains(&run.windows_unsent),
        "{}",
        run.windows_unsent
    );
}

#[test]
fn idle_connections_that_the_server_closes_are_noted() {
    let address = staged(|peer| {
        peer.stream
            .set_read_timeout(Some(Duration::from_millis(100)))?;
        peer.serve()
    });
    let (run, error) = bench(&address, "--idle 4 --duration 500ms");
    assert!(error.is_none(), "{error:?}");
    assert_eq!(run.notes, ["the server closed 4 of 4 idle connections"]);
}

#[test]
fn a_ramp_ends_with_the_highest_rate_that_was_held() {
    // Some 20 ms a window of ten events, one at a time: 500 events/s at most.
    let (address, _) = counting(Duration::from_millis(20));
    let (runs, error) = try_bench(
        &address,
        "--ramp --p99-max 60ms --duration 500ms --in-flight 1",
    )
    .unwrap();
    assert!(error.is_none(), "{error:?}");
    let verdicts: Vec<_> = runs
        .iter()
        .filter_map(|run| run.ramp)
        .map(|ramp| ramp.verdict)
        .collect();
    assert_eq!(verdicts[0], Verdict::Probe);
    assert!(
        verdicts.len() > 2 && verdicts.contains(&Verdict::Held),
        "{verdicts:?}"
    );
}

#[test]
fn our_own_process_can_be_watched() {
    let (address, _) = counting(Duration::ZERO);
    let (run, error) = bench(&address, &format!("--pid {}", std::process::id()));
    assert!(error.is_none(), "{error:?}");
    let watched = run.watched.unwrap();
    assert!(
        watched.resident_bytes_peak >= watched.resident_bytes_max && watched.resident_bytes_max > 0
    );
    assert!(watched.open_files_max > Some(3));
    assert!(run.slices.iter().all(|slice| slice.watched.is_some()));
}

#[test]
fn lines_of_a_file_are_sent() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.log");
    std::fs::write(
        &path,
        "INFO|a|2025-02-02T12:34:56.000|hello\n{\"message\":\"as it is\"}\n",
    )
    .unwrap();
    let (address, counted) = counting(Duration::ZERO);
    let (run, error) = bench(
        &address,
        &format!("--events-from {} --events 25", path.display()),
    );
    assert!(error.is_none(), "{error:?}");
    assert_eq!(
        (run.totals.events, counted.load(Ordering::SeqCst)),
        (25, 30)
    );
}
