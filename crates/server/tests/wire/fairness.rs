//! Connections have turns: one that floods does not keep another one waiting for more than what it has ahead.

use std::io::Write;
use std::net::Shutdown;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::support::{Client, Sawmill, event, window};

const FLOODING: usize = 6;
/// Windows of one connection that Sawmill takes at a time (`input.beats.windows_ahead_max`), and some on either side of it.
const AHEAD: usize = 4 + 3;

#[test]
fn whoever_sends_little_has_a_turn_beside_those_that_never_stop() {
    let sawmill = Sawmill::start(&["memory.budget=16MiB"]);
    let text = event(&"x".repeat(1000));
    let flood = &window(&vec![text.as_bytes(); 512]);
    let acknowledged = &AtomicUsize::new(0);
    thread::scope(|scope| {
        let flooding = Flooding((0..FLOODING).map(|_| sawmill.connect()).collect());
        for client in &flooding.0 {
            let (mut to, from) = (client.again(), client.again());
            scope.spawn(move || while to.stream.write_all(flood).is_ok() {});
            scope.spawn(move || count_acks(from, acknowledged));
        }
        let mut honest = sawmill.connect();
        let mut before = acknowledged.load(Ordering::Relaxed);
        for round in 0..20 {
            honest.send(&window(&[event("one").as_bytes()]));
            assert_eq!(honest.ack(), 1);
            let now = acknowledged.load(Ordering::Relaxed);
            assert!(
                now - before <= FLOODING * AHEAD,
                "{} windows of others came first in round {round}",
                now - before
            );
            before = now;
        }
    });
    let others = acknowledged.load(Ordering::Relaxed);
    assert!(others > FLOODING, "there was a flood: {others} windows");
}

/// Connections whose threads end with it.
struct Flooding(Vec<Client>);

impl Drop for Flooding {
    fn drop(&mut self) {
        for client in &self.0 {
            let _ = client.stream.shutdown(Shutdown::Both);
        }
    }
}

fn count_acks(mut client: Client, acknowledged: &AtomicUsize) {
    while let Some((_, sequence)) = client.try_ack() {
        if sequence > 0 {
            acknowledged.fetch_add(1, Ordering::Relaxed);
        }
    }
}
