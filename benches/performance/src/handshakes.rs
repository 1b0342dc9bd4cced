//! What TLS costs before the first event: handshakes, and sessions that only sit there.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, ensure};
use rustls::client::Resumption;
use rustls::{ClientConfig, ClientConnection, HandshakeKind, ProtocolVersion, StreamOwned};
use sawmill_bench::pin::pin_to;
use sawmill_bench::sampler::Sampler;
use sawmill_bench::tls::{Trust, client_config, server_name};

use crate::parts::{Key, Options, Parts, Server};
use crate::report::say;
use crate::targets::{Figure, TURNS, at_least, at_most, median};

/// Sessions of which each one's memory is the mean.
const IDLE: u32 = 10_000;

/// Clients that connect at the same time, each again as soon as it is answered.
const CLIENTS: usize = 16;
/// How long they do so before it counts, and while it does.
const WARMUP: Duration = Duration::from_millis(500);
const MEASURED: Duration = Duration::from_secs(2);

/// How a client begins.
#[derive(Clone, Copy)]
enum Greeting {
    Plain,
    Full(Key),
    Resumed,
}

/// What came of it, turn by turn.
#[derive(Default)]
struct Costs {
    per_second: Vec<f64>,
    /// CPU of the server for each, in µs.
    cpu: Vec<f64>,
}

/// Measures them all.
pub(crate) fn all(parts: &Parts) -> anyhow::Result<Vec<Figure>> {
    let mut figures = vec![idle(parts)?];
    let greetings = [
        Greeting::Plain,
        Greeting::Full(Key::P256),
        Greeting::Full(Key::Rsa2048),
        Greeting::Resumed,
    ];
    let mut all = greetings.map(|_| Costs::default());
    for turn in 1..=TURNS {
        say(&format!("handshakes: {turn} of {TURNS}"));
        for (greeting, costs) in greetings.into_iter().zip(&mut all) {
            measure(parts, greeting, costs)?;
        }
    }
    for (greeting, costs) in greetings.into_iter().zip(all) {
        figures.extend(greeting.figures(costs));
    }
    Ok(figures)
}

/// The memory of sessions without a window.
fn idle(parts: &Parts) -> anyhow::Result<Figure> {
    say("idle within TLS");
    let server = parts.serve(&within_tls(Key::P256))?;
    sleep(Duration::from_secs(1));
    let before = server.resident_bytes()?;
    let count = IDLE.to_string();
    let mut load = vec!["--idle", &count, "--window", "1", "--rate", "5"];
    load.extend(["--distinct", "64", "--duration", "4s"]);
    let run = server.load(&load)?;
    let watched = run.watched.context("the server was not watched")?;
    let grown = watched.resident_bytes_max.saturating_sub(before);
    Ok(at_most(
        "each of 10,000 idle connections within TLS",
        grown as f64 / f64::from(IDLE) / 1024.0,
        48.0,
        "KiB",
    ))
}

fn within_tls(key: Key) -> Options {
    Options {
        tls: Some(key),
        // Nothing but the processor is to be the limit.
        set: vec![
            "input.beats.accepts_per_second_max=1000000".to_owned(),
            "input.beats.handshakes_max=1000".to_owned(),
        ],
        ..Options::default()
    }
}

fn measure(parts: &Parts, greeting: Greeting, costs: &mut Costs) -> anyhow::Result<()> {
    let mut options = within_tls(greeting.key().unwrap_or(Key::P256));
    options.tls = greeting.key();
    let server = parts.serve(&options)?;
    let sampler = Sampler::new(server.pid())?;
    let from = Instant::now() + WARMUP;
    let until = from + MEASURED;
    let (answered, cpu_ns) = thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| scope.spawn(|| greeting.again_and_again(parts, &server, from, until)))
            .collect();
        let taken = |at: Instant| {
            sleep(at.saturating_duration_since(Instant::now()));
            let sample = sampler.sample()?;
            Ok::<_, anyhow::Error>(sample.cpu_user_ns + sample.cpu_system_ns)
        };
        let before = taken(from)?;
        let cpu_ns = taken(until)? - before;
        let mut answered = 0;
        for client in clients {
            answered += client.join().map_err(|_| anyhow!("a client panicked"))??;
        }
        Ok::<_, anyhow::Error>((answered, cpu_ns))
    })?;
    ensure!(answered > 0, "nobody was answered");
    let answered = f64::from(answered);
    costs.per_second.push(answered / MEASURED.as_secs_f64());
    costs.cpu.push(cpu_ns as f64 / 1000.0 / answered);
    Ok(())
}

