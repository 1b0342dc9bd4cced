//! A contender's processes: started on their processors, watched until they listen, and ended, all of them.

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use procfs::process::{ProcState, all_processes};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::pin::pin_to;
use crate::sampler::pid_of_container;

use super::interrupt::Interrupt;
use super::port;

/// The variable by which a contender's processes are known, wherever they have gone: a server may start others in groups
/// and sessions of their own, and leave them to themselves.
pub(super) const MARK: &str = "BENCH_COMPARE_CONTENDER";
/// How often it is looked whether a contender listens. It is also how exact the time to listening is.
const LOOK_EVERY: Duration = Duration::from_millis(1);
/// How often it is looked whether it has ended.
const ENDED_EVERY: Duration = Duration::from_millis(10);
/// So long killed processes may take to be gone.
const KILLED_WITHIN: Duration = Duration::from_secs(5);
/// As much of its last words as an error repeats.
const LOG_LINES_MAX: usize = 8;
const LOG_BYTES_MAX: usize = 4_000;

/// What to start.
#[derive(Clone, Debug)]
pub(super) struct Launch {
    /// The program and its arguments.
    pub(super) command: Vec<String>,
    /// Its variables besides ours.
    pub(super) environment: BTreeMap<String, String>,
    /// Where it works.
    pub(super) directory: PathBuf,
    /// The processors that it is kept to; none for any.
    pub(super) cpus: Vec<u32>,
    /// Where what it says goes.
    pub(super) log: PathBuf,
    /// The container that the command runs, if it runs one.
    pub(super) container: Option<String>,
}

/// Why a contender could not be measured.
#[derive(Debug, Error)]
#[non_exhaustive]
pub(super) enum ProcessError {
    #[error("it ended with {status} after {after:.1?} and never listened on port {port}{said}")]
    Died {
        status: String,
        after: Duration,
        port: u16,
        said: LastWords,
    },
    #[error("interrupted")]
    Interrupted,
    #[error("processes {pids:?} are still there {after:?} after SIGKILL")]
    Immortal { pids: Vec<i32>, after: Duration },
    #[error("it did not listen on port {port} within {within:?}{said}")]
    NeverListened {
        port: u16,
        within: Duration,
        said: LastWords,
    },
    #[error("`{program}` cannot be started: {reason}")]
    NotStarted { program: String, reason: io::Error },
}

/// The end of what a contender wrote.
#[derive(Debug)]
pub(super) struct LastWords(String);

impl LastWords {
    pub(super) fn of(log: &Path) -> Self {
        let text = fs::read(log).unwrap_or_default();
        let text = &text[text.len().saturating_sub(LOG_BYTES_MAX)..];
        let text = String::from_utf8_lossy(text);
        let lines: Vec<_> = text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .collect();
        let last = &lines[lines.len().saturating_sub(LOG_LINES_MAX)..];
        Self(last.join("\n    "))
    }
}

impl std::fmt::Display for LastWords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0.as_str() {
            "" => f.write_str("; it said nothing"),
            words => write!(f, "; its last words:\n    {words}"),
        }
    }
}

/// How a contender ended when it was told to.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stopped {
    /// On SIGTERM, within its time.
    Terminated,
    /// It had to be killed.
    Killed,
}

/// A contender that runs. When it is dropped, all its processes are killed.
#[derive(Debug)]
pub(super) struct Running {
    child: Child,
    group: Pid,
    mark: String,
    log: PathBuf,
    container: Option<String>,
    started: Instant,
    interrupt: Interrupt,
}

/// It listens.
#[derive(Clone, Copy, Debug)]
pub(super) struct Listening {
    /// From its start.
    pub(super) after: Duration,
    /// The process that does.
    pub(super) pid: u32,
}

