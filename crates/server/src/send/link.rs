//! The connection to the server, and the windows that it has not acknowledged yet.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::Duration;

use sawmill_lumberjack::{Acknowledged, Acks, FrameError, Version, WindowSize};

use crate::config::HostPort;

use super::error::SendError;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a server is waited for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// So long a server may be silent while it has a window.
    pub(super) ack_timeout: Duration,
    /// The first wait before connecting again; it doubles from try to try.
    pub(super) retry_initial: Duration,
    /// The longest such wait.
    pub(super) retry_max: Duration,
    /// Tries without any acknowledgement between them.
    pub(super) tries_max: u32,
}

impl Default for Patience {
    /// The times of Filebeat's own output; the tries take about a minute together, where Filebeat's never end.
    fn default() -> Self {
        Self {
            ack_timeout: Duration::from_secs(30),
            retry_initial: Duration::from_secs(1),
            retry_max: Duration::from_secs(30),
            tries_max: 6,
        }
    }
}

/// A window as it was sent.
pub(super) struct Window {
    /// What goes over the wire.
    pub(super) bytes: Vec<u8>,
    /// Its number of events.
    pub(super) size: WindowSize,
    /// Bytes of the files that went into it.
    pub(super) source_bytes: u64,
}

/// A connection that comes back by itself and then repeats what is not acknowledged.
pub(super) struct Link {
    address: HostPort,
    patience: Patience,
    stream: TcpStream,
    /// The windows sent and not acknowledged, the oldest first.
    waiting: VecDeque<Window>,
    /// What the server said beyond the last acknowledgement.
    heard: Vec<u8>,
    /// Failures in a row.
    failures: u32,
    resent: u64,
}

/// Why a connection is of no more use.
enum Broken {
    /// It may be better next time.
    Io(io::Error),
    /// It will not.
    Protocol(FrameError),
}

impl Link {
    /// Connects once; a server that is not there at the beginning is a mistake of the caller.
    pub(super) fn connect(address: &HostPort, patience: Patience) -> Result<Self, SendError> {
        let stream =
            open(address, patience.ack_timeout).map_err(|reason| SendError::Unreachable {
                address: address.clone(),
                reason,
            })?;
        Ok(Self {
            address: address.clone(),
            patience,
            stream,
            waiting: VecDeque::new(),
            heard: Vec::new(),
            failures: 0,
            resent: 0,
        })
    }

    /// Windows sent and not acknowledged.
    pub(super) fn in_flight(&self) -> usize {
        self.waiting.len()
    }

    /// Events that were sent again, counted each time.
    pub(super) fn resent(&self) -> u64 {
        self.resent
    }

    /// Sends a window.
    pub(super) fn send(&mut self, window: Window) -> Result<(), SendError> {
        let sent = self.stream.write_all(&window.bytes);
        self.waiting.push_back(window);
        sent.or_else(|error| self.recover(error))
    }

    /// Waits until the oldest window is acknowledged; there must be one.
    pub(super) fn settle_oldest(&mut self) -> Result<Window, SendError> {
        loop {
            match self.await_oldest() {
                Ok(window) => {
                    self.failures = 0;
                    return Ok(window);
                }
                Err(Broken::Io(error)) => self.recover(error)?,
                Err(Broken::Protocol(error)) => {
                    return Err(SendError::Protocol {
                        address: self.address.clone(),
                        error,
                    });
                }
            }
        }
    }

    fn await_oldest(&mut self) -> Result<Window, Broken> {
        let size = self.waiting[0].size;
        let mut acks = Acks::new(Version::V2, size);
        loop {
            let mut heard = self.heard.as_slice();
            let said = acks.feed(&mut heard).map_err(Broken::Protocol)?;
            let used = self.heard.len() - heard.len();
            self.heard.drain(..used);
            match said {
                Some(Acknowledged::Done) => {
                    return Ok(self.waiting.pop_front().expect("it was there"));
                }
                Some(Acknowledged::Keepalive | Acknowledged::Partial(_)) => {}
                None => self.listen().map_err(Broken::Io)?,
            }
        }
    }

    /// Takes in what the server says next.
    fn listen(&mut self) -> io::Result<()> {
        let mut buffer = [0; 256];
        match self.stream.read(&mut buffer) {
            Ok(0) => Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "it closed the connection",
            )),
            Ok(count) => {
                self.heard.extend_from_slice(&buffer[..count]);
                Ok(())
            }
            // What the system calls a read that took too long.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let silence = format!("not a word in {} s", self.patience.ack_timeout.as_secs());
                Err(io::Error::new(io::ErrorKind::TimedOut, silence))
            }
            Err(error) => Err(error),
        }
    }

    /// Connects again, after a wait, and repeats what is not acknowledged.
    fn recover(&mut self, mut error: io::Error) -> Result<(), SendError> {
        let patience = self.patience;
        while self.failures < patience.tries_max {
            let wait = patience
                .retry_initial
                .saturating_mul(1 << self.failures)
                .min(patience.retry_max);
            self.failures += 1;
            sleep(wait);
            match self.repeat() {
                Ok(()) => return Ok(()),
                Err(again) => error = again,
            }
        }
        Err(SendError::GaveUp {
            address: self.address.clone(),
            tries: self.failures,
            unacknowledged: self
                .waiting
                .iter()
                .map(|window| u64::from(window.size.get()))
                .sum(),
            reason: error,
        })
    }

    fn repeat(&mut self) -> io::Result<()> {
        self.stream = open(&self.address, self.patience.ack_timeout)?;
        self.heard.clear();
        for window in &self.waiting {
            self.stream.write_all(&window.bytes)?;
            self.resent += u64::from(window.size.get());
        }
        Ok(())
    }
}

fn open(address: &HostPort, timeout: Duration) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in address.addresses()? {
        match TcpStream::connect_timeout(&address, CONNECT_TIMEOUT) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(timeout))?;
                stream.set_write_timeout(Some(timeout))?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    const SHORT: Patience = Patience {
        ack_timeout: Duration::from_millis(50),
        retry_initial: Duration::from_millis(1),
        retry_max: Duration::from_millis(2),
        tries_max: 3,
    };

    fn link(listener: &TcpListener) -> Link {
        let address = HostPort::parse(&listener.local_addr().unwrap().to_string()).unwrap();
        let mut link = Link::connect(&address, SHORT).unwrap();
        let size = WindowSize::new(7).unwrap();
        link.send(Window {
            bytes: b"window".to_vec(),
            size,
            source_bytes: 0,
        })
        .unwrap();
        link
    }

    /// How often it was tried, how many events are open, and the last failure.
    fn given_up(mut link: Link) -> (u32, u64, io::ErrorKind) {
        match link.settle_oldest() {
            Err(SendError::GaveUp {
                tries,
                unacknowledged,
                reason,
                ..
            }) => (tries, unacknowledged, reason.kind()),
            Err(error) => panic!("{error}"),
            Ok(_) => panic!("nobody has acknowledged it"),
        }
    }

    #[test]
    fn a_server_that_stays_silent_is_given_up() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        assert_eq!(given_up(link(&listener)), (3, 7, io::ErrorKind::TimedOut));
    }

    #[test]
    fn a_server_that_stays_away_is_given_up() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let link = link(&listener);
        drop(listener);
        assert_eq!(given_up(link), (3, 7, io::ErrorKind::ConnectionRefused));
    }
}
