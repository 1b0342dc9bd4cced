//! Servers that acknowledge against the protocol.

use std::io;

use sawmill_bench::error::BenchError;
use sawmill_bench::results::ViolationKind;

use crate::support::{Peer, bench, staged, violation};

/// What a server that does this is caught at.
fn caught(script: impl Fn(&mut Peer) -> io::Result<()> + Send + Sync + 'static) -> ViolationKind {
    let (run, error) = bench(&staged(script), "");
    let kind = violation(error);
    assert_eq!(run.violations.len(), 1, "{:?}", run.violations);
    assert_eq!((run.violations[0].kind, run.errors.len()), (kind, 1));
    kind
}

#[test]
fn a_server_that_acknowledges_before_the_last_byte_is_caught() {
    let kind = caught(|peer| {
        let events = peer.head()?;
        peer.ack(events)?;
        peer.swallow()
    });
    assert_eq!(kind, ViolationKind::Early);
}

#[test]
fn a_server_that_acknowledges_twice_is_caught() {
    let kind = caught(|peer| {
        let events = peer.window()?;
        peer.ack(events)?;
        peer.ack(events)?;
        peer.serve()
    });
    assert_eq!(kind, ViolationKind::Twice);
}

#[test]
fn a_server_that_acknowledges_only_the_very_last_window_twice_is_caught() {
    let address = staged(|peer| {
        peer.open()?;
        for _ in 0..10 {
            let events = peer.window()?;
            peer.ack(events)?;
        }
        peer.ack(10)?;
        peer.swallow()
    });
    let (run, error) = bench(&address, "--events 100");
    assert_eq!(violation(error), ViolationKind::Twice);
    assert_eq!(run.totals.events, 100);
}

#[test]
fn a_server_that_acknowledges_partially_is_caught() {
    let kind = caught(|peer| {
        let events = peer.window()?;
        peer.ack(events - 2)?;
        peer.ack(events)?;
        peer.serve()
    });
    assert_eq!(kind, ViolationKind::Partial);
}

#[test]
fn partial_acks_may_be_allowed() {
    let address = staged(|peer| {
        loop {
            let events = peer.window()?;
            for sequence in 1..=events {
                peer.ack(sequence)?;
            }
        }
    });
    let (run, error) = bench(&address, "--allow-partial --events 95");
    assert!(error.is_none(), "{error:?}");
    assert_eq!((run.totals.events, run.violations.len()), (95, 0));
}

#[test]
fn a_server_that_acknowledges_the_younger_window_first_is_caught() {
    let kind = caught(|peer| {
        let (first, second) = (peer.window()?, peer.window()?);
        peer.ack(second)?;
        peer.ack(first)?;
        peer.serve()
    });
    assert_eq!(kind, ViolationKind::OutOfOrder);
}

#[test]
fn a_server_that_acknowledges_more_than_was_sent_is_caught() {
    let kind = caught(|peer| {
        peer.open()?;
        let events = peer.window()?;
        peer.ack(events + 1)?;
        peer.swallow()
    });
    assert_eq!(kind, ViolationKind::Beyond);
}

#[test]
fn a_server_that_speaks_unasked_is_caught() {
    let kind = caught(|peer| {
        peer.ack(7)?;
        peer.swallow()
    });
    assert_eq!(kind, ViolationKind::Beyond);
}

#[test]
fn a_keepalive_with_nothing_pending_is_caught_and_one_with_something_is_not() {
    let address = staged(|peer| {
        loop {
            let events = peer.window()?;
            peer.ack(0)?;
            peer.ack(events)?;
        }
    });
    let (run, error) = bench(&address, "--events 50");
    assert!(error.is_none(), "{error:?}");
    assert_eq!(run.totals.keepalives, 5);
    let address = staged(|peer| {
        peer.open()?;
        for _ in 0..5 {
            let events = peer.window()?;
            peer.ack(events)?;
        }
        peer.ack(0)?;
        peer.swallow()
    });
    let (_, error) = bench(&address, "--events 50");
    assert_eq!(violation(error), ViolationKind::StrayKeepalive);
}

#[test]
fn a_server_that_answers_in_version_1_is_caught() {
    let kind = caught(|peer| {
        peer.window()?;
        peer.say(b"1A\0\0\0\x03")?;
        peer.swallow()
    });
    assert_eq!(kind, ViolationKind::WrongVersion);
}

#[test]
fn a_server_that_speaks_another_protocol_is_caught() {
    let kind = caught(|peer| {
        peer.say(b"HTTP/1.1 400 Bad Request\r\n\r\n")?;
        peer.swallow()
    });
    assert_eq!(kind, ViolationKind::Garbage);
}

#[test]
fn violations_may_be_counted_instead() {
    let address = staged(|peer| {
        loop {
            let events = peer.window()?;
            peer.ack(events - 1)?;
            peer.ack(events)?;
        }
    });
    let (run, error) = bench(&address, "--events 50 --on-violation count --in-flight 1");
    assert!(error.is_none(), "{error:?}");
    let counted: Vec<_> = run
        .violations
        .iter()
        .map(|kind| (kind.kind, kind.count))
        .collect();
    assert_eq!(
        (run.totals.events, counted),
        (50, vec![(ViolationKind::Partial, 7)])
    );
    // But where the next ACK begins is not known after this.
    let (_, error) = bench(&staged(|peer| peer.say(b"hello!")), "--on-violation count");
    assert!(
        matches!(error, Some(BenchError::Violated { .. })),
        "{error:?}"
    );
}
