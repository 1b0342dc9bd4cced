use std::io::Write;

use super::*;
use crate::piece::Piece;

/// Frames of events of both versions, one of them too large.
const EVENT_BYTES_MAX: u32 = 200_000;
const TOO_LARGE: u32 = 5;

fn limits() -> Limits {
    Limits {
        event_bytes_max: EVENT_BYTES_MAX,
        ..Limits::default()
    }
}

/// What the event of this number is.
fn json(ordinal: u32) -> Vec<u8> {
    let bytes = match ordinal {
        TOO_LARGE => EVENT_BYTES_MAX + 1,
        number if number % 7 == 3 => 150_000,
        number => number % 1000,
    };
    let padding = "x".repeat(bytes as usize);
    format!("{{\n\"n\":{ordinal},\"text\":\"{padding}\"}}").into_bytes()
}

fn frames(events: u32) -> Vec<u8> {
    let mut out = Vec::new();
    for ordinal in 0..events {
        let json = json(ordinal);
        out.extend_from_slice(b"2J");
        out.extend_from_slice(&(ordinal + 1).to_be_bytes());
        out.extend_from_slice(&(json.len() as u32).to_be_bytes());
        out.extend_from_slice(&json);
    }
    out
}

fn zlib(frames: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::new(3));
    encoder.write_all(frames).unwrap();
    encoder.finish().unwrap()
}

/// The same events, as they may come.
fn sources(events: u32) -> [Source; 2] {
    let frames = frames(events);
    let compressed = Piece::compressed(zlib(&frames).into());
    [compressed.source(), Piece::frames(frames).source()]
}

#[test]
fn an_event_is_found_as_it_was_received() {
    for source in sources(40) {
        let mut recall = Recall::new(limits());
        for ordinal in [0, 1, 4, 3, 39, 17, 17, 6, TOO_LARGE, 7, 0, 40, 2] {
            let want = (ordinal != TOO_LARGE && ordinal < 40).then(|| json(ordinal));
            let found = recall.event(&source, ordinal);
            assert!(found == want.as_deref(), "{ordinal}: {found:?}");
        }
    }
}

#[test]
fn events_in_their_order_cost_one_passage() {
    for source in sources(40) {
        let mut recall = Recall::new(limits());
        for ordinal in (0..40).filter(|&ordinal| ordinal != TOO_LARGE) {
            assert!(recall.event(&source, ordinal).is_some());
        }
        assert_eq!(recall.passages, 1);
    }
}

#[test]
fn sources_in_turns_are_not_taken_for_each_other() {
    let [one, other] = sources(8);
    let mut recall = Recall::new(limits());
    for ordinal in 0..4 {
        for source in [&one, &other, &one.clone()] {
            assert!(recall.event(source, ordinal) == Some(&json(ordinal)));
        }
    }
}

#[test]
fn pairs_of_version_1_become_the_object_that_they_were_read_as() {
    let frame = b"1D\0\0\0\x01\0\0\0\x01\0\0\0\x04line\0\0\0\x02hi";
    let source = Piece::frames([&frame[..], frame].concat()).source();
    let mut recall = Recall::new(limits());
    assert_eq!(recall.event(&source, 1), Some(&br#"{"line":"hi"}"#[..]));
}

#[test]
fn of_a_source_that_breaks_what_stands_before_is_found() {
    let whole = frames(40);
    let broken = zlib(&whole);
    let broken = broken[..broken.len() / 2].to_vec();
    let source = Piece::compressed(broken.into()).source();
    let mut recall = Recall::new(limits());
    assert!(recall.event(&source, 0) == Some(&json(0)));
    assert!(recall.event(&source, 39).is_none());
    assert!(recall.event(&source, 1) == Some(&json(1)));
}
