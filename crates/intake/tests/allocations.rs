//! A warm worker allocates nothing for an event.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are as blunt as tests, but clippy only sees those"
)]

use std::collections::BTreeSet;

use allocation_counter::measure;
use bytes::Bytes;
use sawmill_elasticsearch_out::BulkBody;
use sawmill_intake::{DocumentIds, Intake, Piece, Progress, Room, Settings, Worker};
use sawmill_lumberjack::{Frame, Limits, Step, decode};
use sawmill_pipeline::Chain;
use sawmill_pipeline::config::FilterConfig;
use serde::Deserialize;

const EVENTS: usize = 2048;

/// For a window, not for an event: the name of each data stream in it is put together and kept.
const ALLOCATIONS_PER_STREAM: u64 = 2;

#[test]
fn a_warm_worker_allocates_nothing_for_an_event() {
    let intake = intake();
    let (mut worker, mut body) = (intake.worker(), BulkBody::new());
    let zlib = fixture();
    for _ in 0..3 {
        take_window(&intake, &mut worker, &mut body, zlib.clone());
    }
    let spent = measure(|| take_window(&intake, &mut worker, &mut body, zlib.clone()));
    let names = body.items().iter().map(|item| body.stream_name(item));
    let streams = names.collect::<BTreeSet<_>>().len() as u64;
    let allocations = spent.count_total;
    println!("{allocations} allocations for {EVENTS} events and {streams} data streams");
    assert!(allocations <= streams * ALLOCATIONS_PER_STREAM);
}

fn take_window(intake: &Intake, worker: &mut Worker, body: &mut BulkBody, zlib: Bytes) {
    body.clear();
    let mut piece = Piece::compressed(zlib);
    let room = Room {
        body_bytes: usize::MAX,
        text_bytes: usize::MAX,
        keep: false,
    };
    let (progress, tally) = intake.work(worker, &mut piece, body, room).unwrap();
    assert_eq!(progress, Progress::Done);
    assert!(tally.dead_letters.is_empty());
    assert_eq!(body.items().len(), EVENTS);
}

/// The compressed frame of one full window of Filebeat 8.11.
fn fixture() -> Bytes {
    let mut rest: &[u8] = include_bytes!("../../../benches/fixtures/window-8.11.c.bin");
    loop {
        match decode(rest, &Limits::default()).unwrap() {
            Step::Frame(_, Frame::Compressed(zlib), _) => return Bytes::from_static(zlib),
            Step::Frame(_, _, used) => rest = &rest[used..],
            Step::Need(bytes) => panic!("the fixture lacks {bytes} bytes"),
        }
    }
}

fn intake() -> Intake {
    #[derive(Deserialize)]
    struct File {
        filter: Vec<FilterConfig>,
    }
    let file: File = toml_edit::de::from_str(include_str!("../../../pipeline.toml")).unwrap();
    let settings = Settings {
        frames: Limits::default(),
        event: sawmill_event::Limits::default(),
        document_ids: DocumentIds::Auto,
    };
    Intake::new(Chain::build(&file.filter).unwrap(), settings).unwrap()
}