impl Running {
    /// Starts it, in a process group of its own.
    pub(super) fn start(launch: &Launch, interrupt: &Interrupt) -> Result<Self, ProcessError> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let mark = format!("{}-{number}", std::process::id());
        let [program, arguments @ ..] = launch.command.as_slice() else {
            unreachable!("a command has a program");
        };
        let failed = |reason| ProcessError::NotStarted {
            program: program.clone(),
            reason,
        };
        let log = File::create(&launch.log).map_err(failed)?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .envs(&launch.environment)
            .env(MARK, &mark)
            .current_dir(&launch.directory)
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(failed)?)
            .stderr(log)
            .process_group(0);
        let started = Instant::now();
        let child = spawn_on(&launch.cpus, &mut command).map_err(failed)?;
        let group = Pid::from_child(&child);
        interrupt.guard(Some(group));
        Ok(Self {
            child,
            group,
            mark,
            log: launch.log.clone(),
            container: launch.container.clone(),
            started,
            interrupt: interrupt.clone(),
        })
    }

    /// Waits until something listens on the port.
    pub(super) fn listening(
        &mut self,
        port: u16,
        within: Duration,
    ) -> Result<Listening, ProcessError> {
        loop {
            let sockets = port::listeners(port);
            let after = self.started.elapsed();
            if !sockets.is_empty() {
                let pid = self.listener(&sockets);
                return Ok(Listening { after, pid });
            }
            self.alive(port)?;
            if after > within {
                let said = self.last_words();
                return Err(ProcessError::NeverListened { port, within, said });
            }
            sleep(LOOK_EVERY);
        }
    }

    /// The process that has these sockets. One that we may not look into is taken to be the one that was started.
    fn listener(&self, sockets: &HashSet<u64>) -> u32 {
        let mut family = self.family().into_iter();
        let pid = family.find(|&pid| port::holds(pid, sockets));
        let pid = pid.and_then(|pid| u32::try_from(pid).ok());
        let contained = || pid_of_container(self.container.as_deref()?).ok();
        pid.or_else(contained).unwrap_or(self.child.id())
    }

    /// That neither it nor the user has ended it. A program that goes on in the background may end itself with 0.
    fn alive(&mut self, port: u16) -> Result<(), ProcessError> {
        if self.interrupt.came() {
            return Err(ProcessError::Interrupted);
        }
        match self.child.try_wait() {
            Ok(Some(status)) if !status.success() || self.family().is_empty() => {
                Err(ProcessError::Died {
                    status: status.to_string(),
                    after: self.started.elapsed(),
                    port,
                    said: self.last_words(),
                })
            }
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// The end of what it wrote.
    pub(super) fn last_words(&self) -> LastWords {
        LastWords::of(&self.log)
    }

    /// Asks it to end, and ends what is left after that time.
    pub(super) fn stop(mut self, within: Duration) -> Result<Stopped, ProcessError> {
        // All of the group, as a terminal does: a shell does not pass it on.
        let _ = kill_process_group(self.group, Signal::TERM);
        let deadline = Instant::now() + within;
        while !self.gone() {
            if Instant::now() >= deadline || self.interrupt.came() {
                self.kill()?;
                return Ok(Stopped::Killed);
            }
            sleep(ENDED_EVERY);
        }
        Ok(Stopped::Terminated)
    }

    /// Kills all its processes and waits until they are gone.
    fn kill(&mut self) -> Result<(), ProcessError> {
        if let Some(container) = &self.container {
            // Killing docker's command line alone would leave the container.
            let _ = Command::new("docker")
                .args(["rm", "--force", container])
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
        }
        let deadline = Instant::now() + KILLED_WITHIN;
        loop {
            let _ = kill_process_group(self.group, Signal::KILL);
            for pid in self.family() {
                if let Some(pid) = Pid::from_raw(pid) {
                    let _ = kill_process(pid, Signal::KILL);
                }
            }
            if self.gone() {
                return Ok(());
            }
            if Instant::now() >= deadline {
                return Err(ProcessError::Immortal {
                    pids: self.family(),
                    after: KILLED_WITHIN,
                });
            }
            sleep(ENDED_EVERY);
        }
    }

    fn gone(&mut self) -> bool {
        // Reaps it, too.
        let ended = !matches!(self.child.try_wait(), Ok(None));
        ended && self.family().is_empty() && {
            // Amid exec(2) a process shows no variables, so one look may miss it.
            sleep(ENDED_EVERY);
            self.family().is_empty()
        }
    }

    /// The processes of its group, and those with its mark.
    fn family(&self) -> Vec<i32> {
        let group = self.group.as_raw_nonzero().get();
        let member = |process: procfs::process::Process| {
            let stat = process.stat().ok()?;
            // Nobody has fetched its exit code yet; it runs no more.
            if matches!(stat.state(), Ok(ProcState::Zombie | ProcState::Dead)) {
                return None;
            }
            let ours = stat.pgrp == group
                || process.environ().is_ok_and(|variables| {
                    variables
                        .get(OsStr::new(MARK))
                        .is_some_and(|mark| *mark == *self.mark)
                });
            ours.then_some(stat.pid)
        };
        let all = all_processes().into_iter().flatten().flatten();
        all.filter_map(member).collect()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.interrupt.guard(None);
        if !self.gone() {
            // There is nobody left to tell.
            let _ = self.kill();
        }
    }
}

/// Starts it on these processors: by a thread that is kept to them, from which it inherits that.
fn spawn_on(cpus: &[u32], command: &mut Command) -> io::Result<Child> {
    thread::scope(|scope| {
        let spawn = scope.spawn(|| {
            if !cpus.is_empty() {
                pin_to(cpus).map_err(io::Error::other)?;
            }
            command.spawn()
        });
        spawn
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

#[cfg(test)]
mod tests;
