use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Waits until `done` says so, and panics after `within` with `what` it was waiting for.
pub fn until(what: &str, within: Duration, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + within;
    while !done() {
        assert!(
            Instant::now() < deadline,
            "waited {} s in vain: {what}",
            within.as_secs()
        );
        sleep(Duration::from_millis(100));
    }
}

/// A port that nobody listens on.
///
/// It lies below the range from which Linux gives out ports of its own accord, so it is still free after a restart.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let base = 20_000 + (std::process::id() % 100) as u16 * 100;
    (0..100)
        .map(|_| base + NEXT.fetch_add(1, Ordering::Relaxed) % 100)
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("one of a hundred ports is free")
}
