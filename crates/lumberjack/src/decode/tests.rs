use super::*;
use crate::encode::{encode_compressed, encode_data, encode_json, encode_window};

const MAX: [u8; 4] = u32::MAX.to_be_bytes();
/// 2^31, which is negative to those who read lengths as Java does.
const SIGN: [u8; 4] = (1_u32 << 31).to_be_bytes();

fn decoded(input: &[u8]) -> Result<Step<'_>, FrameError> {
    decode(input, &Limits::default())
}

fn seq(number: u32) -> Sequence {
    Sequence::new(number)
}

fn window_of(events: u32) -> WindowSize {
    WindowSize::new(events).unwrap()
}

/// Every kind of frame in both versions, as bytes and as what they mean.
fn frames() -> Vec<(Vec<u8>, Version, Frame<'static>)> {
    use Version::{V1, V2};
    let one_pair = b"\0\0\0\x04line\0\0\0\x02hi";
    let three_pairs =
        b"\0\0\0\x04line\0\0\0\x02hi\0\0\0\0\0\0\0\0\0\0\0\x05grzyb\0\0\0\x07ma\xc5\x9blak";
    let json = b"{\"message\":\"a\"}";
    vec![
        (b"2W\0\0\0\x02".to_vec(), V2, Frame::Window(window_of(2))),
        (b"1W\0\0\x08\0".to_vec(), V1, Frame::Window(window_of(2048))),
        (
            b"2W\0\x01\x86\xa0".to_vec(),
            V2,
            Frame::Window(window_of(100_000)),
        ),
        (b"2W\0\0\0\0".to_vec(), V2, Frame::Probe),
        (b"1W\0\0\0\0".to_vec(), V1, Frame::Probe),
        (b"2A\0\0\0\x02".to_vec(), V2, Frame::Ack(seq(2))),
        (
            b"1A\xff\xff\xff\xff".to_vec(),
            V1,
            Frame::Ack(seq(u32::MAX)),
        ),
        (
            [b"2J\0\0\0\x01\0\0\0\x0f", &json[..]].concat(),
            V2,
            Frame::Json {
                sequence: seq(1),
                payload: json,
            },
        ),
        (
            [b"1D\0\0\0\x01\0\0\0\x01", &one_pair[..]].concat(),
            V1,
            Frame::Data {
                sequence: seq(1),
                pairs: Pairs::new(1, one_pair),
            },
        ),
        (
            [b"2D\x80\0\0\0\0\0\0\x03", &three_pairs[..]].concat(),
            V2,
            Frame::Data {
                sequence: seq(1 << 31),
                pairs: Pairs::new(3, three_pairs),
            },
        ),
        (
            b"2C\0\0\0\x03x^\x03".to_vec(),
            V2,
            Frame::Compressed(b"x^\x03"),
        ),
        (b"1C\0\0\0\0".to_vec(), V1, Frame::Compressed(b"")),
    ]
}

#[test]
fn every_frame_is_read_as_it_was_meant() {
    for (bytes, version, frame) in frames() {
        assert_eq!(
            decoded(&bytes),
            Ok(Step::Frame(version, frame, bytes.len()))
        );
    }
}

#[test]
fn a_frame_ends_where_it_says_and_leaves_the_rest() {
    for (bytes, version, frame) in frames() {
        let used = bytes.len();
        for rest in [&b"2"[..], b"2W\0\0\0\x01", b"\x16\x03"] {
            let input = [&bytes, rest].concat();
            assert_eq!(
                decoded(&input),
                Ok(Step::Frame(version, frame.clone(), used))
            );
        }
    }
}

#[test]
fn every_prefix_of_a_frame_asks_for_more() {
    for (bytes, ..) in frames() {
        for end in 0..bytes.len() {
            let Ok(Step::Need(more)) = decoded(&bytes[..end]) else {
                panic!("{} bytes of {}", end, bytes.escape_ascii());
            };
            assert!(
                more > 0 && end + more <= bytes.len(),
                "{more} more than {end}"
            );
        }
    }
}

#[test]
fn what_is_asked_for_grows_with_what_is_known() {
    for (input, want) in [
        (&b""[..], 6),
        (b"2", 5),
        (b"2J", 4),
        (b"2J\0\0\0\x01", 4),
        (b"2J\0\0\0\x01\0\0\x10\0", 4096),
        (b"2C\0\0\x10\0abc", 4093),
        // Each of the 1,024 pairs takes eight bytes at least, of which the first four are the ones missing now.
        (b"1D\0\0\0\x01\0\0\x04\0", 4 + 1023 * 8),
    ] {
        assert_eq!(
            decoded(input),
            Ok(Step::Need(want)),
            "{}",
            input.escape_ascii()
        );
    }
}

