//! What a process takes of the machine, from `/proc`.

use std::process::Command;

use procfs::process::{ProcState, Process};

use crate::error::BenchError;

/// A process under watch, with all its threads.
#[derive(Debug)]
pub struct Sampler {
    pid: u32,
    process: Process,
    /// When it began, in ticks since the machine did: its number may be given to another.
    began_ticks: u64,
}

/// What a process has taken at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// CPU time in user mode since it began, in ns.
    pub cpu_user_ns: u64,
    /// CPU time in the system since it began, in ns.
    pub cpu_system_ns: u64,
    /// Resident memory, in bytes.
    pub resident_bytes: u64,
    /// The most resident memory since it began, in bytes.
    pub resident_bytes_peak: u64,
    /// Open files, if we may look.
    pub open_files: Option<u64>,
}

impl Sampler {
    /// Watches a process.
    ///
    /// # Errors
    /// If there is none of this number.
    pub fn new(pid: u32) -> Result<Self, BenchError> {
        let gone = |reason: procfs::ProcError| BenchError::Process {
            pid,
            reason: reason.to_string(),
        };
        let number = i32::try_from(pid).map_err(|_| BenchError::Process {
            pid,
            reason: "no process has such a number".to_owned(),
        })?;
        let process = Process::new(number).map_err(gone)?;
        let began_ticks = process.stat().map_err(gone)?.starttime;
        Ok(Self {
            pid,
            process,
            began_ticks,
        })
    }

    /// The process's number.
    pub const fn pid(&self) -> u32 {
        self.pid
    }

    /// Looks at it.
    ///
    /// # Errors
    /// If it is gone.
    pub fn sample(&self) -> Result<Sample, BenchError> {
        let gone = |reason: String| BenchError::Process {
            pid: self.pid,
            reason,
        };
        let stat = self
            .process
            .stat()
            .map_err(|error| gone(error.to_string()))?;
        if stat.starttime != self.began_ticks {
            return Err(gone("it has ended, and another has its number".to_owned()));
        }
        if matches!(stat.state(), Ok(ProcState::Zombie | ProcState::Dead)) {
            return Err(gone("it has ended".to_owned()));
        }
        let status = self
            .process
            .status()
            .map_err(|error| gone(error.to_string()))?;
        let ns = |ticks: u64| ticks * (1_000_000_000 / procfs::ticks_per_second());
        let bytes = |kib: Option<u64>| kib.unwrap_or(0) * 1024;
        Ok(Sample {
            cpu_user_ns: ns(stat.utime),
            cpu_system_ns: ns(stat.stime),
            resident_bytes: bytes(status.vmrss),
            resident_bytes_peak: bytes(status.vmhwm),
            open_files: self.process.fd_count().ok().map(|count| count as u64),
        })
    }
}

/// The first process of a container, as docker knows it.
///
/// # Errors
/// If docker is not there, or knows of no such container that runs.
pub fn pid_of_container(name: &str) -> Result<u32, BenchError> {
    let failed = |reason: String| BenchError::Container {
        name: name.to_owned(),
        reason,
    };
    let asked = Command::new("docker")
        .args([
            "inspect",
            "--type",
            "container",
            "--format",
            "{{.State.Pid}}",
            "--",
            name,
        ])
        .output()
        .map_err(|error| failed(format!("docker cannot be run: {error}")))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if !asked.status.success() {
        return Err(failed(text(&asked.stderr)));
    }
    match text(&asked.stdout).parse() {
        Ok(0) => Err(failed("it is not running".to_owned())),
        Ok(pid) => Ok(pid),
        Err(_) => Err(failed(format!("docker said `{}`", text(&asked.stdout)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_takes_cpu_memory_and_files() {
        let sampler = Sampler::new(std::process::id()).unwrap();
        let before = sampler.sample().unwrap();
        assert!(before.resident_bytes > 100_000);
        assert!(before.resident_bytes_peak >= before.resident_bytes);
        assert!(before.open_files >= Some(3));
        let taken = |sample: Sample| sample.cpu_user_ns + sample.cpu_system_ns;
        let mut sum = 0_u64;
        while taken(sampler.sample().unwrap()) == taken(before) {
            sum = (0..1_000_000_u64).fold(sum, u64::wrapping_add);
        }
        std::hint::black_box(sum);
    }

    #[test]
    fn a_process_that_ends_is_said_to_be_gone() {
        let mut child = Command::new("cat")
            .stdin(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let sampler = Sampler::new(child.id()).unwrap();
        sampler.sample().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        let said = sampler.sample().unwrap_err().to_string();
        assert!(
            said.contains(&format!("process {} cannot be watched", child.id())),
            "{said}"
        );
        assert!(Sampler::new(child.id()).is_err());
    }
}
