//! Windows, packed before the clock runs: load then costs hardly more than the copy to the system.

use bytes::Bytes;
use sawmill_lumberjack::{Compression, FrameError, WindowWriter};

use crate::events::Source;

/// A window as it goes over the wire. A clone shares the bytes.
#[derive(Clone, Debug)]
pub struct Window {
    /// Its frames.
    pub bytes: Bytes,
    /// Events in it.
    pub events: u32,
    /// Bytes of JSON in it.
    pub json_bytes: u64,
}

/// What windows to pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packing {
    /// Events in a window.
    pub window_events: u32,
    /// Level of compression as Filebeat counts, 0 for none.
    pub compression: u8,
    /// Different events at least, unless they take more than [`POOL_BYTES_MAX`] on the wire.
    pub distinct_events: u64,
    /// Events to send, if it is to be a certain number: the last window then has as many as are left.
    pub events: Option<u64>,
}

/// A pool no larger than this stays in memory on any machine that can hold the server too.
pub const POOL_BYTES_MAX: usize = 512 << 20;
/// Events of the two windows that open a connection. They differ, so that their ACKs cannot be mistaken for each other;
/// the larger comes first, so that its ACK, repeated, is no part of the second.
const OPENING_EVENTS: [u32; 2] = [3, 2];

/// Windows to send, the first again after the last.
#[derive(Clone, Debug)]
pub struct Pool {
    /// What opens a connection.
    pub opening: [Window; 2],
    windows: Vec<Window>,
    /// The last of a certain number of events, if it is smaller than the others.
    tail: Option<Window>,
    /// How many windows there are to send, if that is certain.
    windows_to_send: Option<u64>,
}

impl Pool {
    /// Packs windows of events 0, 1, and so on.
    ///
    /// # Errors
    /// If a window cannot be written, as with an event of no bytes.
    pub fn pack(source: &Source, packing: Packing) -> Result<Self, FrameError> {
        let mut packer = Packer {
            source,
            writer: WindowWriter::new(compression(packing.compression)),
            json: Vec::new(),
            ends: Vec::new(),
        };
        let opening = [
            packer.window(0, OPENING_EVENTS[0])?,
            packer.window(3, OPENING_EVENTS[1])?,
        ];
        let size = u64::from(packing.window_events);
        let tail_events = packing.events.map_or(0, |events| events % size) as u32;
        let windows_to_send = packing.events.map(|events| events.div_ceil(size));
        let distinct = packing.distinct_events.div_ceil(size).max(1);
        let distinct = windows_to_send.map_or(distinct, |all| distinct.min(all));
        let (mut windows, mut bytes) = (Vec::new(), 0);
        for place in 0..distinct {
            let window = packer.window(place * size, packing.window_events)?;
            bytes += window.bytes.len();
            windows.push(window);
            if bytes > POOL_BYTES_MAX {
                break;
            }
        }
        let tail = match tail_events {
            0 => None,
            events => Some(packer.window(windows_to_send.map_or(0, |all| all - 1) * size, events)?),
        };
        Ok(Self {
            opening,
            windows,
            tail,
            windows_to_send,
        })
    }

    /// The window to send at this place, from 0; none after the last.
    pub fn window(&self, place: u64) -> Option<&Window> {
        match (self.windows_to_send, &self.tail) {
            (Some(all), _) if place >= all => None,
            (Some(all), Some(tail)) if place + 1 == all => Some(tail),
            (Some(_) | None, _) => {
                let place = place % self.windows.len() as u64;
                self.windows.get(place as usize)
            }
        }
    }

    /// How many different windows there are.
    pub fn distinct(&self) -> usize {
        self.windows.len()
    }

    /// Bytes of JSON an event has on average.
    #[expect(clippy::cast_precision_loss, reason = "a mean")]
    pub fn event_bytes(&self) -> f64 {
        let json: u64 = self.windows.iter().map(|window| window.json_bytes).sum();
        let events: u64 = self
            .windows
            .iter()
            .map(|window| u64::from(window.events))
            .sum();
        json as f64 / events as f64
    }
}

