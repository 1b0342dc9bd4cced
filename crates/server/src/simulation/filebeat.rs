//! A Filebeat: sends its events in order, remembers what was acknowledged, and begins again there.

use std::collections::VecDeque;
use std::time::Duration;

use sawmill_lumberjack::{Acknowledged, Acks, Compression, Version, WindowWriter};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::{sleep, timeout};

use super::world::{Number, Shared};

/// A member of documents that Elasticsearch refuses.
pub(super) const UNWANTED: &str = "unwanted";
/// A member of documents for which Elasticsearch refuses the whole request.
pub(super) const POISONED: &str = "poisoned";

/// Filebeat's patience with a server that says nothing, and with one that does not read.
const PATIENCE: Duration = Duration::from_secs(30);
/// Windows sent before the first is acknowledged.
const IN_FLIGHT_MAX: usize = 3;

pub(super) struct Filebeat {
    world: Shared,
    number: u32,
    /// Events acknowledged: the registry.
    registry: u32,
}

/// The connection is of no more use.
struct Broken;

impl Filebeat {
    pub(super) fn new(world: Shared, number: u32) -> Self {
        Self {
            world,
            number,
            registry: 0,
        }
    }

    /// Sends until everything is acknowledged.
    pub(super) async fn run(mut self) {
        let all = self.world.lock().faults.events_each;
        loop {
            let stream = self.world.connect(self.number);
            if let Some(stream) = stream
                && self.converse(stream, all).await.is_ok()
            {
                return;
            }
            let pause = self.world.lock().rng.u64(1..3_000);
            sleep(Duration::from_millis(pause)).await;
        }
    }

    async fn converse(&mut self, mut stream: DuplexStream, all: u32) -> Result<(), Broken> {
        let (mut next, mut in_flight) = (self.registry, VecDeque::new());
        while self.registry < all {
            let ahead = self.world.lock().rng.usize(1..=IN_FLIGHT_MAX);
            while next < all && in_flight.len() < ahead {
                let size = self.world.lock().rng.u32(1..=20).min(all - next);
                in_flight.push_back(self.send(&mut stream, next..next + size).await?);
                next += size;
            }
            if let Some((events, acks)) = in_flight.pop_front() {
                self.await_ack(&mut stream, acks).await?;
                self.world.note(
                    "acknowledged",
                    u64::from(self.number) << 32 | u64::from(events.end),
                );
                let numbers: Vec<Number> = events.clone().map(|event| self.event(event)).collect();
                self.world.lock().acknowledged(&numbers);
                self.registry = events.end;
            }
        }
        self.hear_nothing(&mut stream).await;
        Ok(())
    }

    async fn send(
        &self,
        stream: &mut DuplexStream,
        events: std::ops::Range<u32>,
    ) -> Result<(std::ops::Range<u32>, Acks), Broken> {
        let compressed = self.world.lock().rng.bool();
        let compression = if compressed {
            Compression::Level(3)
        } else {
            Compression::None
        };
        let payloads: Vec<Vec<u8>> = events.clone().map(|event| self.json(event)).collect();
        for event in events.clone() {
            self.world.lock().sent(self.event(event));
        }
        let mut bytes = Vec::new();
        let written =
            WindowWriter::new(compression).write(&mut bytes, payloads.iter().map(Vec::as_slice));
        let size = written.expect("the window is good");
        match timeout(PATIENCE, stream.write_all(&bytes)).await {
            Ok(Ok(())) => Ok((events, Acks::new(Version::V2, size))),
            Ok(Err(_)) | Err(_) => Err(Broken),
        }
    }

    /// Reads until the window is acknowledged; every byte is judged.
    async fn await_ack(&self, stream: &mut DuplexStream, mut acks: Acks) -> Result<(), Broken> {
        loop {
            let mut byte = [0];
            match timeout(PATIENCE, stream.read(&mut byte)).await {
                Ok(Ok(1)) => {}
                Ok(Ok(_) | Err(_)) | Err(_) => return Err(Broken),
            }
            let said = acks
                .feed(&mut &byte[..])
                .expect("the server keeps to the protocol");
            match said {
                None | Some(Acknowledged::Keepalive) => {}
                Some(Acknowledged::Partial(sequence)) => panic!("a partial ACK: {sequence:?}"),
                Some(Acknowledged::Done) => return Ok(()),
            }
        }
    }

    /// Nothing is left to be said; an ACK now would be one too many.
    async fn hear_nothing(&self, stream: &mut DuplexStream) {
        let mut byte = [0];
        let heard = timeout(Duration::from_secs(10), stream.read(&mut byte)).await;
        assert!(!matches!(heard, Ok(Ok(1..))), "an ACK for nothing");
    }

    fn event(&self, event: u32) -> Number {
        u64::from(self.number) * 1_000_000 + u64::from(event)
    }

    /// An event; now and then one that Elasticsearch does not take.
    fn json(&self, event: u32) -> Vec<u8> {
        let number = self.event(event);
        let flaw = match number % 53 {
            11 => format!(r#","{UNWANTED}":true"#),
            29 => format!(r#","{POISONED}":true"#),
            _ => String::new(),
        };
        let (client, padding) = (self.number, "x".repeat(number as usize % 97));
        format!(
            r#"{{"@timestamp":"2025-02-02T12:34:56.000Z","number":{number},"agent":{{"id":"{client}"}},"log":{{"offset":{number},"file":{{"path":"/app.log"}}}},"message":"INFO|{padding}"{flaw}}}"#
        )
        .into_bytes()
    }
}
