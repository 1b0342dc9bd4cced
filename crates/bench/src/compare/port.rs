//! Ports of this machine: free ones, and who listens on one.

use std::collections::HashSet;
use std::io;
use std::net::{Ipv4Addr, TcpListener};

use procfs::net::{TcpNetEntry, TcpState, tcp, tcp6};
use procfs::process::{FDTarget, Process};

/// A port that nothing listens on now.
pub(super) fn free() -> io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}

/// The sockets that listen on this port.
///
/// Asking the system disturbs no server, unlike a connection that is closed at once, and is exact to the time of asking.
pub(super) fn listeners(port: u16) -> HashSet<u64> {
    let all = tcp()
        .into_iter()
        .flatten()
        .chain(tcp6().into_iter().flatten());
    all.filter(|entry: &TcpNetEntry| {
        entry.state == TcpState::Listen && entry.local_address.port() == port
    })
    .map(|entry| entry.inode)
    .collect()
}

/// Whether this process has one of these sockets open. A process that we may not look into has none.
pub(super) fn holds(pid: i32, sockets: &HashSet<u64>) -> bool {
    let Ok(files) = Process::new(pid).and_then(|process| process.fd()) else {
        return false;
    };
    files.flatten().any(|file| match file.target {
        FDTarget::Socket(inode) => sockets.contains(&inode),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use std::thread::sleep;
    use std::time::{Duration, Instant};

    use super::*;

    /// Whether nobody listens on it before long: a program that another test starts holds a copy of every socket for the
    /// moment between its fork and its exec.
    fn falls_silent(port: u16) -> bool {
        let end = Instant::now() + Duration::from_secs(10);
        while !listeners(port).is_empty() {
            if Instant::now() > end {
                return false;
            }
            sleep(Duration::from_millis(5));
        }
        true
    }

    #[test]
    fn a_listener_is_seen_and_its_process_found() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let sockets = listeners(port);
        assert_eq!(sockets.len(), 1);
        let me = i32::try_from(std::process::id()).unwrap();
        assert!(holds(me, &sockets));
        assert!(!holds(1, &HashSet::new()));
        drop(listener);
        assert!(falls_silent(port));
    }

    #[test]
    fn a_free_port_has_no_listener() {
        assert!(falls_silent(free().unwrap()));
    }
}
