use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use crate::lines::Lines;
use crate::parts::{installed, repository};
use crate::process::Process;

/// The application at work: it writes `DIR/logs/*.log` through its own loggers.
#[derive(Debug)]
pub struct Django {
    process: Process,
    manifest: PathBuf,
}

/// How fast records are written.
#[derive(Clone, Copy, Debug)]
pub enum Pace {
    /// As fast as Django can: some 10,000 a second.
    Full,
    /// So many a second.
    PerSecond(u32),
}

/// One record that Django wrote, as it tells it itself.
#[derive(Clone, Debug, Deserialize)]
pub struct Record {
    /// Path of the log file that got it.
    pub file: String,
    /// Name of the logger that it was written to.
    pub logger: String,
    /// `INFO` and so on.
    pub level: String,
    /// When it was written, in UTC with milliseconds, as `@timestamp` should have it.
    pub time: String,
    /// The message alone.
    pub message: String,
    /// All of it as it stands in the file: one line, or several with a traceback.
    pub text: String,
}

/// Everything that Django wrote.
#[derive(Debug)]
pub struct Manifest(Vec<Record>);

impl Django {
    /// Starts to write so many records.
    pub fn write(dir: &Path, records: u32, pace: Pace) -> Self {
        let python = installed("SAWMILL_TEST_DJANGO").join("bin/python");
        let (logs, manifest) = (dir.join("logs"), dir.join("manifest.ndjson"));
        fs::create_dir_all(&logs).expect("the folder of the logs can be made");
        let process = Process::start("django", dir, &python, |command| {
            command
                .arg(repository().join("tests/django/manage.py"))
                .args(["write_logs", &records.to_string(), "--manifest"])
                .arg(&manifest)
                .args(["--per-second", &pace.records_per_second().to_string()])
                .env("LOG_DIR", logs)
                .env("PYTHONDONTWRITEBYTECODE", "1")
        });
        Self { process, manifest }
    }

    /// Waits until all is written.
    pub fn finish(mut self) -> Manifest {
        let status = self.process.wait(Duration::from_mins(5));
        assert!(status.success(), "Django failed: {}", self.process.log());
        let text = fs::read_to_string(&self.manifest).expect("the manifest is there");
        let records = text.lines().map(serde_json::from_str);
        Manifest(
            records
                .collect::<Result<_, _>>()
                .expect("a manifest is NDJSON"),
        )
    }
}

impl Pace {
    fn records_per_second(self) -> u32 {
        match self {
            Self::Full => 0,
            Self::PerSecond(records) => records,
        }
    }
}

impl Manifest {
    /// The records in the order of writing.
    pub fn records(&self) -> &[Record] {
        &self.0
    }

    /// The lines as Filebeat ships them: each its own event, empty ones left out.
    pub fn lines(&self) -> Lines {
        self.0
            .iter()
            .flat_map(|record| record.text.split('\n'))
            .filter(|line| !line.is_empty())
            .collect()
    }

    /// The lines that follow the first one of a record: without a level and a time, they are what grok cannot parse.
    pub fn broken_lines(&self) -> Lines {
        self.0
            .iter()
            .flat_map(|record| record.text.split('\n').skip(1))
            .filter(|line| !line.is_empty())
            .collect()
    }
}
