use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use ureq::Agent;

use crate::parts::{installed, repository};
use crate::process::{Process, Signal};
use crate::sawmill::Sawmill;
use crate::wait::{free_port, until};

/// The real Filebeat with the seed's inputs, shipping `DIR/logs` and keeping its registry in `DIR/filebeat`.
#[derive(Debug)]
pub struct Filebeat {
    process: Process,
    agent: Agent,
    statistics: String,
    dir: PathBuf,
    to: String,
    options: Vec<String>,
}

impl Filebeat {
    /// Starts it; it goes on where the registry says it was.
    pub fn start(dir: &Path, to: &Sawmill) -> Self {
        Self::start_to(dir, &to.beats_address())
    }

    /// The same, shipping to another address.
    pub fn start_to(dir: &Path, to: &str) -> Self {
        Self::start_with(dir, to, Vec::new())
    }

    /// The same with options of its `output.logstash`, such as `ssl.enabled=true`.
    pub fn start_with(dir: &Path, to: &str, options: Vec<String>) -> Self {
        let program = installed("SAWMILL_TEST_FILEBEAT").join("filebeat");
        let port = free_port();
        let process = Process::start("filebeat", dir, &program, |command| {
            command
                .args(["-e", "--strict.perms=false", "-c"])
                .arg(repository().join("tests/filebeat/filebeat.yml"))
                .arg("--path.home")
                .arg(dir.join("filebeat"))
                .args(["-E", "logging.json=true", "-E", "http.enabled=true", "-E"])
                .arg(format!("http.port={port}"))
                .args(
                    options
                        .iter()
                        .flat_map(|option| ["-E".to_owned(), format!("output.logstash.{option}")]),
                )
                .env("LOG_DIR", dir.join("logs"))
                .env("LOGSTASH_HOST", to)
                // Its log is on stderr; here a library of its own prints a line whenever it is asked for statistics.
                .stdout(Stdio::null())
        });
        let agent = Agent::config_builder().timeout_global(Some(Duration::from_secs(10)));
        let started = Self {
            process,
            agent: agent.build().into(),
            statistics: format!("http://127.0.0.1:{port}/stats"),
            dir: dir.to_owned(),
            to: to.to_owned(),
            options,
        };
        until("Filebeat answers", Duration::from_secs(30), || {
            started.try_statistics().is_ok()
        });
        started
    }

    fn try_statistics(&self) -> Result<Value, ureq::Error> {
        let mut answer = self.agent.get(&self.statistics).call()?;
        answer.body_mut().read_json()
    }

    /// Events that Sawmill has acknowledged since this Filebeat started.
    pub fn acknowledged(&self) -> usize {
        let statistics = self
            .try_statistics()
            .expect("Filebeat tells its statistics");
        let acked = statistics["libbeat"]["output"]["events"]["acked"].as_u64();
        usize::try_from(acked.unwrap_or_default()).expect("fits")
    }

    /// Waits until so many events are acknowledged, and then that no more are.
    pub fn until_acknowledged(&self, events: usize, within: Duration) {
        until(
            &format!("Filebeat has {events} events acknowledged"),
            within,
            || self.acknowledged() >= events,
        );
        assert_eq!(
            self.acknowledged(),
            events,
            "Filebeat sent more than was written"
        );
    }

    /// The errors in its log, but for what it says of itself: its missing modules, and its inputs when they stop.
    pub fn errors(&self) -> Vec<String> {
        let of_itself = ["modules", "input.filestream"];
        let log = self.process.log();
        log.lines()
            .filter_map(|line| Some((line, serde_json::from_str::<Value>(line).ok()?)))
            .filter(|(_, entry)| entry["level"] == "error")
            .filter(|(_, entry)| of_itself.iter().all(|logger| entry["logger"] != *logger))
            .map(|(line, _)| line.to_owned())
            .collect()
    }

    /// Ends it with no chance to do anything about it.
    pub fn kill(&mut self) {
        self.process.signal(Signal::KILL);
        self.process.wait(Duration::from_secs(10));
    }

    /// Starts it again; it goes on where its registry says it was.
    pub fn start_again(&mut self) {
        *self = Self::start_with(&self.dir, &self.to, self.options.clone());
    }

    /// Stops it as an operator would.
    pub fn stop(&mut self) {
        self.process.signal(Signal::TERM);
        self.process.wait(Duration::from_secs(30));
    }
}
