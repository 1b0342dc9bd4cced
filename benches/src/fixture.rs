//! What the benchmarks measure with: one full window of Filebeat 8.11, and the pipeline of the repository's root.

use std::ops::Range;

use bytes::Bytes;
use sawmill_intake::{DocumentIds, Intake, Settings};
use sawmill_lumberjack::{Frame, Inflated, Inflater, Limits, Step, decode};
use sawmill_pipeline::Chain;
use sawmill_pipeline::config::FilterConfig;
use serde::Deserialize;

/// Events in the fixture.
pub const EVENTS: u32 = 2048;

static WINDOW: &[u8] = include_bytes!("../fixtures/window-8.11.c.bin");
static PIPELINE: &str = include_str!("../../pipeline.toml");

/// The zlib stream of the fixture's one compressed frame.
pub fn compressed() -> Bytes {
    let mut rest = WINDOW;
    loop {
        match decode(rest, &Limits::default()) {
            Ok(Step::Frame(_, Frame::Compressed(zlib), _)) => return Bytes::from_static(zlib),
            Ok(Step::Frame(_, _, used)) => rest = &rest[used..],
            other => panic!("the fixture holds a window and a compressed frame, not {other:?}"),
        }
    }
}

/// The frames of the fixture, inflated.
pub fn frames() -> Vec<u8> {
    let mut text = Vec::new();
    let inflated = Inflater::new().inflate(&compressed(), &mut text, usize::MAX);
    assert_eq!(inflated, Ok(Inflated::Done), "the fixture is whole");
    text
}

/// Where the JSON of each event stands among the frames.
pub fn payloads(frames: &[u8]) -> Vec<Range<usize>> {
    let mut payloads = Vec::new();
    let mut at = 0;
    while let Ok(Step::Frame(_, Frame::Json { payload, .. }, used)) =
        decode(&frames[at..], &Limits::default())
    {
        at += used;
        payloads.push(at - payload.len()..at);
    }
    assert_eq!(
        payloads.len(),
        EVENTS as usize,
        "the fixture is one full window"
    );
    payloads
}

/// The filters of the repository's pipeline.
pub fn filters() -> Vec<FilterConfig> {
    #[derive(Deserialize)]
    struct File {
        filter: Vec<FilterConfig>,
    }
    let file: File = toml_edit::de::from_str(PIPELINE).expect("the pipeline is valid");
    file.filter
}

/// Text that the intake inflates at a time.
pub const CHUNK_BYTES: usize = 128 * 1024;

/// An intake with the repository's pipeline.
pub fn intake() -> Intake {
    let chain = Chain::build(&filters()).expect("the pipeline can be built");
    let settings = Settings {
        frames: Limits::default(),
        event: sawmill_event::Limits::default(),
        document_ids: DocumentIds::Auto,
    };
    Intake::new(chain, settings).expect("the intake's own field references are valid")
}
