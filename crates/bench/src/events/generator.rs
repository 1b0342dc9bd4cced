use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};

use super::envelope::{Envelope, HostFacts};
use super::line::{Line, Precision, level, pick, remark, traceback, unmatched};
use super::padding::pad;
use super::shape::Shape;
use super::vocabulary::{FILES, LogFile, OTHERS, OWN};

/// Makes the events of one Filebeat 8.11 that follows a Django application's log files.
///
/// An event is a function of seed, shape and number, nothing else: whoever knows the three can make it again.
/// The numbers lie below 2^51; a higher one counts from 0 again.
#[derive(Clone, Debug)]
pub struct Generator {
    seed: u64,
    shape: Shape,
    envelope: Envelope,
    /// Bytes that a message is padded by, on average.
    padding_bytes: u32,
    mean_bytes: u32,
}

/// What an event says.
#[derive(Clone, Debug)]
pub struct Facts {
    /// When Filebeat read it: `@timestamp` before the pipeline.
    pub read_at: Timestamp,
    /// `log.offset`; [`number_at`] finds the number in it.
    pub offset: u64,
    /// `log.file.path`.
    pub path: &'static str,
    /// `log.file.inode`.
    pub inode: u32,
    /// The `stream` that Filebeat names.
    pub stream: &'static str,
    /// How it names it.
    pub stream_form: StreamForm,
    /// The `group`; `pt` unless it is another's.
    pub group: &'static str,
    /// The `service`.
    pub service: &'static str,
    /// The line.
    pub line: Line,
}

/// How an event writes its `stream`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamForm {
    /// `"app"`
    Text,
    /// `["app"]`, one event in fifty.
    List,
}

/// `log.offset` is the event's number in the upper bits and noise in these lower ones, so that it looks like an offset,
/// costs as much to pack, and is nobody else's.
const OFFSET_NOISE_BITS: u32 = 12;
/// So that every offset is a positive `long` of Elasticsearch.
const NUMBER_BITS: u32 = 63 - OFFSET_NOISE_BITS;

/// The number of the event with this `log.offset`.
pub const fn number_at(offset: u64) -> u64 {
    offset >> OFFSET_NOISE_BITS
}

/// Filebeat reads on in one file for a while before another has its turn.
const RUN_EVENTS: u64 = 25;
/// 2025-02-02T12:34:58Z.
const READ_FROM: Timestamp = Timestamp::constant(1_738_499_698, 0);
/// Events that the mean size is taken from.
const SAMPLE_EVENTS: u64 = 2_048;

impl Generator {
    /// A generator of such events.
    pub fn new(seed: u64, shape: Shape) -> Self {
        let mut random = random_at(seed, u64::MAX);
        let mut generator = Self {
            seed,
            shape,
            envelope: Envelope::new(&mut random, HostFacts::All),
            padding_bytes: 0,
            mean_bytes: 0,
        };
        for host in [HostFacts::All, HostFacts::NoAddresses, HostFacts::Name] {
            generator.envelope.host = host;
            generator.mean_bytes = generator.sampled_mean_bytes();
            // A little too much is no reason to leave out the host: the sample itself is off by as much.
            if generator.mean_bytes <= shape.size_bytes + shape.size_bytes / 50 {
                break;
            }
        }
        generator.padding_bytes = shape.size_bytes.saturating_sub(generator.mean_bytes);
        generator.mean_bytes += generator.padding_bytes;
        generator
    }

    /// Bytes of JSON that an event has on average, within some 2 %. More than the shape asks for if that cannot be.
    pub const fn mean_bytes(&self) -> u32 {
        self.mean_bytes
    }

    /// Appends the event with this number to `out`, as JSON without a line break.
    pub fn event(&self, number: u64, out: &mut Vec<u8>) {
        let mut random = self.random(number);
        let facts = self.draw(&mut random, number);
        self.envelope.write(&mut random, &facts, out);
    }

    /// Appends the event with this number to `out`, but with another line.
    pub fn event_of_line(&self, number: u64, line: &str, out: &mut Vec<u8>) {
        let mut random = self.random(number);
        let mut facts = self.draw(&mut random, number);
        facts.line = Line::Unmatched(line.to_owned());
        self.envelope.write(&mut random, &facts, out);
    }

    /// What the event with this number says, for whoever checks what became of it.
    pub fn facts(&self, number: u64) -> Facts {
        self.draw(&mut self.random(number), number)
    }

