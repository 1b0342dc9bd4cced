use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, kill_process};

use crate::wait::until;

pub(crate) use rustix::process::Signal;

/// A program that runs until it is dropped. What it prints goes to a file.
#[derive(Debug)]
pub struct Process {
    name: &'static str,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `program`; its output is added to `DIR/NAME.log`. `adjust` gives it arguments and environment.
    pub(crate) fn start(
        name: &'static str,
        dir: &Path,
        program: &Path,
        adjust: impl FnOnce(&mut Command) -> &mut Command,
    ) -> Self {
        let log = dir.join(name).with_extension("log");
        let output = File::options().append(true).create(true).open(&log);
        let output = output.unwrap_or_else(|e| panic!("{}: {e}", log.display()));
        let errors = output.try_clone().expect("a file can be had twice");
        // Dropping ends the process; setpriv sees to the case that the test itself is killed.
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "KILL"])
            .arg(program)
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors);
        let child = adjust(&mut command)
            .spawn()
            .unwrap_or_else(|e| panic!("cannot start {name}: {e}"));
        Self { name, child, log }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        kill_process(pid.expect("a pid is a positive number"), signal)
            .unwrap_or_else(|e| panic!("cannot signal {}: {e}", self.name));
    }

    /// Waits for the end of the process.
    pub(crate) fn wait(&mut self, within: Duration) -> ExitStatus {
        let mut status = None;
        until(&format!("{} ends", self.name), within, || {
            status = self.child.try_wait().expect("a child can be waited for");
            status.is_some()
        });
        status.expect("it has ended")
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child
            .try_wait()
            .expect("a child can be waited for")
            .is_some()
    }

    /// All that the program, and those started before it under this name in this folder, have printed.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// Memory it holds right now, the binary's own pages included.
    pub fn resident_bytes(&self) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let status = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
        let kib = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:")?.strip_suffix("kB"))
            .unwrap_or_else(|| panic!("{} has no memory any more: it has ended", self.name));
        1024 * kib.trim().parse::<u64>().expect("VmRSS is a number")
    }

    /// The end of the log, for the eyes of whoever has to find out why a test failed.
    #[expect(
        clippy::print_stderr,
        reason = "cargo test shows it with the failed test"
    )]
    fn show_log(&self) {
        const LINES: usize = 25;
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        eprintln!("--- the last lines of {} ---", self.log.display());
        for line in &lines[lines.len().saturating_sub(LINES)..] {
            eprintln!("{}", line.chars().take(400).collect::<String>());
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.show_log();
        }
        // Either fails only if the process has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
