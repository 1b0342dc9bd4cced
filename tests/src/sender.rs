use std::io::{self, Read, Write};
use std::mem::take;
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use sawmill_lumberjack::{Acknowledged, Acks, Version, WindowSize};

/// A window of 2,048 events as Filebeat 8.11 sends it.
const WINDOW: &[u8] = include_bytes!("../../benches/fixtures/window-8.11.c.bin");
const EVENTS: u32 = 2048;

/// Many clients at once, more than there could be real Filebeats on one machine. Each sends its windows right away, as
/// far as it is let, and waits for the acknowledgement of each. As Filebeat does, it comes again with what is not
/// acknowledged when the connection fails, and it takes 30 s without a byte for a failure.
#[derive(Debug)]
pub struct Sender {
    clients: Vec<JoinHandle<usize>>,
    /// Set when nobody wants to know any more.
    over: Arc<AtomicBool>,
}

const TIMEOUT: Duration = Duration::from_secs(30);

impl Sender {
    /// Starts so many clients, with so many windows each.
    pub fn start(address: &str, clients: usize, windows: usize) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let client = || {
            let (address, over) = (address.to_owned(), Arc::clone(&over));
            thread::spawn(move || send(&address, windows, &over))
        };
        Self {
            clients: (0..clients).map(|_| client()).collect(),
            over,
        }
    }

    /// Clients that have all their windows acknowledged.
    pub fn finished(&self) -> usize {
        self.clients
            .iter()
            .filter(|client| client.is_finished())
            .count()
    }

    /// Waits for all clients; how often one of them had to come again.
    pub fn reconnections(mut self) -> usize {
        let clients = take(&mut self.clients).into_iter();
        clients
            .map(|client| client.join().expect("a client does not panic"))
            .sum()
    }

    /// Events in so many windows.
    pub fn events(windows: usize) -> usize {
        windows * EVENTS as usize
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

/// Sends until all windows are acknowledged; the reconnections it took.
fn send(address: &str, windows: usize, over: &AtomicBool) -> usize {
    let mut open = windows;
    let mut connections = 0_usize;
    while open > 0 && !over.load(Ordering::Relaxed) {
        connections += 1;
        // What went wrong does not matter: whatever is open is sent again.
        let _ = converse(address, &mut open);
        thread::sleep(Duration::from_millis(100));
    }
    connections.saturating_sub(1)
}

/// One connection: sends the open windows, and counts down as they are acknowledged.
fn converse(address: &str, open: &mut usize) -> io::Result<()> {
    let mut connection = TcpStream::connect(address)?;
    connection.set_read_timeout(Some(TIMEOUT))?;
    connection.set_write_timeout(Some(TIMEOUT))?;
    let mut writing = connection.try_clone()?;
    let windows = *open;
    let writer = thread::spawn(move || (0..windows).try_for_each(|_| writing.write_all(WINDOW)));
    let acknowledged = (0..windows).try_for_each(|_| {
        until_acknowledged(&mut connection)?;
        *open -= 1;
        Ok(())
    });
    // Ends the writer too, should it still be at it.
    connection.shutdown(Shutdown::Both).ok();
    writer
        .join()
        .expect("writing does not panic")
        .and(acknowledged)
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
            Some(Acknowledged::Partial(sequence)) => panic!("a partial ACK: {sequence:?}"),
        }
    }
}
