//! A running Sawmill with the embedded output, and a client that speaks bytes.

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use sawmill_lumberjack::{Compression, WindowWriter};
use serde_json::Value;
use socket2::{Domain, Socket, Type};
use tempfile::TempDir;

/// Longest that anything here may take.
const DEADLINE: Duration = Duration::from_secs(20);

/// A Sawmill of its own port and folder; killed when dropped.
pub(crate) struct Sawmill {
    process: Child,
    folder: TempDir,
    pub(crate) address: SocketAddr,
}

impl Sawmill {
    /// Starts with the built-in pipeline and these settings beside the usual ones; without a monitoring interface, unless it is
    /// among them.
    pub(crate) fn start(settings: &[&str]) -> Self {
        let quiet = ["api.listen=off"];
        Self::start_as_is(&[&quiet, settings].concat())
    }

    /// The same with another pipeline.
    pub(crate) fn start_with(pipeline: &str, settings: &[&str]) -> Self {
        let quiet = ["api.listen=off"];
        Self::launch(&["--config", pipeline], &[&quiet, settings].concat())
    }

    /// The same with nothing but these settings.
    pub(crate) fn start_as_is(settings: &[&str]) -> Self {
        Self::launch(&[], settings)
    }

    fn launch(arguments: &[&str], settings: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_sawmill"));
        command
            .current_dir(folder.path())
            .args(["run", "--set", "input.beats.listen=127.0.0.1:0"])
            .args(arguments);
        for setting in settings {
            command.args(["--set", setting]);
        }
        let process = command.stdin(Stdio::null()).stderr(log).spawn().unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut sawmill = Self {
            process,
            folder,
            address,
        };
        let line = sawmill.wait_for_log("listening for Beats on ");
        let listening = line.split("listening for Beats on ").nth(1).unwrap();
        sawmill.address = listening.trim().parse().unwrap();
        sawmill
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Sends SIGHUP.
    pub(crate) fn hang_up(&self) {
        let pid = i32::try_from(self.pid()).ok().and_then(Pid::from_raw);
        kill_process(pid.unwrap(), Signal::HUP).unwrap();
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// Waits for a log line that holds `text`, and returns it.
    pub(crate) fn wait_for_log(&self, text: &str) -> String {
        wait_for(&format!("a log line with `{text}`"), || {
            self.log()
                .lines()
                .find(|line| line.contains(text))
                .map(str::to_owned)
        })
    }

    pub(crate) fn connect(&self) -> Client {
        connect_from(self.address, [127, 0, 0, 1])
    }

    /// The documents of a data stream, in the order of the files.
    pub(crate) fn stored(&self, stream: &str) -> Vec<Value> {
        documents(&self.folder.path().join("sawmill-data/streams").join(stream))
    }

    /// What the program says to `arguments` in this Sawmill's folder; it must be content.
    pub(crate) fn ask(&self, arguments: &[&str]) -> String {
        let asked = Command::new(env!("CARGO_BIN_EXE_sawmill"))
            .current_dir(self.folder.path())
            .args(arguments)
            .output()
            .unwrap();
        let said = String::from_utf8(asked.stderr).unwrap();
        assert!(asked.status.success() && said.is_empty(), "{said}");
        String::from_utf8(asked.stdout).unwrap()
    }

    pub(crate) fn dead_letters(&self) -> Vec<Value> {
        documents(&self.folder.path().join("sawmill-data/dead-letters"))
    }

    /// A file that the kernel has about the process.
    pub(crate) fn proc(&self, file: &str) -> String {
        fs::read_to_string(format!("/proc/{}/{file}", self.process.id())).unwrap()
    }

    /// Resident memory in bytes.
    pub(crate) fn resident_bytes(&self) -> u64 {
        let status = self.proc("status");
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS:"))
            .unwrap();
        line.split_whitespace()
            .nth(1)
            .unwrap()
            .parse::<u64>()
            .unwrap()
            * 1024
    }

    /// Shows that an honest client is served as ever.
    pub(crate) fn assert_serves(&self) {
        let mut client = self.connect();
        client.send(&window(&[event("still here").as_bytes()]));
        assert_eq!(client.ack(), 1);
    }
}

impl Drop for Sawmill {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if std::thread::panicking() {
            eprintln!("--- log of sawmill ---\n{}", self.log());
        }
    }
}

/// A stand-in for an Elasticsearch, `sawmill bench sink`; killed when dropped.
pub(crate) struct Sink {
    process: Child,
    pub(crate) address: String,
}

impl Sink {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_sawmill"))
            .args(["bench", "sink", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let said = process.stderr.take().unwrap();
        let line = BufReader::new(said).lines().next().unwrap().unwrap();
        let (_, address) = line.split_once("sink listens on ").unwrap();
        let address = address.to_owned();
        Self { process, address }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub(crate) struct Client {
    pub(crate) stream: TcpStream,
}

/// How many of these the server has closed.
pub(crate) fn closed(clients: &mut [Client]) -> usize {
    { clients.iter_mut() }
        .filter(|client| {
            // Of thousands, none may be waited for.
            client.stream.set_nonblocking(true).unwrap();
            let closed = match { &client.stream }.read(&mut [0; 1024]) {
                Ok(bytes) => bytes == 0,
                Err(error) => error.kind() != ErrorKind::WouldBlock,
            };
            client.stream.set_nonblocking(false).unwrap();
            closed
        })
        .count()
}

/// Connects to it from this address.
pub(crate) fn connect_from(address: SocketAddr, from: [u8; 4]) -> Client {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    connect_by(socket, address, from)
}

/// The same with so little room for what comes, and in so small segments, that the server's side keeps little too: some 15,000 ACKs
/// that are not read, instead of half a million.
pub(crate) fn connect_cramped(address: SocketAddr, from: [u8; 4]) -> Client {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(2048).unwrap();
    socket.set_tcp_mss(536).unwrap();
    connect_by(socket, address, from)
}

fn connect_by(socket: Socket, address: SocketAddr, from: [u8; 4]) -> Client {
    socket
        .bind(&SocketAddr::new(IpAddr::from(from), 0).into())
        .unwrap();
    socket.connect(&address.into()).unwrap();
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.set_nodelay(true).unwrap();
    Client { stream }
}

impl Client {
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    /// The next ACK of version 2, keepalives passed over.
    pub(crate) fn ack(&mut self) -> u32 {
        loop {
            match self.any_ack() {
                (b'2', 0) => {}
                (version, sequence) => {
                    assert_eq!(version, b'2');
                    return sequence;
                }
            }
        }
    }

    /// The next ACK: its version's digit and its sequence.
    pub(crate) fn any_ack(&mut self) -> (u8, u32) {
        self.try_ack().expect("an ACK comes")
    }

    /// The same; `None` if none comes any more.
    pub(crate) fn try_ack(&mut self) -> Option<(u8, u32)> {
        let mut ack = [0; 6];
        self.stream.read_exact(&mut ack).ok()?;
        assert_eq!(ack[1], b'A', "{ack:?}");
        Some((ack[0], u32::from_be_bytes([ack[2], ack[3], ack[4], ack[5]])))
    }

    /// The same connection for another thread.
    pub(crate) fn again(&self) -> Self {
        let stream = self.stream.try_clone().unwrap();
        Self { stream }
    }

    /// Everything until the server closes, which it must do with FIN.
    pub(crate) fn until_closed(&mut self) -> Vec<u8> {
        let mut heard = Vec::new();
        self.stream
            .read_to_end(&mut heard)
            .expect("closed with FIN");
        heard
    }

    /// Sends these bytes again and again until the server has taken none for half a second, and returns how many it took.
    pub(crate) fn send_until_stuck(&mut self, bytes: &[u8]) -> usize {
        self.stream.set_nonblocking(true).unwrap();
        let (mut sent, mut taken_at) = (0, Instant::now());
        while taken_at.elapsed() < Duration::from_millis(500) {
            // Far more than the sockets hold.
            assert!(sent < 64 << 20, "all of it is read");
            match self.stream.write(&bytes[sent % bytes.len()..]) {
                Ok(bytes) => (sent, taken_at) = (sent + bytes, Instant::now()),
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}");
                    sleep(Duration::from_millis(10));
                }
            }
        }
        self.stream.set_nonblocking(false).unwrap();
        sent
    }

    /// Shows that nothing comes for a while.
    pub(crate) fn assert_silence(&mut self, time: Duration) {
        self.stream.set_read_timeout(Some(time)).unwrap();
        let error = self.stream.read(&mut [0; 6]).expect_err("silence");
        assert!(
            matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
            "{error}"
        );
        self.stream.set_read_timeout(Some(DEADLINE)).unwrap();
    }

    pub(crate) fn end(&mut self) {
        self.stream.shutdown(Shutdown::Write).unwrap();
    }
}

/// An event that the pipeline stores in `logs-django-pt`.
pub(crate) fn event(message: &str) -> String {
    let message = Value::from(message);
    format!(
        r#"{{"@timestamp":"2025-02-02T13:00:00.000Z","@metadata":{{"beat":"filebeat"}},"group":"pt","service":"django","stream":"app","message":{message}}}"#
    )
}

/// A window as Filebeat sends it: the events compressed into one frame.
pub(crate) fn window(events: &[&[u8]]) -> Vec<u8> {
    written(Compression::Level(3), events)
}

/// A window as Filebeat sends it with `compression_level: 0`.
pub(crate) fn plain_window(events: &[&[u8]]) -> Vec<u8> {
    written(Compression::None, events)
}

fn written(compression: Compression, events: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    WindowWriter::new(compression)
        .write(&mut out, events.iter().copied())
        .unwrap();
    out
}

/// A frame: version 2, this letter, these numbers, this payload.
pub(crate) fn frame(letter: u8, numbers: &[u32], payload: &[u8]) -> Vec<u8> {
    let mut out = vec![b'2', letter];
    out.extend(numbers.iter().flat_map(|number| number.to_be_bytes()));
    out.extend(payload);
    out
}

/// A `C` frame of whatever bytes.
pub(crate) fn compressed(frames: &[u8]) -> Vec<u8> {
    let zlib = zlib(frames);
    frame(b'C', &[u32::try_from(zlib.len()).unwrap()], &zlib)
}

pub(crate) fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Calls `look` until it finds something.
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let since = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(since.elapsed() < DEADLINE, "no {what}");
        sleep(Duration::from_millis(20));
    }
}

fn documents(folder: &Path) -> Vec<Value> {
    if !folder.exists() {
        return Vec::new();
    }
    sawmill_segments::read(folder)
        .unwrap()
        .map(|line| serde_json::from_slice(&line.unwrap()).unwrap())
        .collect()
}
