use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use crate::elasticsearch::{Elasticsearch, PASSWORD, USER};
use crate::parts::{repository, sawmill};
use crate::process::{Process, Signal};
use crate::wait::{free_port, until};

/// The program as it is released, with the project's own `pipeline.toml`, told the rest by its environment.
#[derive(Debug)]
pub struct Sawmill {
    process: Process,
    dir: PathBuf,
    settings: Settings,
    beats: SocketAddr,
}

/// Settings as environment variables: `("MEMORY__BUDGET", "64MiB")` sets `SAWMILL_MEMORY__BUDGET`.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    variables: Vec<(String, String)>,
    pipeline: Option<PathBuf>,
}

impl Settings {
    /// Write to Elasticsearch as the user of the fixtures, if it asks for one.
    pub fn elasticsearch(elasticsearch: &Elasticsearch) -> Self {
        let settings = Self::default().with("OUTPUT__ELASTICSEARCH__HOSTS", elasticsearch.url());
        if !elasticsearch.engine().has_users() {
            return settings;
        }
        settings
            .with("OUTPUT__ELASTICSEARCH__USER", USER)
            .with("OUTPUT__ELASTICSEARCH__PASSWORD", PASSWORD)
    }

    /// Write to files below this folder.
    pub fn local(folder: &Path) -> Self {
        Self::default().with("OUTPUT__LOCAL__PATH", folder.display().to_string())
    }

    /// Adds a setting, or replaces it.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.variables.retain(|(known, _)| known != key);
        self.variables.push((key.to_owned(), value.into()));
        self
    }

    /// Adds all of `others`.
    #[must_use]
    pub fn and(mut self, others: Self) -> Self {
        self.pipeline = others.pipeline.or(self.pipeline);
        { others.variables.into_iter() }.fold(self, |all, (key, value)| all.with(&key, value))
    }

    /// Takes another pipeline than the project's own.
    #[must_use]
    pub fn with_pipeline(mut self, path: &Path) -> Self {
        self.pipeline = Some(path.to_owned());
        self
    }
}

impl Sawmill {
    /// Starts it and waits until it listens.
    pub fn start(dir: &Path, settings: Settings) -> Self {
        let beats = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let dead_letters = dir.join("dead-letters").display().to_string();
        let settings = settings
            .with("INPUT__BEATS__LISTEN", beats.to_string())
            .with("DEAD_LETTERS__PATH", dead_letters);
        let mut started = Self {
            process: Self::spawn(dir, &settings),
            dir: dir.to_owned(),
            settings,
            beats,
        };
        started.until_listening();
        started
    }

    fn spawn(dir: &Path, settings: &Settings) -> Process {
        Process::start("sawmill", dir, &sawmill(), |command| {
            let own = repository().join("pipeline.toml");
            command
                .args(["run", "--config"])
                .arg(settings.pipeline.as_ref().unwrap_or(&own))
                .current_dir(dir)
                .envs(
                    settings
                        .variables
                        .iter()
                        .map(|(key, value)| (format!("SAWMILL_{key}"), value)),
                )
        })
    }

    fn until_listening(&mut self) {
        until("Sawmill listens", Duration::from_secs(30), || {
            assert!(!self.process.has_ended(), "Sawmill ended: {}", self.log());
            TcpStream::connect(self.beats).is_ok()
        });
    }

    /// Where it listens for Filebeat.
    pub fn beats_address(&self) -> String {
        self.beats.to_string()
    }

    /// All it has printed, over all its starts.
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// Waits for something in the log.
    pub fn until_it_says(&self, words: &[&str], within: Duration) {
        until(&format!("Sawmill says {words:?}"), within, || {
            self.log()
                .lines()
                .any(|line| words.iter().all(|word| line.contains(word)))
        });
    }

    /// Memory it holds.
    pub fn resident_bytes(&self) -> u64 {
        self.process.resident_bytes()
    }

    /// Asks it to read its certificates again.
    pub fn hang_up(&self) {
        self.process.signal(Signal::HUP);
    }

    /// Ends it with no chance to do anything about it.
    pub fn kill(&mut self) {
        self.process.signal(Signal::KILL);
        self.process.wait(Duration::from_secs(10));
    }

    /// Ends it as an operator would, and waits for it to finish what it has begun.
    pub fn terminate(&mut self) -> ExitStatus {
        self.process.signal(Signal::TERM);
        self.process.wait(Duration::from_mins(1))
    }

    /// Starts it again with the settings it had.
    pub fn start_again(&mut self) {
        self.process = Self::spawn(&self.dir, &self.settings);
        self.until_listening();
    }
}
