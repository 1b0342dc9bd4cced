//! How many files, and so connections, this process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::error::BenchError;

/// Files that are not connections to the server: libraries, results, timers, and some to spare.
const OTHER_FILES: u64 = 64;

/// Makes sure that so many connections are allowed, and raises the limit if it can be raised.
///
/// # Errors
/// If it cannot.
pub fn allow_connections(wanted: u64) -> Result<(), BenchError> {
    let needed = wanted + OTHER_FILES;
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|allowed| allowed >= needed) {
        return Ok(());
    }
    // The hard limit can only be raised by root, so try without first.
    let maximum = limit.maximum.map(|maximum| maximum.max(needed));
    let raised = Rlimit {
        current: Some(needed),
        maximum,
    };
    setrlimit(Resource::Nofile, raised).map_err(|_| BenchError::Files {
        wanted,
        needed,
        allowed: limit.maximum.unwrap_or(u64::MAX),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_connections_are_always_allowed_and_too_many_never() {
        allow_connections(10).unwrap();
        let said = allow_connections(u64::MAX / 2).unwrap_err().to_string();
        assert!(
            said.contains("may have") && said.contains("ulimit -n"),
            "{said}"
        );
    }
}
