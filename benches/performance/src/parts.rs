//! The parts that a measurement is made of: the stand-in for Elasticsearch, the server, and the load.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::{available_parallelism, sleep};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use rcgen::{CertificateParams, KeyPair};
use sawmill_bench::results::{Record, Run};
use tempfile::TempDir;

/// How long a part may take to listen.
const LISTENS_WITHIN: Duration = Duration::from_secs(20);

/// Connections that the server takes, all of them from here.
const CONNECTIONS_MAX: usize = 11_000;

/// A key that secures nothing: what makes ours makes none of this kind.
const RSA_2048: &str = include_str!("../../../crates/credentials/tests/fixtures/rsa-pkcs8.key");

/// Where the program is, what it runs, and where it may write.
pub(crate) struct Parts {
    program: PathBuf,
    pipeline: PathBuf,
    folder: TempDir,
    /// The cores of the server, and of the load and the stand-in.
    cores: [u32; 2],
}

/// The key of the server's certificate.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    P256,
    Rsa2048,
}

/// A part that runs. It is killed when it is dropped.
pub(crate) struct Part {
    child: Child,
    port: u16,
    /// From its start to its first accepted connection.
    pub(crate) listened_after: Duration,
}

/// How a server is run.
#[derive(Clone, Default)]
pub(crate) struct Options {
    /// What the stand-in takes for an answer, in ms.
    pub(crate) latency_ms: u64,
    /// `--set` of these.
    pub(crate) set: Vec<String>,
    /// Another pipeline than the repository's.
    pub(crate) pipeline: Option<PathBuf>,
    /// On all cores, not on one.
    pub(crate) all_cores: bool,
    /// Within TLS, with a certificate for this key.
    pub(crate) tls: Option<Key>,
}

/// A server with the stand-in behind it.
pub(crate) struct Server<'p> {
    parts: &'p Parts,
    pub(crate) part: Part,
    _sink: Part,
    tls: Option<Key>,
}

impl Parts {
    pub(crate) fn new(program: &Path, pipeline: PathBuf) -> anyhow::Result<Self> {
        ensure!(
            program.is_file(),
            "there is no program at {}: build it with cargo build --release -p sawmill-server",
            program.display()
        );
        let cores = available_parallelism().map_or(1, std::num::NonZero::get);
        ensure!(
            cores >= 2,
            "two cores are needed: one for the server, one for the load"
        );
        let folder = tempfile::tempdir()?;
        for key in [Key::P256, Key::Rsa2048] {
            let [certificate, secret] = key.files().map(|name| folder.path().join(name));
            let key = match key {
                Key::P256 => KeyPair::generate()?,
                Key::Rsa2048 => KeyPair::from_pem(RSA_2048)?,
            };
            let named = CertificateParams::new(["localhost".to_owned()])?.self_signed(&key)?;
            fs::write(certificate, named.pem())?;
            fs::write(secret, key.serialize_pem())?;
        }
        Ok(Self {
            program: program.canonicalize()?,
            pipeline,
            folder,
            cores: [0, 1],
        })
    }

    /// The repository's pipeline.
    pub(crate) fn pipeline(&self) -> &Path {
        &self.pipeline
    }

    /// The core of the load.
    pub(crate) const fn load_core(&self) -> u32 {
        self.cores[1]
    }

    /// The server's certificate, which signed itself.
    pub(crate) fn certificate(&self, key: Key) -> PathBuf {
        self.file(key.files()[0])
    }

    /// A file of ours.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts the stand-in and the server.
    pub(crate) fn serve(&self, options: &Options) -> anyhow::Result<Server<'_>> {
        let mut sink = Command::new(&self.program);
        let port = free_port()?;
        sink.args(["bench", "sink", "--pin", &self.cores[1].to_string()])
            .args(["--listen", &format!("127.0.0.1:{port}")])
            .args(["--latency", &format!("{}ms", options.latency_ms)]);
        let sink = self.start(sink, port, "sink")?;