#[test]
fn a_data_frame_in_pieces_is_walked_few_times() {
    let mut frame = Vec::new();
    let pairs = vec![(&b"key"[..], &b"value"[..]); 1024];
    encode_data(&mut frame, Version::V1, seq(1), pairs.into_iter());
    let (mut end, mut calls) = (0, 0);
    while let Ok(Step::Need(more)) = decoded(&frame[..end]) {
        end += more;
        calls += 1;
    }
    assert_eq!(end, frame.len());
    assert!(calls < 50, "{calls} calls");
}

#[test]
fn pairs_keep_order_repeats_and_bytes_that_are_not_utf8() {
    let pairs = [
        (&b"b"[..], &b"1"[..]),
        (b"a", b"\xff\0"),
        (b"b", b""),
        (b"", "ż".as_bytes()),
    ];
    let mut frame = Vec::new();
    encode_data(&mut frame, Version::V1, seq(7), pairs.into_iter());
    let Ok(Step::Frame(
        Version::V1,
        Frame::Data {
            sequence,
            pairs: read,
        },
        _,
    )) = decoded(&frame)
    else {
        panic!("a data frame");
    };
    assert_eq!((sequence, read.len()), (seq(7), 4));
    assert_eq!(read.collect::<Vec<_>>(), pairs);
}

#[test]
fn an_event_beyond_its_limit_is_told_by_its_head_so_that_it_can_be_skipped() {
    let limits = Limits {
        event_bytes_max: 100,
        ..Limits::default()
    };
    for payload_bytes in [101, 1 << 31, u32::MAX] {
        let head = [b"2J\0\0\0\x01", &payload_bytes.to_be_bytes()[..]].concat();
        let sequence = seq(1);
        let frame = Frame::Oversized {
            sequence,
            payload_bytes,
        };
        assert_eq!(
            decode(&head, &limits),
            Ok(Step::Frame(Version::V2, frame, 10))
        );
    }
}

#[test]
fn a_claim_beyond_its_limit_is_refused_before_anything_is_read_for_it() {
    use FrameType::{Compressed, Data};
    let too_large = |frame, claimed_bytes| FrameError::TooLarge {
        frame,
        claimed_bytes,
        limit_bytes: 100,
    };
    let too_many = |claimed_events| FrameError::TooManyEvents {
        claimed_events,
        limit_events: 10,
    };
    let pairs = |claimed_pairs| FrameError::TooManyPairs {
        claimed_pairs,
        limit_pairs: 3,
    };
    let pair = |claimed_bytes| FrameError::PairTooLarge {
        claimed_bytes,
        limit_bytes: 60,
    };
    let limits = Limits {
        compressed_bytes_max: 100,
        event_bytes_max: 100,
        window_events_max: 10,
        pairs_max: 3,
        pair_bytes_max: 60,
    };
    let sixty = [&[0, 0, 0, 60][..], &[b'k'; 60]].concat();
    let (sign, max) = (1 << 31, u32::MAX);
    for (head, claim, want) in [
        (&b"2C"[..], [0, 0, 0, 101], too_large(Compressed, 101)),
        (b"1C", SIGN, too_large(Compressed, sign)),
        (b"2C", MAX, too_large(Compressed, max)),
        (b"2W", [0, 0, 0, 11], too_many(11)),
        (b"1W", SIGN, too_many(sign)),
        (b"2W", MAX, too_many(max)),
        (b"1D\0\0\0\x01", [0, 0, 0, 4], pairs(4)),
        // Logstash dies of this one: it sizes a map by the claim.
        (
            b"1D\0\0\0\x01",
            [0x3f, 0xff, 0xff, 0xff],
            pairs(0x3fff_ffff),
        ),
        (b"1D\0\0\0\x01", MAX, pairs(max)),
        (b"1D\0\0\0\x01\0\0\0\x01", [0, 0, 0, 61], pair(61)),
        (b"1D\0\0\0\x01\0\0\0\x01", MAX, pair(max)),
        (b"1D\0\0\0\x01\0\0\0\x01\0\0\0\x01k", SIGN, pair(sign)),
        (
            &[b"1D\0\0\0\x01\0\0\0\x03", &sixty[..]].concat(),
            MAX,
            pair(max),
        ),
    ] {
        let input = [head, &claim].concat();
        assert_eq!(
            decode(&input, &limits),
            Err(want),
            "{}",
            input.escape_ascii()
        );
    }
    let together = [b"1D\0\0\0\x01\0\0\0\x03", &sixty[..], &sixty].concat();
    assert_eq!(decode(&together, &limits), Err(too_large(Data, 128)));
}

