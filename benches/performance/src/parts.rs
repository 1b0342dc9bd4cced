//! The parts that a measurement is made of: the stand-in for Elasticsearch, the server, and the load.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::{available_parallelism, sleep};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use sawmill_bench::results::{Record, Run};
use tempfile::TempDir;

/// How long a part may take to listen.
const LISTENS_WITHIN: Duration = Duration::from_secs(20);

/// Where the program is, what it runs, and where it may write.
pub(crate) struct Parts {
    program: PathBuf,
    pipeline: PathBuf,
    folder: TempDir,
    /// The cores of the server, and of the load and the stand-in.
    cores: [String; 2],
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
    /// Within TLS.
    pub(crate) tls: bool,
}

/// A server with the stand-in behind it.
pub(crate) struct Server<'p> {
    parts: &'p Parts,
    pub(crate) part: Part,
    _sink: Part,
    tls: bool,
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
        let named = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
        fs::write(folder.path().join("cert.pem"), named.cert.pem())?;
        fs::write(
            folder.path().join("key.pem"),
            named.signing_key.serialize_pem(),
        )?;
        Ok(Self {
            program: program.canonicalize()?,
            pipeline,
            folder,
            cores: ["0".to_owned(), "1".to_owned()],
        })
    }

    /// The repository's pipeline.
    pub(crate) fn pipeline(&self) -> &Path {
        &self.pipeline
    }

    /// A file of ours.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts the stand-in and the server.
    pub(crate) fn serve(&self, options: &Options) -> anyhow::Result<Server<'_>> {
        let mut sink = Command::new(&self.program);
        let port = free_port()?;
        sink.args(["bench", "sink", "--pin", &self.cores[1]])
            .args(["--listen", &format!("127.0.0.1:{port}")])
            .args(["--latency", &format!("{}ms", options.latency_ms)]);
        let sink = self.start(sink, port, "sink")?;

        let port = free_port()?;
        let mut server = if options.all_cores {
            Command::new(&self.program)
        } else {
            let mut pinned = Command::new("taskset");
            pinned.args(["-c", &self.cores[0]]).arg(&self.program);
            pinned
        };
        let pipeline = options.pipeline.as_ref().unwrap_or(&self.pipeline);
        server
            .args(["run", "--config"])
            .arg(pipeline)
            .args(["--set", &format!("input.beats.listen=127.0.0.1:{port}")])
            // All the load comes from here.
            .args(["--set", "input.beats.connections_per_address_max=10000"])
            .env(
                "ELASTICSEARCH_HOSTS",
                format!("http://127.0.0.1:{}", sink.port),
            )
            .current_dir(self.folder.path());
        for setting in &options.set {
            server.args(["--set", setting]);
        }
        if options.tls {
            for (key, file) in [("certificate", "cert.pem"), ("key", "key.pem")] {
                let path = self.file(file);
                server.arg("--set");
                server.arg(format!("input.beats.tls.{key}={}", path.display()));
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
            .args(["--pid", &self.part.child.id().to_string()])
            .args(["--pin", &self.parts.cores[1], "--json"])
            .arg(&results)
            .args(arguments)
            .stdin(Stdio::null());
        if self.tls {
            load.args(["--tls", "--ca"])
                .arg(self.parts.file("cert.pem"));
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

    /// Resident memory of the server, in bytes.
    pub(crate) fn resident_bytes(&self) -> anyhow::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.part.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
        let kibibytes: u64 = kibibytes.context("no VmRSS in /proc")?.trim().parse()?;
        Ok(kibibytes * 1024)
    }

    /// Opens connections that only sit there.
    pub(crate) fn idle(&self, connections: usize) -> anyhow::Result<Vec<TcpStream>> {
        let connect = |_| TcpStream::connect((Ipv4Addr::LOCALHOST, self.part.port));
        Ok((0..connections).map(connect).collect::<Result<_, _>>()?)
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
