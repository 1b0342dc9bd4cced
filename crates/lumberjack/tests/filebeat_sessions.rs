//! What a real Filebeat sent, and what its server answered; `fixtures/filebeat/README.md` describes the sessions.

#![allow(
    clippy::unwrap_used,
    reason = "a failed expectation is the point of a test"
)]

mod support;

use sawmill_lumberjack::{
    Acknowledged, Acks, Compression, Sequence, Version, WindowSize, WindowWriter,
};
use serde_json::Value;
use support::{Heard, heard_in_pieces};

/// A session, both ways, and the sizes of its windows.
struct Session {
    name: &'static str,
    windows: Vec<u32>,
    compressed_frames: usize,
    sent: &'static [u8],
    answered: &'static [u8],
}

macro_rules! session {
    ($name:literal, $windows:expr, $compressed_frames:literal) => {
        Session {
            name: $name,
            windows: $windows,
            compressed_frames: $compressed_frames,
            sent: include_bytes!(concat!("fixtures/filebeat/", $name, ".c2s.bin")),
            answered: include_bytes!(concat!("fixtures/filebeat/", $name, ".s2c.bin")),
        }
    };
}

fn sessions() -> [Session; 5] {
    [
        session!("compression0", vec![300], 0),
        session!("default", vec![300], 1),
        session!("partialack", vec![300], 1),
        session!("pipelining0-bulk10", vec![10; 30], 30),
        session!("slowack-keepalive", vec![300], 1),
    ]
}

/// The events of the session `default`, in order.
fn recorded_events() -> Vec<Vec<u8>> {
    let lines = include_bytes!("fixtures/filebeat/default.ndjson");
    lines
        .trim_ascii_end()
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::to_vec)
        .collect()
}

fn events(heard: &[Heard]) -> Vec<Vec<u8>> {
    heard
        .iter()
        .filter_map(|frame| match frame {
            Heard::Json(_, payload) => Some(payload.clone()),
            Heard::Ack(..)
            | Heard::Compressed(_)
            | Heard::Data(..)
            | Heard::Probe(_)
            | Heard::Window(..) => None,
        })
        .collect()
}

/// An event without what differs from session to session.
fn essence(event: &[u8]) -> Value {
    let mut event: Value = serde_json::from_slice(event).unwrap();
    event.as_object_mut().unwrap().remove("@timestamp").unwrap();
    for session_wide in ["id", "ephemeral_id"] {
        event["agent"]
            .as_object_mut()
            .unwrap()
            .remove(session_wide)
            .unwrap();
    }
    event
}

/// Their essences, in the order of files and of lines in them.
fn sorted_essences(events: &[Vec<u8>]) -> Vec<Value> {
    let mut essences: Vec<Value> = events.iter().map(|event| essence(event)).collect();
    essences.sort_by_key(|event| {
        let path = event["log"]["file"]["path"].as_str().unwrap().to_owned();
        (path, event["log"]["offset"].as_u64().unwrap())
    });
    essences
}

#[test]
fn the_default_session_is_exactly_its_300_events() {
    let (heard, end) = heard_in_pieces(sessions()[1].sent, &[usize::MAX]);
    assert_eq!(end, Ok(0));
    assert_eq!(recorded_events().len(), 300);
    assert!(events(&heard) == recorded_events());
}

#[test]
fn every_session_carries_the_same_300_events() {
    let want = sorted_essences(&recorded_events());
    for Session { name, sent, .. } in sessions() {
        let (heard, end) = heard_in_pieces(sent, &[usize::MAX]);
        assert_eq!(end, Ok(0), "{name}");
        assert!(sorted_essences(&events(&heard)) == want, "{name}");
    }
}

#[test]
fn a_session_reads_the_same_whatever_the_size_of_its_pieces() {
    for Session { name, sent, .. } in sessions() {
        let whole = heard_in_pieces(sent, &[usize::MAX]);
        for sizes in [
            &[1][..],
            &[2],
            &[3],
            &[7],
            &[64],
            &[1000],
            &[1460],
            &[4096],
            &[1, 5, 9000],
        ] {
            assert!(
                heard_in_pieces(sent, sizes) == whole,
                "{name} in pieces of {sizes:?}"
            );
        }
    }
}

#[test]
fn every_window_counts_its_events_from_one() {
    for Session {
        name,
        windows,
        compressed_frames,
        sent,
        ..
    } in sessions()
    {
        let mut frames = heard_in_pieces(sent, &[usize::MAX])
            .0
            .into_iter()
            .peekable();
        let mut compressed = 0;
        for window in windows {
            let size = WindowSize::new(window).unwrap();
            assert_eq!(
                frames.next(),
                Some(Heard::Window(Version::V2, size)),
                "{name}"
            );
            compressed += usize::from(frames.next_if_eq(&Heard::Compressed(Version::V2)).is_some());
            for number in 1..=window {
                let Some(Heard::Json(sequence, _)) = frames.next() else {
                    panic!("{name}: event {number}")
                };
                assert_eq!(sequence, Sequence::new(number), "{name}");
            }
        }
        assert_eq!(
            (frames.next(), compressed),
            (None, compressed_frames),
            "{name}"
        );
    }
}

#[test]
fn the_recorded_answers_are_accepted_and_end_every_window() {
    use Acknowledged::{Done, Keepalive, Partial};
    for Session {
        name,
        windows,
        mut answered,
        ..
    } in sessions()
    {
        let mut said = Vec::new();
        for window in windows {
            let mut acks = Acks::new(Version::V2, WindowSize::new(window).unwrap());
            while let Some(acknowledged) = acks.feed(&mut answered).unwrap() {
                said.push(acknowledged);
                if acknowledged == Done {
                    break;
                }
            }
        }
        assert!(answered.is_empty(), "{name}");
        let partial = |sequence| Partial(Sequence::new(sequence));
        let want = match name {
            "partialack" => vec![
                Keepalive,
                partial(64),
                partial(128),
                partial(192),
                partial(256),
                Done,
            ],
            "pipelining0-bulk10" => vec![Done; 30],
            "slowack-keepalive" => vec![Keepalive, Keepalive, Keepalive, Keepalive, Done],
            _ => vec![Done],
        };
        assert_eq!(said, want, "{name}");
    }
}

#[test]
fn our_own_windows_carry_the_events_as_filebeat_s_do() {
    let filebeat = heard_in_pieces(sessions()[1].sent, &[usize::MAX]).0;
    let events = recorded_events();
    for compression in [
        Compression::None,
        Compression::Level(1),
        Compression::Level(3),
        Compression::Level(9),
    ] {
        let mut window = Vec::new();
        WindowWriter::new(compression)
            .write(&mut window, events.iter().map(Vec::as_slice))
            .unwrap();
        let (mut ours, end) = heard_in_pieces(&window, &[1000]);
        if compression == Compression::None {
            ours.insert(1, Heard::Compressed(Version::V2));
        }
        assert_eq!(end, Ok(0));
        assert!(ours == filebeat, "{compression:?}");
    }
}
