//! A server with an honest client, and what an attack does to both.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle, sleep};
use std::time::{Duration, Instant};

use rustls::StreamOwned;
use sawmill_bench::open_files::allow_connections;

use crate::pki::{Authority, Files};
use crate::support::{
    Client, Sawmill, Sink, connect_cramped, connect_from, event, wait_for, window,
};

/// One scene at a time: two would be each other's attack.
static STAGE: Mutex<()> = Mutex::new(());

/// Events of an honest client's window, and how often it sends one: 2,000 events a second.
const WINDOW_EVENTS: usize = 100;
const WINDOW_EVERY: Duration = Duration::from_millis(50);

/// How long is measured before and during an attack, if that is not longer.
const MEASURED: Duration = Duration::from_secs(1);

/// What an honest client keeps of its rate at least, in percent: on a machine that does nothing else, for the table, and on any.
const HONEST_MIN: u64 = 80;
const HONEST_MIN_ANYWHERE: u64 = 40;

/// Names the folder for rows of the table.
const ROWS: &str = "SAWMILL_ATTACKS";

/// Connections that the attackers of all tests have at one time at most.
const CONNECTIONS_MAX: u64 = 10_000;

/// Files that come and go by themselves: connections to Elasticsearch.
const OWN_FILES: u64 = 4;

/// Attackers come from another address than honest clients, as they would.
const ATTACKER: [u8; 4] = [127, 0, 0, 2];

/// The server's memory, files and processor time.
#[derive(Clone, Copy, Debug, Default)]
struct Usage {
    resident_bytes: u64,
    files: u64,
    cpu_ms: u64,
}

pub(crate) struct Scene {
    name: &'static str,
    // Before the server: it ends with an ACK.
    honest: Honest,
    pub(crate) sawmill: Sawmill,
    before: Measured,
    speech: Speech,
    _sink: Sink,
    _stage: MutexGuard<'static, ()>,
}

/// How clients speak to the server.
enum Speech {
    Plain,
    Tls {
        authority: Box<Authority>,
        _files: Files,
    },
}

/// What they speak over.
trait Stream: Read + Write + Send {}

impl<S: Read + Write + Send> Stream for S {}

impl Speech {
    /// One that trusts an authority which has signed the server's certificate; and the settings of that certificate.
    fn tls() -> (Self, [String; 2]) {
        let (authority, files) = (Authority::new("root"), Files::new());
        let server = authority.issue("server", &["localhost"]);
        let settings = files.settings("input.beats.tls", &server);
        let tls = Self::Tls {
            authority: Box::new(authority),
            _files: files,
        };
        (tls, settings)
    }

    fn over(&self, stream: TcpStream) -> Box<dyn Stream> {
        match self {
            Self::Plain => Box::new(stream),
            Self::Tls { authority, .. } => Box::new(StreamOwned::new(authority.session(), stream)),
        }
    }
}

/// What was measured over a while.
#[derive(Clone, Copy, Debug)]
struct Measured {
    resident_bytes_max: u64,
    files_max: u64,
    /// Of one core.
    cpu_percent: u64,
    /// Of an honest client's events.
    events_per_second: u64,
}

impl Scene {
    /// A server with a small budget in front of a stand-in for Elasticsearch, and an honest client at work.
    pub(crate) fn open(name: &'static str, settings: &[&str]) -> Self {
        Self::spoken(Speech::Plain, name, settings)
    }

    /// The same within TLS.
    pub(crate) fn open_tls(name: &'static str, settings: &[&str]) -> Self {
        let (speech, tls) = Speech::tls();
        let tls = tls.each_ref().map(String::as_str);
        Self::spoken(speech, name, &[&tls, settings].concat())
    }

    fn spoken(speech: Speech, name: &'static str, settings: &[&str]) -> Self {
        let stage = STAGE.lock().unwrap_or_else(PoisonError::into_inner);
        let sink = Sink::start(&[]);
        let hosts = format!("output.elasticsearch.hosts={}", sink.address);
        let sawmill =
            Sawmill::start(&[&[hosts.as_str(), "memory.budget=32MiB"], settings].concat());
        let honest = Honest::start(sawmill.address, &speech);
        wait_for("an honest client's ACK", || {
            (honest.events() > 0).then_some(())
        });
        let before = measure(&sawmill, &honest, || sleep(MEASURED));
        Self {
            name,
            sawmill,
            honest,
            before,
            speech,
            _sink: sink,
            _stage: stage,
        }
    }

    /// As `attack_with`, for an attack that needs no more than the server.
    pub(crate) fn attack<T>(self, what: &str, limit_mib: u64, attack: impl FnOnce(&Sawmill) -> T) {
        self.attack_with(what, limit_mib, |scene| attack(&scene.sawmill));
    }

