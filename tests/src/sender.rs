use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use sawmill_lumberjack::{Acknowledged, Acks, Version, WindowSize};

/// A window of 2,048 events as Filebeat 8.11 sends it.
const WINDOW: &[u8] = include_bytes!("../../benches/fixtures/window-8.11.c.bin");
const EVENTS: u32 = 2048;

/// Many clients at once, more than there could be real Filebeats on one machine. Each sends its windows right away, as
/// far as it is let, and then waits for the acknowledgement of each.
#[derive(Debug)]
pub struct Sender {
    clients: Vec<JoinHandle<io::Result<usize>>>,
}

impl Sender {
    /// Starts so many clients, with so many windows each.
    pub fn start(address: &str, clients: usize, windows: usize) -> Self {
        let client = || {
            let address = address.to_owned();
            thread::spawn(move || send(&address, windows))
        };
        Self {
            clients: (0..clients).map(|_| client()).collect(),
        }
    }

    /// Clients that have all their windows acknowledged, or have failed.
    pub fn finished(&self) -> usize {
        self.clients
            .iter()
            .filter(|client| client.is_finished())
            .count()
    }

    /// Waits for all clients; the events acknowledged.
    pub fn acknowledged(self) -> usize {
        let windows = self.clients.into_iter().map(|client| {
            let sent = client.join().expect("a client does not panic");
            sent.expect("the connection holds until all is acknowledged")
        });
        windows.sum::<usize>() * EVENTS as usize
    }
}

/// Sends and waits; the windows acknowledged, which are all, or an error.
fn send(address: &str, windows: usize) -> io::Result<usize> {
    let mut connection = TcpStream::connect(address)?;
    // Longer than any wait between two keepalives.
    connection.set_read_timeout(Some(Duration::from_secs(30)))?;
    let mut writing = connection.try_clone()?;
    let writer = thread::spawn(move || (0..windows).try_for_each(|_| writing.write_all(WINDOW)));
    for _ in 0..windows {
        until_acknowledged(&mut connection)?;
    }
    writer.join().expect("writing does not panic")?;
    Ok(windows)
}

fn until_acknowledged(connection: &mut TcpStream) -> io::Result<()> {
    let window = WindowSize::new(EVENTS).expect("not zero");
    let mut acks = Acks::new(Version::V2, window);
    let mut frame = [0; 6];
    loop {
        connection.read_exact(&mut frame)?;
        match acks.feed(&mut &frame[..]).map_err(io::Error::other)? {
            Some(Acknowledged::Done) => return Ok(()),
            Some(Acknowledged::Keepalive) | None => {}
            Some(Acknowledged::Partial(sequence)) => {
                return Err(io::Error::other(format!(
                    "a partial acknowledgement: {sequence:?}"
                )));
            }
        }
    }
}
