//! What each station of an event's way costs, and the whole of it, warm, on one full window.
//!
//! The unit is processor time of this thread, not time that passed: other programs' turns do not count. What they do
//! to the caches does, so the window is taken in small parts, hundreds of times, and of each part the best time counts.

use std::ops::Range;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use sawmill_benches::{CHUNK_BYTES, EVENTS, compressed, filters, frames, intake, payloads};
use sawmill_elasticsearch_out::{BulkBody, StreamParts};
use sawmill_event::{Event, FieldRef, Limits, Tables, Value};
use sawmill_intake::{Piece, Progress};
use sawmill_lumberjack::{Frame, Inflated, Inflater, Step, decode};
use sawmill_pipeline::config::FilterConfig;
use sawmill_pipeline::{Chain, Verdict};

/// Events that are at one station at a time: few enough to stay in the processor's cache.
const BATCH_EVENTS: usize = 64;

/// Bytes of a body after which the whole way pauses for the clock.
const TURN_BYTES: usize = 128 * 1024;

#[expect(clippy::print_stdout, reason = "the table is what this program is for")]
fn main() {
    let passes = std::env::args()
        .skip(1)
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(200);
    let mut stations = vec![inflate(passes), cut(passes)];
    stations.extend(filter_and_encode(passes));
    let sum = stations.iter().map(Station::nanoseconds).sum::<f64>();
    for station in &stations {
        println!(
            "{:<12}{:>8.0} ns an event",
            station.name,
            station.nanoseconds()
        );
    }
    println!("{:<12}{sum:>8.0}", "sum");
    let whole_way = whole_way(passes).nanoseconds();
    println!(
        "{:<12}{whole_way:>8.0} ns an event, {:.0} events a second",
        "whole way",
        1e9 / whole_way
    );
}

/// The best times of one station, part of the window by part.
struct Station {
    name: String,
    best: Vec<Duration>,
}

impl Station {
    fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            best: Vec::new(),
        }
    }

    /// Does the work on the part number `part` and takes its time.
    fn time<R>(&mut self, part: usize, work: impl FnOnce() -> R) -> R {
        let start = cpu_time();
        let result = work();
        let spent = cpu_time().saturating_sub(start);
        match self.best.get_mut(part) {
            Some(best) => *best = spent.min(*best),
            None => self.best.push(spent),
        }
        result
    }

    fn nanoseconds(&self) -> f64 {
        let total: Duration = self.best.iter().sum();
        total.as_secs_f64() * 1e9 / f64::from(EVENTS)
    }
}

fn cpu_time() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime)
        .try_into()
        .expect("time does not run backward")
}

fn inflate(passes: usize) -> Station {
    let mut station = Station::new("inflate");
    let zlib = compressed();
    let (mut inflater, mut text) = (Inflater::new(), Vec::new());
    for _ in 0..passes {
        inflater.reset();
        for chunk in 0.. {
            text.clear();
            let state = station.time(chunk, || inflater.inflate(&zlib, &mut text, CHUNK_BYTES));
            if state.expect("the fixture is whole") == Inflated::Done {
                break;
            }
        }
    }
    station
}

fn cut(passes: usize) -> Station {
    let mut station = Station::new("cut");
    let frames = frames();
    let limits = sawmill_lumberjack::Limits::default();
    for _ in 0..passes {
        let bytes = station.time(0, || {
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
    station
}

/// Parse, each filter, and encode, one station after the other for a batch of events.
fn filter_and_encode(passes: usize) -> Vec<Station> {
    let (mut parse, mut encode) = (Station::new("parse"), Station::new("encode"));
    let mut chains: Vec<_> = filters()
        .iter()
        .map(|filter| {
            let chain =
                Chain::build(std::slice::from_ref(filter)).expect("the filter can be built");
            let scratch = chain.scratch();
            (Station::new(name_of(filter)), chain, scratch)
        })
        .collect();
    let mut frames = frames();
    let payloads = payloads(&frames);
    let mut tables: Vec<_> = (0..BATCH_EVENTS).map(|_| Tables::default()).collect();
    let names = Names::default();
    let mut body = BulkBody::new();
    for _ in 0..passes {
        for (part, batch) in payloads.chunks(BATCH_EVENTS).enumerate() {
            let texts = disjoint(&mut frames, batch);
            let mut events = Vec::with_capacity(BATCH_EVENTS);
            parse.time(part, || {
                for (text, tables) in texts.into_iter().zip(&mut tables) {
                    events.push(
                        Event::parse(text, tables, &Limits::default()).expect("the event is valid"),
                    );
                }
            });
            for (station, chain, scratch) in &mut chains {
                station.time(part, || {
                    for event in &mut events {
                        assert_eq!(chain.apply(event, scratch), Verdict::Keep);
                    }
                });
            }
            body.clear();
            encode.time(part, || {
                for event in &events {
                    names.write(event, &mut body);
                }
            });
        }
    }
    let filters = chains.into_iter().map(|(station, ..)| station);
    std::iter::once(parse)
        .chain(filters)
        .chain([encode])
        .collect()
}

/// From the compressed window to the bulk body, in turns.
fn whole_way(passes: usize) -> Station {
    let mut station = Station::new("whole way");
    let intake = intake(TURN_BYTES);
    let (mut worker, mut body) = (intake.worker(), BulkBody::new());
    let zlib = compressed();
    for _ in 0..passes {
        let mut piece = Piece::compressed(zlib.clone());
        let mut events = 0;
        for turn in 0.. {
            body.clear();
            let result = station.time(turn, || intake.work(&mut worker, &mut piece, &mut body));
            let (progress, tally) = result.expect("the fixture is whole");
            events += body.items().len();
            assert!(tally.dead_letters.is_empty(), "every event can be stored");
            if progress == Progress::Done {
                break;
            }
        }
        assert_eq!(events, EVENTS as usize);
    }
    station
}

/// Where an event says which data stream is its own.
struct Names([FieldRef; 3]);

impl Default for Names {
    fn default() -> Self {
        let field = |name| FieldRef::parse(name).expect("the reference is valid");
        Self(
            [
                "[data_stream][type]",
                "[data_stream][dataset]",
                "[data_stream][namespace]",
            ]
            .map(field),
        )
    }
}

impl Names {
    fn write(&self, event: &Event<'_>, body: &mut BulkBody) {
        let part = |field: &FieldRef| match event.get(field) {
            Some(Value::String(text)) => text.plain().expect("the name has no escapes"),
            other => panic!("the pipeline sets a name, not {other:?}"),
        };
        let [kind, dataset, namespace] = self.0.each_ref().map(part);
        let stream = StreamParts {
            kind,
            dataset,
            namespace,
        };
        let mut draft = body.begin(&stream, None).expect("the name is valid");
        event.encode(draft.text());
        draft.finish();
    }
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