/// The level of zlib-rs whose output is most like that of go-lumber at Filebeat's level.
///
/// go-lumber packs with klauspost/compress, whose levels are weaker than those of zlib of the same number. On 2,048
/// generated events as Filebeat sends them (frames, so 1,100 bytes each), with klauspost/compress v1.15.9:
///
/// | level         | 1    | 2    | 3    | 4    | 5     | 6     | 7     | 8     | 9     |
/// |---------------|------|------|------|------|-------|-------|-------|-------|-------|
/// | klauspost     | 6.72 | 6.93 | 7.05 | 7.73 | 8.70  | 8.92  | 9.26  | 10.52 | 11.18 |
/// | zlib-rs 0.6.8 | 5.91 | 7.51 | 8.54 | 9.90 | 10.25 | 11.00 | 11.02 | 11.13 | 11.03 |
/// | C zlib        | 7.15 | 7.69 | 8.57 | 8.67 | 9.95  | 10.88 | 10.98 | 11.11 | 11.11 |
///
/// So Filebeat's 3 is level 2 here: 7.51 : 1 where go-lumber has 7.05. Inflating that (by zlib-rs) costs 0.70 µs an event
/// where go-lumber's costs 0.79: a server is flattered by a tenth of a microsecond an event, and no level comes nearer.
const ZLIB_LEVELS: [u8; 9] = [1, 2, 2, 2, 3, 3, 4, 5, 8];

fn compression(level: u8) -> Compression {
    match usize::from(level).checked_sub(1) {
        None => Compression::None,
        Some(place) => Compression::Level(ZLIB_LEVELS[place.min(ZLIB_LEVELS.len() - 1)]),
    }
}

struct Packer<'a> {
    source: &'a Source,
    writer: WindowWriter,
    /// The events, one after the other, and where each ends.
    json: Vec<u8>,
    ends: Vec<usize>,
}

impl Packer<'_> {
    fn window(&mut self, first: u64, events: u32) -> Result<Window, FrameError> {
        self.json.clear();
        self.ends.clear();
        for number in first..first + u64::from(events) {
            self.source.event(number, &mut self.json);
            self.ends.push(self.json.len());
        }
        let starts = [0].into_iter().chain(self.ends.iter().copied());
        let payloads = starts
            .zip(&self.ends)
            .map(|(start, end)| &self.json[start..*end]);
        let mut bytes = Vec::new();
        self.writer.write(&mut bytes, payloads)?;
        bytes.shrink_to_fit();
        Ok(Window {
            bytes: bytes.into(),
            events,
            json_bytes: self.json.len() as u64,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::{Generator, Shape};

    fn pool(packing: Packing) -> Pool {
        let source = Source::Generated(Generator::new(1, Shape::default()));
        Pool::pack(&source, packing).unwrap()
    }

    const PACKING: Packing = Packing {
        window_events: 10,
        compression: 3,
        distinct_events: 35,
        events: None,
    };

    #[test]
    fn windows_are_sent_in_a_circle() {
        let pool = pool(PACKING);
        assert_eq!(pool.distinct(), 4);
        let bytes = |place| pool.window(place).unwrap().bytes.clone();
        assert_eq!(bytes(1), bytes(5));
        assert_ne!(bytes(1), bytes(2));
        assert_eq!(bytes(0)[..8], *b"2W\0\0\0\x0a2C");
    }

    #[test]
    fn a_number_of_events_is_kept_to_the_last_one() {
        for (events, want) in [
            (1, vec![1]),
            (10, vec![10]),
            (45, vec![10, 10, 10, 10, 5]),
            (80, vec![10; 8]),
        ] {
            let pool = pool(Packing {
                events: Some(events),
                ..PACKING
            });
            let sizes: Vec<_> = (0..)
                .map_while(|place| pool.window(place))
                .map(|window| window.events)
                .collect();
            assert_eq!(sizes, want);
        }
    }

    #[test]
    fn the_windows_that_open_a_connection_cannot_be_mistaken() {
        let [first, second] = pool(PACKING).opening;
        assert!(first.events > second.events);
    }

    #[test]
    fn without_compression_events_go_bare() {
        let pool = pool(Packing {
            compression: 0,
            ..PACKING
        });
        let window = pool.window(0).unwrap();
        assert_eq!(window.bytes[..8], *b"2W\0\0\0\x0a2J");
        // `W` has 6 bytes and the head of each `J` 10.
        assert_eq!(window.bytes.len() as u64, window.json_bytes + 6 + 10 * 10);
    }

    #[test]
    fn windows_are_about_as_hard_to_inflate_as_those_of_filebeat() {
        let pool = pool(Packing {
            window_events: 2_048,
            distinct_events: 1,
            ..PACKING
        });
        let window = pool.window(0).unwrap();
        let wire = window.bytes.len() as u64;
        assert!(
            (wire * 13 / 2..wire * 8).contains(&window.json_bytes),
            "{} to {wire}",
            window.json_bytes
        );
    }
}
