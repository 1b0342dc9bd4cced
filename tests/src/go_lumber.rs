use std::path::Path;
use std::time::Duration;

use crate::parts::installed;
use crate::process::Process;
use crate::wait::{free_port, until};

/// The test server of go-lumber, the library that Filebeat sends with. It prints the size of every window it gets.
#[derive(Debug)]
pub struct GoLumber {
    process: Process,
    address: String,
}

impl GoLumber {
    /// Starts it and waits until it listens.
    pub fn start(dir: &Path) -> Self {
        let address = format!("127.0.0.1:{}", free_port());
        let program = installed("SAWMILL_TEST_LUMBERJACK").join("tst-lj");
        let process = Process::start("tst-lj", dir, &program, |command| {
            command.args(["-v2", "-bind", &address])
        });
        until("tst-lj listens", Duration::from_secs(10), || {
            process.log().contains("tcp server up")
        });
        Self { process, address }
    }

    /// Where it listens.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Windows and events that it has counted.
    pub fn counted(&self) -> (u64, u64) {
        let log = self.process.log();
        let sizes = log.lines().filter_map(|line| {
            let (_, size) = line.split_once("Received batch of ")?;
            size.split_once(' ')?.0.parse::<u64>().ok()
        });
        sizes.fold((0, 0), |(windows, events), size| {
            (windows + 1, events + size)
        })
    }
}
