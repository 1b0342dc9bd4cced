//! What this process takes of its machine, under the names that Prometheus's client libraries share.

use procfs::WithCurrentSystemInfo;
use procfs::process::{Process, Stat};

use super::{Measured, Metrics, alone};

impl Metrics {
    pub(super) fn watch_process(&self) {
        self.watch_counter(
            "process_cpu_seconds",
            "User and system time of the process, in seconds",
            || of_stat(|stat| (stat.utime + stat.stime) as f64 / procfs::ticks_per_second() as f64),
        );
        self.watch_gauge(
            "process_resident_memory_bytes",
            "Resident memory of the process, in bytes",
            || of_stat(|stat| stat.rss_bytes().get() as f64),
        );
        self.watch_gauge("process_open_fds", "Open files of the process", || {
            let files = Process::myself().and_then(|process| process.fd_count());
            files.map_or_else(|_| Vec::new(), |files| alone(files as f64))
        });
    }
}

fn of_stat(value: fn(&Stat) -> f64) -> Vec<Measured> {
    let stat = Process::myself().and_then(|process| process.stat());
    stat.map_or_else(|_| Vec::new(), |stat| alone(value(&stat)))
}