impl Greeting {
    /// The key of the server's certificate, if it has one. A session that is resumed makes no use of it.
    const fn key(self) -> Option<Key> {
        match self {
            Self::Plain => None,
            Self::Full(key) => Some(key),
            Self::Resumed => Some(Key::P256),
        }
    }

    /// Connects until the time is over; how often that was since `from`.
    fn again_and_again(
        self,
        parts: &Parts,
        server: &Server<'_>,
        from: Instant,
        until: Instant,
    ) -> anyhow::Result<u32> {
        pin_to(&[parts.load_core()])?;
        let config = self.config(parts)?;
        if matches!(self, Self::Resumed) {
            // The first has nothing to resume.
            ask(server.address(), config.as_ref())?;
        }
        let mut answered = 0;
        while Instant::now() < until {
            let kind = ask(server.address(), config.as_ref())?;
            let expected = match self {
                Self::Plain => None,
                Self::Full(_) => Some(HandshakeKind::Full),
                Self::Resumed => Some(HandshakeKind::Resumed),
            };
            ensure!(kind == expected, "{kind:?} in place of {expected:?}");
            answered += u32::from((from..until).contains(&Instant::now()));
        }
        Ok(answered)
    }

    /// A client's own, so that it resumes its own sessions only.
    fn config(self, parts: &Parts) -> anyhow::Result<Option<Arc<ClientConfig>>> {
        let Some(key) = self.key() else {
            return Ok(None);
        };
        let trust = Trust::Authority(parts.certificate(key));
        let mut config = ClientConfig::clone(&*client_config(&trust, None)?);
        config.resumption = match self {
            Self::Plain | Self::Full(_) => Resumption::disabled(),
            Self::Resumed => Resumption::in_memory_sessions(8),
        };
        Ok(Some(Arc::new(config)))
    }

    /// Its rows, in the order of the page.
    fn figures(self, costs: Costs) -> Vec<Figure> {
        let (rate, cpu) = match self {
            Self::Plain => (None, "a connection without TLS until its first answer, CPU"),
            Self::Full(Key::P256) => (
                Some("TLS handshakes with a P-256 key, server on one core"),
                "the same within TLS with a P-256 key, CPU",
            ),
            Self::Full(Key::Rsa2048) => (
                Some("TLS handshakes with an RSA-2048 key, server on one core"),
                "the same within TLS with an RSA-2048 key, CPU",
            ),
            Self::Resumed => (
                Some("TLS sessions resumed, server on one core"),
                "the same within a TLS session that is resumed, CPU",
            ),
        };
        let mut figures = Vec::new();
        if let Some(rate) = rate {
            figures.push(at_least(rate, median(costs.per_second), 1000.0, "/s"));
        }
        figures.push(at_most(cpu, median(costs.cpu), 1000.0, "µs"));
        figures
    }
}

/// Connects, asks whether somebody is there, and waits for the answer: by then the server has done all of the handshake.
fn ask(
    server: SocketAddr,
    config: Option<&Arc<ClientConfig>>,
) -> anyhow::Result<Option<HandshakeKind>> {
    let tcp = TcpStream::connect(server)?;
    tcp.set_nodelay(true)?;
    let Some(config) = config else {
        probe(tcp)?;
        return Ok(None);
    };
    let session = ClientConnection::new(Arc::clone(config), server_name("localhost")?)?;
    let mut stream = StreamOwned::new(session, tcp);
    probe(&mut stream)?;
    let version = stream.conn.protocol_version();
    ensure!(version == Some(ProtocolVersion::TLSv1_3), "{version:?}");
    Ok(stream.conn.handshake_kind())
}

fn probe(mut stream: impl Read + Write) -> anyhow::Result<()> {
    stream.write_all(b"2W\0\0\0\0")?;
    stream.flush()?;
    let mut answer = [0; 6];
    stream.read_exact(&mut answer)?;
    ensure!(&answer == b"2A\0\0\0\0", "{answer:?}");
    Ok(())
}
