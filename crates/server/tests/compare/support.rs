//! A folder with a file that says what to compare.

use std::fmt::Write;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// Little enough for a test, in windows that are soon settled.
const LOAD: &str = "\
idle = \"0s\"
[load]
connections = 2
window_events = 50
time = \"300ms\"
warmup = \"0s\"
ack_timeout = \"10s\"
";

/// A comparison that is to be run.
pub(crate) struct Staged {
    folder: TempDir,
    text: String,
}

/// What came of one.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// The JSON file; null if none was written.
    pub(crate) results: Value,
}

impl Staged {
    /// So many repeats of a small load.
    pub(crate) fn new(repeats: u32) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            text: format!("repeats = {repeats}\n{LOAD}"),
        }
    }

    /// With one more line at the file's top.
    pub(crate) fn setting(mut self, line: &str) -> Self {
        self.text.insert_str(0, &format!("{line}\n"));
        self
    }

    /// With a contender that is Sawmill.
    pub(crate) fn sawmill(self, name: &str) -> Self {
        self.contender(name, r#"["{self}", "run"]"#, "")
    }

    /// With a contender that is a script of a shell; `"$sawmill" run` there is Sawmill.
    pub(crate) fn script(self, name: &str, script: &str, more: &str) -> Self {
        let path = self.program(name, script);
        self.contender(name, &format!("[\"{}\"]", path.display()), more)
    }

    /// With a contender of any kind; `more` are lines of its table.
    pub(crate) fn contender(mut self, name: &str, command: &str, more: &str) -> Self {
        write!(
            self.text,
            "[[contender]]\nname = \"{name}\"\ncommand = {command}\n{more}\n\
             [contender.environment]\n\
             sawmill = \"{{self}}\"\n\
             SAWMILL_INPUT__BEATS__LISTEN = \"{{listen}}\"\n\
             SAWMILL_OUTPUT__ELASTICSEARCH__HOSTS = \"http://{{sink}}\"\n\
             SAWMILL_DEAD_LETTERS__PATH = \"{{dir}}/dead-letters\"\n"
        )
        .unwrap();
        self
    }

    /// Writes a script of a shell into the folder.
    pub(crate) fn program(&self, name: &str, script: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    /// The program, not started yet. Programs in the folder are in its PATH.
    pub(crate) fn command(&self) -> Command {
        fs::write(self.folder.path().join("compare.toml"), &self.text).unwrap();
        let path = std::env::var("PATH").unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_sawmill"));
        command
            .args(["bench", "compare", "compare.toml", "--json", "results.json"])
            .current_dir(self.folder.path())
            .env("PATH", format!("{}:{path}", self.folder.path().display()))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs it to its end, after which nothing of it may run.
    pub(crate) fn run(&self) -> Ended {
        let child = self.command().spawn().unwrap();
        let pid = child.id();
        let output = child.wait_with_output().unwrap();
        assert_eq!(left_of(pid), Vec::<String>::new());
        let results = fs::read(self.folder.path().join("results.json")).unwrap_or_default();
        Ended {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            results: serde_json::from_slice(&results).unwrap_or_default(),
        }
    }

    /// What a contender has written into the folder.
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).unwrap()
    }

    /// Waits until a contender has written this file into the folder.
    pub(crate) fn await_file(&self, name: &str) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while !self.folder.path().join(name).exists() {
            assert!(Instant::now() < deadline, "{name} was never written");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// The contenders and sinks that run and were started by the process of this number.
pub(crate) fn left_of(pid: u32) -> Vec<String> {
    let mark = format!("BENCH_COMPARE_CONTENDER={pid}-");
    let folders = fs::read_dir("/proc").unwrap().flatten();
    let left = folders.filter_map(|folder| {
        let variables = fs::read(folder.path().join("environ")).ok()?;
        let mut variables = variables.split(|byte| *byte == 0);
        variables.find(|variable| variable.starts_with(mark.as_bytes()))?;
        fs::read_to_string(folder.path().join("cmdline")).ok()
    });
    left.filter(|command| !command.is_empty()).collect()
}
