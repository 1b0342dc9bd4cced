//! A Beats server that follows a script.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use sawmill_lumberjack::{
    Frame, Inflated, Inflater, Limits, Sequence, Step, Version, decode, encode_ack,
};
use serde_json::Value;

/// The server's side of a connection.
pub(crate) struct Peer {
    pub(crate) stream: TcpStream,
    received: Vec<u8>,
}

impl Peer {
    pub(crate) fn accept(listener: &TcpListener) -> Self {
        let (stream, _) = listener.accept().unwrap();
        Self {
            stream,
            received: Vec::new(),
        }
    }

    /// The events of the next window.
    pub(crate) fn window(&mut self) -> Vec<Value> {
        let announced = self.frame(|frame| match frame {
            Frame::Window(size) => size.get(),
            other => panic!("expected a window, found {other:?}"),
        });
        let mut events = Vec::new();
        while events.len() < announced as usize {
            events.extend(self.frame(|frame| match frame {
                Frame::Json { payload, .. } => vec![serde_json::from_slice(payload).unwrap()],
                Frame::Compressed(zlib) => inflate(zlib),
                other => panic!("expected events, found {other:?}"),
            }));
        }
        assert_eq!(events.len(), announced as usize);
        events
    }

    fn frame<T>(&mut self, look: impl Fn(Frame<'_>) -> T) -> T {
        loop {
            if let Step::Frame(Version::V2, frame, used) =
                decode(&self.received, &Limits::default()).unwrap()
            {
                let seen = look(frame);
                self.received.drain(..used);
                return seen;
            }
            let mut buffer = [0; 4096];
            let count = self.stream.read(&mut buffer).unwrap();
            assert!(count > 0, "the client left");
            self.received.extend_from_slice(&buffer[..count]);
        }
    }

    pub(crate) fn ack(&mut self, sequence: u32) {
        self.stream
            .write_all(&encode_ack(Version::V2, Sequence::new(sequence)))
            .unwrap();
    }

    /// Whether the client has sent nothing more, for now.
    pub(crate) fn is_quiet(&mut self) -> bool {
        self.stream
            .set_read_timeout(Some(Duration::from_millis(300)))
            .unwrap();
        let quiet = self.received.is_empty() && self.stream.read(&mut [0; 1]).is_err();
        self.stream.set_read_timeout(None).unwrap();
        quiet
    }
}

/// Starts a server that follows a script, and returns its address and what the script returns.
pub(crate) fn server<T: Send + 'static>(
    script: impl FnOnce(TcpListener) -> T + Send + 'static,
) -> (String, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (address, thread::spawn(move || script(listener)))
}

fn inflate(zlib: &[u8]) -> Vec<Value> {
    let mut frames = Vec::new();
    let done = Inflater::new().inflate(zlib, &mut frames, 1 << 20).unwrap();
    assert_eq!(done, Inflated::Done);
    let (mut rest, mut events) = (frames.as_slice(), Vec::new());
    while let Step::Frame(Version::V2, Frame::Json { payload, .. }, used) =
        decode(rest, &Limits::default()).unwrap()
    {
        events.push(serde_json::from_slice(payload).unwrap());
        rest = &rest[used..];
    }
    assert_eq!(rest, b"");
    events
}
