//! No core dumps: what is in memory (passwords, keys, events) must not end up in a file.

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// No file that a core dump could be is so small, and for a program that dumps are piped to the kernel takes this very
/// number for "none at all" (`fs/coredump.c`); 0 would still start it.
const CORE_BYTES_MAX: u64 = 1;

/// Keeps the kernel from writing this process' memory to a file when it crashes.
///
/// `PR_SET_DUMPABLE` would do so, too, and take `/proc/PID` away from the user that the process runs as: `sawmill bench`
/// measures servers there, and [`crate::user`] finds out who that is.
pub(crate) fn forbid() -> io::Result<()> {
    // Less than that, which only root could raise again, is nothing to complain of.
    let maximum = getrlimit(Resource::Core).maximum;
    let least = maximum.map_or(CORE_BYTES_MAX, |maximum| maximum.min(CORE_BYTES_MAX));
    let limit = Rlimit {
        current: Some(least),
        maximum: Some(least),
    };
    Ok(setrlimit(Resource::Core, limit)?)
}