    fn random(&self, number: u64) -> Rng {
        random_at(self.seed, number % (1 << NUMBER_BITS))
    }

    fn draw(&self, random: &mut Rng, number: u64) -> Facts {
        let number = number % (1 << NUMBER_BITS);
        let file = self.file_at(number);
        let read_at = read_at(number);
        let (group, service) = if self.shape.other_groups.falls(random) {
            pick(random, &OTHERS)
        } else {
            OWN
        };
        let stream_form = match random.u8(..50) {
            0 => StreamForm::List,
            _ => StreamForm::Text,
        };
        Facts {
            read_at,
            offset: (number << OFFSET_NOISE_BITS) | random.u64(..1 << OFFSET_NOISE_BITS),
            path: file.path,
            inode: file.inode,
            stream: file.stream,
            stream_form,
            group,
            service,
            line: self.draw_line(random, file, read_at),
        }
    }

    fn draw_line(&self, random: &mut Rng, file: &LogFile, read_at: Timestamp) -> Line {
        let mut line = if self.shape.unmatched.falls(random) {
            Line::Unmatched(unmatched(random))
        } else {
            let lag = SignedDuration::from_millis(random.i64(1_500..1_600));
            let (precision, unit_ms) = if self.shape.without_milliseconds.falls(random) {
                (Precision::Seconds, 1_000)
            } else {
                (Precision::Milliseconds, 1)
            };
            let (level, text) = if self.shape.tracebacks.falls(random) {
                ("ERROR", traceback(random))
            } else {
                (level(random), remark(random))
            };
            Line::Matched {
                level,
                logger: pick(random, file.loggers),
                logged: rounded_down(read_at - lag, unit_ms),
                precision,
                text,
            }
        };
        if self.padding_bytes > 0 {
            // Lines are not all of one length: half as much to half as much again.
            let mean = self.padding_bytes;
            let bytes = random.u32(mean / 2..=mean / 2 + mean);
            pad(random, bytes as usize, line.text_mut());
        }
        line
    }

    fn file_at(&self, number: u64) -> &'static LogFile {
        let turns: u8 = FILES.iter().map(|file| file.turns).sum();
        // Not the event's own dice: all events of a run must agree.
        let mut turn = random_at(!self.seed, number / RUN_EVENTS).u8(..turns);
        for file in &FILES {
            if turn < file.turns {
                return file;
            }
            turn -= file.turns;
        }
        unreachable!("a turn below the sum of turns is some file's")
    }

    fn sampled_mean_bytes(&self) -> u32 {
        let mut out = Vec::new();
        for number in 0..SAMPLE_EVENTS {
            self.event(number, &mut out);
        }
        (out.len() as u64 / SAMPLE_EVENTS) as u32
    }
}

/// The dice of one event.
fn random_at(seed: u64, number: u64) -> Rng {
    // SplitMix64's finaliser, so that neighbours have nothing in common.
    let mut mixed = seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    Rng::with_seed(mixed ^ (mixed >> 31))
}

/// An event a millisecond, and from the beginning again after some fifty days.
fn read_at(number: u64) -> Timestamp {
    READ_FROM + SignedDuration::from_millis(i64::from(number as u32))
}