        let port = free_port()?;
        let mut server = if options.all_cores {
            Command::new(&self.program)
        } else {
            let mut pinned = Command::new("taskset");
            pinned
                .args(["-c", &self.cores[0].to_string()])
                .arg(&self.program);
            pinned
        };
        let pipeline = options.pipeline.as_ref().unwrap_or(&self.pipeline);
        server
            .args(["run", "--config"])
            .arg(pipeline)
            .args(["--set", &format!("input.beats.listen=127.0.0.1:{port}")])
            .env(
                "ELASTICSEARCH_HOSTS",
                format!("http://127.0.0.1:{}", sink.port),
            )
            .current_dir(self.folder.path());
        for limit in ["connections_max", "connections_per_address_max"] {
            server.args(["--set", &format!("input.beats.{limit}={CONNECTIONS_MAX}")]);
        }
        for setting in &options.set {
            server.args(["--set", setting]);
        }
        if let Some(key) = options.tls {
            for (setting, file) in ["certificate", "key"].into_iter().zip(key.files()) {
                let path = self.file(file);
                server.arg("--set");
                server.arg(format!("input.beats.tls.{setting}={}", path.display()));
            }
        }
        let server = self.start(server, port, "server")?;
        Ok(Server {
            parts: self,
            part: server,
            _sink: sink,
            tls: options.tls,
        })
    }

    fn start(&self, mut command: Command, port: u16, name: &str) -> anyhow::Result<Part> {
        let log = self.file(&format!("{name}.log"));
        let file = File::create(&log)?;
        command.stdout(file.try_clone()?).stderr(file);
        command.stdin(Stdio::null());
        let started = Instant::now();
        let child = command
            .spawn()
            .with_context(|| format!("the {name} cannot be started"))?;
        let mut begun = Part {
            child,
            port,
            listened_after: Duration::ZERO,
        };
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            if begun.child.try_wait()?.is_some() || started.elapsed() > LISTENS_WITHIN {
                bail!(
                    "the {name} does not listen on port {port}; it said:\n{}",
                    fs::read_to_string(&log).unwrap_or_default()
                );
            }
            sleep(Duration::from_micros(500));
        }
        begun.listened_after = started.elapsed();
        Ok(begun)
    }
}

impl Server<'_> {
    /// Drives the server and says what came of it.
    pub(crate) fn load(&self, arguments: &[&str]) -> anyhow::Result<Run> {
        let results = self.parts.file("run.json");
        let mut load = Command::new(&self.parts.program);
        load.args(["bench", "--to", &format!("localhost:{}", self.part.port)])
            .args(["--pid", &self.pid().to_string()])
            .args(["--pin", &self.parts.load_core().to_string(), "--json"])
            .arg(&results)
            .args(arguments)
            .stdin(Stdio::null());
        if let Some(key) = self.tls {
            load.args(["--tls", "--ca"])
                .arg(self.parts.certificate(key));
        }
        let output = load.output().context("the load cannot be started")?;
        ensure!(
            output.status.success(),
            "sawmill bench {}: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr)
        );
        let record: Record = serde_json::from_slice(&fs::read(&results)?)?;
        let [run] = <[Run; 1]>::try_from(record.runs)
            .map_err(|runs| anyhow::anyhow!("{} runs where one was asked for", runs.len()))?;
        Ok(run)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.part.port).into()
    }

    /// The number of the server's process.
    pub(crate) fn pid(&self) -> u32 {
        self.part.child.id()
    }

    /// Resident memory of the server, in bytes.
    pub(crate) fn resident_bytes(&self) -> anyhow::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
        let kibibytes: u64 = kibibytes.context("no VmRSS in /proc")?.trim().parse()?;
        Ok(kibibytes * 1024)
    }

    /// Opens connections that only sit there.
    pub(crate) fn idle(&self, connections: usize) -> anyhow::Result<Vec<TcpStream>> {
        let connect = |_| TcpStream::connect(self.address());
        Ok((0..connections).map(connect).collect::<Result<_, _>>()?)
    }
}

impl Key {
    /// Names of the files with the certificate and the key.
    const fn files(self) -> [&'static str; 2] {
        match self {
            Self::P256 => ["p256.pem", "p256.key"],
            Self::Rsa2048 => ["rsa2048.pem", "rsa2048.key"],
        }
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
        .local_addr()?
        .port())
}
