//! The stand-in for Elasticsearch, as a process of its own: what it costs is not the load generator's.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use super::interrupt::Interrupt;
use super::port;
use super::process::{Launch, ProcessError, Running};

const START_TIMEOUT: Duration = Duration::from_secs(10);
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// A sink that runs.
#[derive(Debug)]
pub(super) struct StandIn {
    running: Running,
    log: std::path::PathBuf,
    pub(super) port: u16,
}

/// How the sink is to be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms<'a> {
    /// The program whose `bench sink` it is.
    pub(super) program: &'a Path,
    pub(super) latency: Duration,
    pub(super) jitter: Duration,
    pub(super) cpus: &'a [u32],
    /// Where it may write.
    pub(super) folder: &'a Path,
}

/// What it counted, as far as it matters here.
#[derive(Deserialize)]
struct Counts {
    events: u64,
}

impl StandIn {
    /// Starts one and waits until it listens.
    pub(super) fn start(terms: Terms<'_>, interrupt: &Interrupt) -> Result<Self, ProcessError> {
        let not_started = |reason| ProcessError::NotStarted {
            program: "the sink".to_owned(),
            reason,
        };
        let port = port::free().map_err(not_started)?;
        let log = terms.folder.join("sink.log");
        let micros = |time: Duration| format!("{}us", time.as_micros());
        let command = [
            &terms.program.display().to_string(),
            "bench",
            "sink",
            "--json",
            &format!("--listen=127.0.0.1:{port}"),
            &format!("--latency={}", micros(terms.latency)),
            &format!("--jitter={}", micros(terms.jitter)),
        ];
        let launch = Launch {
            command: command.map(str::to_owned).to_vec(),
            environment: BTreeMap::new(),
            directory: terms.folder.to_owned(),
            cpus: terms.cpus.to_vec(),
            log: log.clone(),
            container: None,
        };
        let mut running = Running::start(&launch, interrupt)?;
        running.listening(port, START_TIMEOUT)?;
        Ok(Self { running, log, port })
    }

    /// Ends it; returns how many documents it stored.
    pub(super) fn stop(self) -> Result<Option<u64>, ProcessError> {
        self.running.stop(STOP_TIMEOUT)?;
        // Its last line are the counts.
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let counts = text.lines().next_back().unwrap_or_default();
        let counts = serde_json::from_str::<Counts>(counts);
        Ok(counts.ok().map(|counts| counts.events))
    }
}