fn rounded_down(time: Timestamp, unit_ms: i64) -> Timestamp {
    let ms = time.as_millisecond();
    Timestamp::from_millisecond(ms - ms.rem_euclid(unit_ms)).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::shape::Share;
    use super::*;

    fn json(generator: &Generator, number: u64) -> Value {
        let mut out = Vec::new();
        generator.event(number, &mut out);
        serde_json::from_slice(&out).unwrap()
    }

    fn shape(change: impl Fn(&mut Shape)) -> Shape {
        let mut shape = Shape::default();
        change(&mut shape);
        shape
    }

    fn all() -> Share {
        Share::new(1.0).unwrap()
    }

    #[test]
    fn an_event_is_a_function_of_seed_shape_and_number() {
        let bytes = |seed, number| {
            let mut out = Vec::new();
            Generator::new(seed, Shape::default()).event(number, &mut out);
            out
        };
        assert_eq!(bytes(7, 1_234_567), bytes(7, 1_234_567));
        assert_ne!(bytes(7, 1_234_567), bytes(7, 1_234_568));
        assert_ne!(bytes(7, 1_234_567), bytes(8, 1_234_567));
    }

    #[test]
    fn the_number_can_be_read_from_the_offset() {
        let generator = Generator::new(1, Shape::default());
        for number in [0, 1, 2_047, 1 << 32, (1 << NUMBER_BITS) - 1] {
            let offset = json(&generator, number)["log"]["offset"].as_i64().unwrap();
            assert_eq!(number_at(offset.cast_unsigned()), number);
        }
    }

    #[test]
    fn events_are_those_of_filebeat_8_11() {
        let generator = Generator::new(1, Shape::default());
        let mut out = Vec::new();
        let mut orders = std::collections::HashSet::new();
        for number in 0..500 {
            out.clear();
            generator.event(number, &mut out);
            let text = str::from_utf8(&out).unwrap();
            assert!(
                text.starts_with(r#"{"@timestamp":"2025-02-02T12:34:5"#),
                "{text}"
            );
            assert!(
                text[41..].starts_with(
                    r#""@metadata":{"beat":"filebeat","type":"_doc","version":"8.11.0"}"#
                ),
                "{text}"
            );
            let event: Value = serde_json::from_str(text).unwrap();
            assert_eq!(event.as_object().unwrap().len(), 11);
            assert!(event["log"]["file"]["inode"].is_string());
            assert_eq!(event["host"].as_object().unwrap().len(), 8);
            let place = |key: &str| text.find(key).unwrap();
            orders.insert(
                [r#""message":"#, r#""agent":{"#, r#""ecs":{"#]
                    .map(place)
                    .map(|place| place / 300),
            );
            let multiline = event["message"].as_str().unwrap().contains('\n');
            assert_eq!(multiline, event["log"].get("flags").is_some());
        }
        assert!(orders.len() > 10, "{}", orders.len());
    }

    #[test]
    fn facts_are_those_of_the_event() {
        let generator = Generator::new(9, shape(|shape| shape.size_bytes = 1_500));
        for number in 0..300 {
            let (facts, event) = (generator.facts(number), json(&generator, number));
            assert_eq!(event["message"], facts.line.message());
            assert_eq!(event["group"], facts.group);
            assert_eq!(event["log"]["offset"], facts.offset);
            assert_eq!(event["log"]["file"]["path"], facts.path);
        }
    }

    #[test]
    fn the_mean_size_is_the_one_asked_for() {
        for size_bytes in [750, 900, 1_024, 1_090, 1_200, 4_096, 20_000] {
            let generator = Generator::new(1, shape(|shape| shape.size_bytes = size_bytes));
            let mut out = Vec::new();
            (50_000..54_000).for_each(|number| generator.event(number, &mut out));
            let mean = out.len() as u32 / 4_000;
            assert!(
                mean.abs_diff(size_bytes) <= size_bytes / 30,
                "{mean} for {size_bytes}"
            );
            assert!(
                generator.mean_bytes().abs_diff(size_bytes) <= size_bytes / 50,
                "{}",
                generator.mean_bytes()
            );
        }
    }

    #[test]
    fn a_size_below_the_least_gives_the_least() {
        let generator = Generator::new(1, shape(|shape| shape.size_bytes = 10));
        assert!(
            (500..750).contains(&generator.mean_bytes()),
            "{}",
            generator.mean_bytes()
        );
    }

    #[test]
    fn shares_are_heeded() {
        let only = |change: fn(&mut Shape)| Generator::new(1, shape(change));
        let others = only(|shape| shape.other_groups = all());
        let seconds = only(|shape| {
            shape.without_milliseconds = all();
            shape.unmatched = Share::NONE;
        });
        let unmatched = only(|shape| shape.unmatched = all());
        let tracebacks = only(|shape| {
            shape.tracebacks = all();
            shape.unmatched = Share::NONE;
        });
        for number in 0..200 {
            assert_ne!(others.facts(number).group, "pt");
            assert!(matches!(
                seconds.facts(number).line,
                Line::Matched { precision: Precision::Seconds, logged, .. } if logged.subsec_nanosecond() == 0
            ));
            assert!(matches!(unmatched.facts(number).line, Line::Unmatched(_)));
            assert!(
                tracebacks
                    .facts(number)
                    .line
                    .message()
                    .contains("Traceback")
            );
        }
        let default = Generator::new(1, Shape::default());
        let found = (0..10_000)
            .filter(|number| matches!(default.facts(*number).line, Line::Unmatched(_)))
            .count();
        assert!((150..250).contains(&found), "{found}");
    }
}