    /// Runs an attack and holds what it gives until all is measured; then checks that it cost no more than `limit` MiB, that the
    /// honest client kept its rate, and that all is given back.
    pub(crate) fn attack_with<T>(
        self,
        what: &str,
        limit_mib: u64,
        attack: impl FnOnce(&Self) -> T,
    ) {
        let mut held = None;
        let during = measure(&self.sawmill, &self.honest, || {
            let since = Instant::now();
            held = Some(attack(&self));
            sleep(MEASURED.saturating_sub(since.elapsed()));
        });
        drop(held);
        let after = self.given_back(limit_mib);
        self.write_row(what, limit_mib, &during, after);
        let grown = during
            .resident_bytes_max
            .saturating_sub(self.before.resident_bytes_max);
        assert!(grown <= limit_mib << 20, "{} MiB more", grown >> 20);
        let kept = during.events_per_second * 100 / self.before.events_per_second;
        let least = match std::env::var_os(ROWS) {
            Some(_) => HONEST_MIN,
            None => HONEST_MIN_ANYWHERE,
        };
        assert!(kept >= least, "an honest client kept {kept} % of its rate");
        self.assert_serves();
    }

    /// Shows that another honest client gets in, and is served as ever.
    pub(crate) fn assert_serves(&self) {
        let mut client = self.speech.over(self.sawmill.connect().stream);
        client
            .write_all(&window(&[event("still here").as_bytes()]))
            .unwrap();
        assert_eq!(ack(&mut client), 1);
    }

    /// Waits until the server has no more than before; of memory as little more as it may take, since the allocator gives pages
    /// back when it likes.
    fn given_back(&self, limit_mib: u64) -> Usage {
        wait_for("everything given back", || {
            let now = self.sawmill.usage();
            let memory = now.resident_bytes <= self.before.resident_bytes_max + (limit_mib << 20);
            (memory && now.files <= self.before.files_max + OWN_FILES).then_some(now)
        })
    }

    fn write_row(&self, what: &str, limit_mib: u64, during: &Measured, after: Usage) {
        let Ok(folder) = std::env::var(ROWS) else {
            return;
        };
        let mib = |bytes: u64| bytes >> 20;
        let mut row = String::new();
        let before = &self.before;
        write!(
            row,
            "| `{}` | {what} | {} → {} → {} MiB (+{limit_mib}) | {} → {} → {} | {} → {} % | {} → {} |",
            self.name,
            mib(before.resident_bytes_max),
            mib(during.resident_bytes_max),
            mib(after.resident_bytes),
            before.files_max,
            during.files_max,
            after.files,
            before.cpu_percent,
            during.cpu_percent,
            before.events_per_second,
            during.events_per_second,
        )
        .unwrap();
        fs::create_dir_all(&folder).unwrap();
        fs::write(
            Path::new(&folder).join(format!("{}.md", self.name)),
            row + "\n",
        )
        .unwrap();
    }
}

fn measure(sawmill: &Sawmill, honest: &Honest, act: impl FnOnce()) -> Measured {
    let (begun, before, events) = (Instant::now(), sawmill.usage(), honest.events());
    let ended = AtomicBool::new(false);
    let most = thread::scope(|scope| {
        let watching = scope.spawn(|| {
            let mut most = before;
            while !ended.load(Ordering::Relaxed) {
                let now = sawmill.usage();
                most.resident_bytes = most.resident_bytes.max(now.resident_bytes);
                most.files = most.files.max(now.files);
                sleep(Duration::from_millis(10));
            }
            most
        });
        let end = OnDrop(&ended);
        act();
        drop(end);
        watching.join().unwrap()
    });
    let ms = begun.elapsed().as_millis() as u64;
    let cpu_ms = sawmill.usage().cpu_ms - before.cpu_ms;
    Measured {
        resident_bytes_max: most.resident_bytes,
        files_max: most.files,
        cpu_percent: cpu_ms * 100 / ms,
        events_per_second: (honest.events() - events) * 1000 / ms,
    }
}

/// Says that something has ended, also where it ended in a panic.
struct OnDrop<'a>(&'a AtomicBool);

impl Drop for OnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A client that sends at a fixed rate and does all else right.
struct Honest {
    events: Arc<AtomicU64>,
    ended: Arc<AtomicBool>,
    stream: Client,
    thread: Option<JoinHandle<()>>,
}