#[test]
fn a_claim_of_exactly_its_limit_is_taken() {
    let limits = Limits {
        compressed_bytes_max: 3,
        event_bytes_max: 26,
        window_events_max: 2,
        pairs_max: 2,
        pair_bytes_max: 4,
    };
    for head in [
        &b"2W\0\0\0\x02"[..],
        b"2C\0\0\0\x03x^\x03",
        b"2J\0\0\0\x01\0\0\0\x1a{\"message\":\"hello, there\"}",
        b"1D\0\0\0\x01\0\0\0\x02\0\0\0\x04line\0\0\0\x02hi\0\0\0\0\0\0\0\x04four",
    ] {
        let Ok(Step::Frame(_, frame, used)) = decode(head, &limits) else {
            panic!("{}", head.escape_ascii());
        };
        assert_eq!(used, head.len(), "{}", head.escape_ascii());
        assert!(!matches!(frame, Frame::Oversized { .. }));
    }
}

#[test]
fn without_limits_the_largest_claims_only_ask_for_more() {
    let limits = Limits {
        compressed_bytes_max: u32::MAX,
        event_bytes_max: u32::MAX,
        window_events_max: u32::MAX,
        pairs_max: u32::MAX,
        pair_bytes_max: u32::MAX,
    };
    for (head, want) in [
        (&b"2C"[..], u64::from(u32::MAX)),
        (b"2J\0\0\0\x01", u64::from(u32::MAX)),
        (b"2D\0\0\0\x01", 4 + 8 * u64::from(u32::MAX - 1)),
        (b"2D\0\0\0\x01\0\0\0\x01", u64::from(u32::MAX)),
        (b"2D\0\0\0\x01\0\0\0\x01\0\0\0\0", u64::from(u32::MAX)),
    ] {
        let want = usize::try_from(want).unwrap();
        assert_eq!(
            decode(&[head, &MAX].concat(), &limits),
            Ok(Step::Need(want))
        );
    }
    assert_eq!(
        decode(&[&b"2W"[..], &MAX].concat(), &limits),
        Ok(Step::Frame(
            Version::V2,
            Frame::Window(window_of(u32::MAX)),
            6
        ))
    );
}

#[test]
fn an_event_of_nothing_is_refused_as_logstash_refuses_it() {
    assert_eq!(
        decoded(b"2J\0\0\0\x05\0\0\0\0"),
        Err(FrameError::EmptyJson { sequence: seq(5) })
    );
    assert_eq!(
        decoded(b"1D\0\0\0\x05\0\0\0\0"),
        Err(FrameError::EmptyData { sequence: seq(5) })
    );
}

#[test]
fn what_is_no_frame_is_refused_at_its_first_strange_byte() {
    let version = |found| FrameError::UnknownVersion {
        found: FirstBytes::of(found),
    };
    let frame_type = |version, found| FrameError::UnknownType { version, found };
    for (input, want) in [
        (&b"0"[..], version(b"0")),
        (b"3W\0\0\0\x01", version(b"3W\0\0")),
        (b"\x02W\0\0\0\x01", version(b"\x02W\0\0")),
        (b"\x16\x03\x01\x02\0\x01", version(b"\x16\x03\x01\x02")),
        (b"GET / HTTP/1.1\r\n", version(b"GET ")),
        (b"2w", frame_type(Version::V2, b'w')),
        (b"2\0", frame_type(Version::V2, 0)),
        (b"2025-02-02", frame_type(Version::V2, b'0')),
        (b"1J\0\0\0\x01\0\0\0\x02{}", frame_type(Version::V1, b'J')),
    ] {
        assert_eq!(decoded(input), Err(want), "{}", input.escape_ascii());
    }
}

#[test]
fn an_error_reads_as_a_sentence_about_the_peer() {
    for (input, want) in [
        (
            &b"2C\xff\xff\xff\xff"[..],
            "`C` frame of 4294967295 bytes, limit 67108864",
        ),
        (
            b"\x16\x03\x01\x02",
            "expected protocol version 1 or 2, found `\\x16\\x03\\x01\\x02`",
        ),
        (b"1J", "unknown frame type `J` after version 1"),
        (
            b"2W\xff\xff\xff\xff",
            "window of 4294967295 events, limit 100000",
        ),
    ] {
        let error = decoded(input).unwrap_err();
        assert_eq!(error.to_string(), want);
        assert!(error.hint().is_some(), "{error}");
    }
}

#[test]
fn what_is_encoded_decodes_to_itself() {
    for (bytes, version, frame) in frames() {
        let mut out = Vec::new();
        match frame {
            Frame::Ack(sequence) => out.extend(crate::encode_ack(version, sequence)),
            Frame::Compressed(zlib) => encode_compressed(&mut out, version, zlib),
            Frame::Data { sequence, pairs } => encode_data(&mut out, version, sequence, pairs),
            Frame::Json { sequence, payload } => encode_json(&mut out, sequence, payload),
            Frame::Oversized { .. } | Frame::Probe => continue,
            Frame::Window(size) => encode_window(&mut out, version, size),
        }
        assert_eq!(out, bytes);
    }
}
