//! What this process takes of its machine, under the names that Prometheus's client libraries share.

use procfs::WithCurrentSystemInfo;
use procfs::process::{Process, Stat};

use super::{Asked, Kind, Measured, Metrics, alone};

pub(super) fn watch(metrics: &Metrics) {
    let of_stat = |value: fn(&Stat) -> f64| {
        move || {
            let stat = Process::myself().and_then(|process| process.stat());
            stat.map_or_else(|_| Vec::new(), |stat| alone(value(&stat)))
        }
    };
    metrics.add(Asked {
        name: "process_cpu_seconds".to_owned(),
        help: "User and system time of the process, in seconds",
        kind: Kind::Counter,
        ask: of_stat(|stat| (stat.utime + stat.stime) as f64 / procfs::ticks_per_second() as f64),
    });
    metrics.add(Asked {
        name: "process_resident_memory_bytes".to_owned(),
        help: "Resident memory of the process, in bytes",
        kind: Kind::Gauge,
        ask: of_stat(|stat| stat.rss_bytes().get() as f64),
    });
    metrics.add(Asked {
        name: "process_open_fds".to_owned(),
        help: "Open files of the process",
        kind: Kind::Gauge,
        ask: open_files,
    });
}

fn open_files() -> Vec<Measured> {
    let files = Process::myself().and_then(|process| process.fd_count());
    files.map_or_else(|_| Vec::new(), |files| alone(files as f64))
}
