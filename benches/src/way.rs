//! The way of an event: each station by itself, and all of it from the compressed window to the bulk body.

use std::ops::Range;

use sawmill_elasticsearch_out::{BulkBody, StreamParts};
use sawmill_event::{Event, Limits, Tables};
use sawmill_intake::{Piece, Progress, Room};
use sawmill_lumberjack::{Frame, Inflated, Inflater, Step, decode};
use sawmill_pipeline::config::FilterConfig;
use sawmill_pipeline::{Chain, Verdict};

use crate::Watch;
use crate::fixture::{CHUNK_BYTES, EVENTS, compressed, filters, frames, intake, payloads};

/// Events that are at one station at a time: few enough to stay in the processor's cache.
const BATCH_EVENTS: usize = 64;

/// Bytes of a body at most: those of a server with its usual `bulk_bytes_max`, which hold a whole window.
const BODY_BYTES: usize = 8 << 20;

/// Inflates the window at once, as the intake does with what is not too large; `passes` times.
pub fn inflate(passes: usize, watch: &mut impl Watch) {
    let zlib = compressed();
    let mut inflater = Inflater::new();
    for _ in 0..passes {
        let bytes = watch.part("inflate", 0, || inflater.inflate_whole(&zlib));
        assert!(bytes.is_some(), "the fixture is whole and small");
    }
}

/// Inflates the window as a stream, as the intake does with what is too large to be inflated at once.
pub fn inflate_stream(passes: usize, watch: &mut impl Watch) {
    let zlib = compressed();
    let (mut inflater, mut text) = (Inflater::new(), Vec::new());
    for _ in 0..passes {
        inflater.reset();
        for chunk in 0.. {
            text.clear();
            let state = watch.part("inflate stream", chunk, || {
                inflater.inflate(&zlib, &mut text, CHUNK_BYTES)
            });
            if state.expect("the fixture is whole") == Inflated::Done {
                break;
            }
        }
    }
}

/// Cuts the window into its frames, `passes` times.
pub fn cut(passes: usize, watch: &mut impl Watch) {
    let frames = frames();
    let limits = sawmill_lumberjack::Limits::default();
    for _ in 0..passes {
        let bytes = watch.part("cut", 0, || {
            let (mut at, mut bytes) = (0, 0);
            while let Ok(Step::Frame(_, Frame::Json { payload, .. }, used)) =
                decode(&frames[at..], &limits)
            {
                at += used;
                bytes += payload.len();
            }
            bytes
        });
        assert!(bytes > EVENTS as usize, "every frame was cut");
    }
}

/// Parses, passes through each filter, and encodes: one station after the other for a batch of events.
pub fn filter_and_encode(passes: usize, watch: &mut impl Watch) {
    let mut chains: Vec<_> = filters()
        .iter()
        .map(|filter| {
            let chain =
                Chain::build(std::slice::from_ref(filter)).expect("the filter can be built");
            let scratch = chain.scratch();
            (name_of(filter), chain, scratch)
        })
        .collect();
    let mut frames = frames();
    let payloads = payloads(&frames);
    let mut tables: Vec<_> = (0..BATCH_EVENTS).map(|_| Tables::default()).collect();
    let mut body = BulkBody::new();
    for _ in 0..passes {
        for (part, batch) in payloads.chunks(BATCH_EVENTS).enumerate() {
            let texts = disjoint(&mut frames, batch);
            let mut events = Vec::with_capacity(BATCH_EVENTS);
            watch.part("parse", part, || {
                for (text, tables) in texts.into_iter().zip(&mut tables) {
                    events.push(
                        Event::parse(text, tables, &Limits::default()).expect("the event is valid"),
                    );
                }
            });
            for (name, chain, scratch) in &mut chains {
                watch.part(name, part, || {
                    for event in &mut events {
                        assert_eq!(chain.apply(event, scratch), Verdict::Keep);
                    }
                });
            }
            body.clear();
            watch.part("encode", part, || {
                for event in &events {
                    write(event, &mut body);
                }
            });
        }
    }
}

/// From the compressed window to the bulk body, in one piece as the server works on it.
pub fn whole_way(passes: usize, watch: &mut impl Watch) {
    let intake = intake();
    let room = Room {
        body_bytes: BODY_BYTES,
        text_bytes: usize::MAX,
        keep: false,
    };
    let (mut worker, mut body) = (intake.worker(), BulkBody::new());
    let zlib = compressed();
    for _ in 0..passes {
        let mut piece = Piece::compressed(zlib.clone());
        body.clear();
        let result = watch.part("whole way", 0, || {
            intake.work(&mut worker, &mut piece, &mut body, room)
        });
        let (progress, tally) = result.expect("the fixture is whole");
        assert!(tally.dead_letters.is_empty(), "every event can be stored");
        assert_eq!(progress, Progress::Done, "one body holds the window");
        assert_eq!(body.items().len(), EVENTS as usize);
    }
}

/// Where the fixture's events go. The intake reads it once for all events that say it in the same words.
const STREAM: StreamParts<'_> = StreamParts {
    kind: "logs",
    dataset: "django",
    namespace: "pt",
};

fn write(event: &Event<'_>, body: &mut BulkBody) {
    let mut draft = body.begin(&STREAM, None).expect("the name is valid");
    event.encode(draft.text());
    draft.finish();
}

fn name_of(filter: &FilterConfig) -> &'static str {
    match filter {
        FilterConfig::Categorize(_) => "categorize",
        FilterConfig::Date(_) => "date",
        FilterConfig::First(_) => "first",
        FilterConfig::Gate(_) => "gate",
        FilterConfig::Grok(_) => "grok",
        FilterConfig::Set(_) => "set",
    }
}

/// The parts of `text` that stand at `ranges`, which are in order.
fn disjoint<'t>(mut text: &'t mut [u8], ranges: &[Range<usize>]) -> Vec<&'t mut [u8]> {
    let mut at = 0;
    let part = |range: &Range<usize>| {
        let (_, rest) = std::mem::take(&mut text).split_at_mut(range.start - at);
        let (part, rest) = rest.split_at_mut(range.len());
        (text, at) = (rest, range.end);
        part
    };
    ranges.iter().map(part).collect()
}