impl Honest {
    fn start(address: SocketAddr, speech: &Speech) -> Self {
        let (events, ended) = (Arc::<AtomicU64>::default(), Arc::<AtomicBool>::default());
        let (counted, asked_to_end) = (Arc::clone(&events), Arc::clone(&ended));
        let text = event(&"an honest line ".repeat(20));
        let window = window(&[text.as_bytes(); WINDOW_EVENTS]);
        let stream = connect_from(address, [127, 0, 0, 1]);
        let mut client = speech.over(stream.again().stream);
        let thread = thread::spawn(move || {
            while !asked_to_end.load(Ordering::Relaxed) {
                let next = Instant::now() + WINDOW_EVERY;
                client.write_all(&window).unwrap();
                assert_eq!(ack(&mut client), WINDOW_EVENTS as u32);
                counted.fetch_add(WINDOW_EVENTS as u64, Ordering::Relaxed);
                sleep(next.saturating_duration_since(Instant::now()));
            }
        });
        Self {
            events,
            ended,
            stream,
            thread: Some(thread),
        }
    }

    fn events(&self) -> u64 {
        self.events.load(Ordering::Relaxed)
    }
}

/// The next ACK, keepalives passed over.
fn ack(client: &mut impl Read) -> u32 {
    loop {
        let mut ack = [0; 6];
        client.read_exact(&mut ack).expect("an ACK comes");
        assert_eq!(ack[..2], *b"2A");
        match u32::from_be_bytes([ack[2], ack[3], ack[4], ack[5]]) {
            0 => {}
            sequence => return sequence,
        }
    }
}

impl Drop for Honest {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        if thread::panicking() {
            // It may be waiting for an ACK that will not come.
            let _ = self.stream.stream.shutdown(Shutdown::Both);
        }
        let served = self
            .thread
            .take()
            .is_none_or(|thread| thread.join().is_ok());
        if !thread::panicking() {
            assert!(served, "the honest client was served until the end");
        }
    }
}

impl Sawmill {
    fn usage(&self) -> Usage {
        let folder = format!("/proc/{}", self.pid());
        let stat = fs::read_to_string(format!("{folder}/stat")).unwrap();
        // The fields behind the program's name, which may hold anything; ticks are 10 ms (proc(5)).
        let fields: Vec<&str> = stat
            .rsplit_once(')')
            .unwrap()
            .1
            .split_whitespace()
            .collect();
        let ticks = |at: usize| fields[at].parse::<u64>().unwrap();
        Usage {
            resident_bytes: self.resident_bytes(),
            files: fs::read_dir(format!("{folder}/fd")).unwrap().count() as u64,
            cpu_ms: (ticks(11) + ticks(12)) * 10,
        }
    }

    /// Files that the server has open.
    pub(crate) fn files(&self) -> u64 {
        self.usage().files
    }

    /// Connects as an attacker.
    pub(crate) fn attacker(&self) -> Client {
        connect_from(self.address, ATTACKER)
    }

    /// The same as one that takes next to nothing.
    pub(crate) fn cramped_attacker(&self) -> Client {
        connect_cramped(self.address, ATTACKER)
    }

    /// What the kernel says of the server's socket for an attacker's connection: the fields of `proc_net_tcp(5)`.
    pub(crate) fn socket_of(&self, attacker: &Client) -> Vec<String> {
        let address =
            |address: [u8; 4], port: u16| format!("{:08X}:{port:04X}", u32::from_le_bytes(address));
        let port = attacker.stream.local_addr().unwrap().port();
        let ends = [
            address([127, 0, 0, 1], self.address.port()),
            address(ATTACKER, port),
        ];
        wait_for("the server's socket", || {
            let table = fs::read_to_string("/proc/net/tcp").unwrap();
            table
                .lines()
                .map(|line| line.split_whitespace().map(str::to_owned).collect())
                // Behind its number: both ends, and 01 for a connection that stands.
                .find(|fields: &Vec<_>| fields[1..3] == ends && fields[3] == "01")
        })
    }

    /// The same from so many places that each address has a thousand.
    pub(crate) fn crowd(&self, count: u16) -> Vec<Client> {
        allow_connections(CONNECTIONS_MAX).unwrap();
        let [a, b, c, first] = ATTACKER;
        let address = |at: u16| [a, b, c, first + (at / 1000) as u8];
        (0..count)
            .map(|at| connect_from(self.address, address(at)))
            .collect()
    }

    /// The same from so many addresses, and so many times from each.
    pub(crate) fn crowd_of(&self, addresses: u8, each: usize, says: &[u8]) -> Vec<Client> {
        let [a, b, c, first] = ATTACKER;
        (0..addresses)
            .flat_map(|at| std::iter::repeat_n([a, b, c, first + at], each))
            .map(|address| {
                let mut client = connect_from(self.address, address);
                let _ = client.stream.write_all(says);
                client
            })
            .collect()
    }

    /// The same so many times; where the server has no place for more, fewer.
    pub(crate) fn attackers(&self, count: usize, says: &[u8]) -> Vec<Client> {
        (0..count)
            .map(|_| {
                let mut client = self.attacker();
                // Whom the server sends away may notice while it speaks.
                let _ = client.stream.write_all(says);
                client
            })
            .collect()
    }
}
