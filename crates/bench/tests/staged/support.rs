//! Scripted servers.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use clap::Parser;
use sawmill_bench::cli::{Bench, measure};
use sawmill_bench::error::BenchError;
use sawmill_bench::results::{Run, ViolationKind};
use sawmill_lumberjack::{Frame, Limits, Sequence, Step, Version, decode, encode_ack};

/// The server's side of a connection. Everything fails once the client has left.
pub(crate) struct Peer {
    pub(crate) stream: TcpStream,
    received: Vec<u8>,
}

impl Peer {
    /// Reads a whole window and returns its number of events.
    pub(crate) fn window(&mut self) -> io::Result<u32> {
        let size = self.head()?;
        let mut missing = size;
        while missing > 0 {
            missing -= self.frame(|frame| match frame {
                Frame::Json { .. } => 1,
                Frame::Compressed(_) => missing,
                other => panic!("expected events, found {other:?}"),
            })?;
        }
        Ok(size)
    }

    /// Reads the head of a window and nothing of its events.
    pub(crate) fn head(&mut self) -> io::Result<u32> {
        self.frame(|frame| match frame {
            Frame::Window(size) => size.get(),
            other => panic!("expected a window, found {other:?}"),
        })
    }

    fn frame<T>(&mut self, look: impl Fn(Frame<'_>) -> T) -> io::Result<T> {
        loop {
            let step = decode(&self.received, &Limits::default()).unwrap();
            if let Step::Frame(Version::V2, frame, used) = step {
                let seen = look(frame);
                self.received.drain(..used);
                return Ok(seen);
            }
            let mut buffer = [0; 16_384];
            let count = self.stream.read(&mut buffer)?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.received.extend_from_slice(&buffer[..count]);
        }
    }

    pub(crate) fn ack(&mut self, sequence: u32) -> io::Result<()> {
        self.say(&encode_ack(Version::V2, Sequence::new(sequence)))
    }

    pub(crate) fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Acknowledges every window until the client leaves.
    pub(crate) fn serve(&mut self) -> io::Result<()> {
        loop {
            let events = self.window()?;
            self.ack(events)?;
        }
    }

    /// The two windows that open a connection, acknowledged.
    pub(crate) fn open(&mut self) -> io::Result<()> {
        for _ in 0..2 {
            let events = self.window()?;
            self.ack(events)?;
        }
        Ok(())
    }

    /// Takes and says nothing until the client leaves.
    pub(crate) fn swallow(&mut self) -> io::Result<()> {
        while self.stream.read(&mut [0; 16_384])? > 0 {}
        Ok(())
    }
}

/// Starts a server that follows this script on every connection, and returns its address. It ends with the test.
pub(crate) fn staged(
    script: impl Fn(&mut Peer) -> io::Result<()> + Send + Sync + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let script = Arc::new(script);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let script = Arc::clone(&script);
            thread::spawn(move || {
                let mut peer = Peer {
                    stream: stream.unwrap(),
                    received: Vec::new(),
                };
                // The client leaves when it has seen enough.
                let _ = script(&mut peer);
            });
        }
    });
    address
}

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    bench: Bench,
}

/// Runs `sawmill bench` against a server, with small windows and for a short time unless the arguments say otherwise.
pub(crate) fn bench(address: &str, arguments: &str) -> (Run, Option<BenchError>) {
    let (mut runs, error) = try_bench(address, arguments).unwrap();
    (runs.pop().unwrap(), error)
}

pub(crate) fn try_bench(
    address: &str,
    arguments: &str,
) -> Result<(Vec<Run>, Option<BenchError>), BenchError> {
    let mut line = vec!["bench", "--to", address];
    for (option, value) in [
        ("--window", "10"),
        ("--distinct", "100"),
        ("--hold-back", "50ms"),
    ] {
        if !arguments.contains(option) {
            line.extend([option, value]);
        }
    }
    if !arguments.contains("--events ") {
        for (option, value) in [
            ("--duration", "300ms"),
            ("--warmup", "0s"),
            ("--slice", "100ms"),
        ] {
            if !arguments.contains(option) {
                line.extend([option, value]);
            }
        }
    }
    line.extend(arguments.split_whitespace());
    let line = Line::try_parse_from(line).unwrap_or_else(|error| panic!("{error}"));
    measure(line.bench)
}

/// The kind of violation that a run ended with.
pub(crate) fn violation(error: Option<BenchError>) -> ViolationKind {
    match error {
        Some(BenchError::Violated { violation, .. }) => violation.kind,
        other => panic!("expected a violation, found {other:?}"),
    }
}
