use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use crate::process::Process;
use crate::wait::{free_port, until};

/// A real `HAProxy` that passes TCP on, and says for whom with a PROXY protocol header.
#[derive(Debug)]
pub struct Haproxy {
    _process: Process,
    address: SocketAddr,
}

impl Haproxy {
    /// The address it connects from, which no client has.
    pub const SOURCE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);

    /// The address it listens on, which no client has either.
    pub const LISTEN: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 4);

    /// Starts one in front of `to`; `header` is its option for the header, `send-proxy` or `send-proxy-v2`.
    pub fn start(dir: &Path, to: &str, header: &str) -> Self {
        let address = SocketAddr::from((Self::LISTEN, free_port()));
        let config = dir.join("haproxy.cfg");
        let text = format!(
            "defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 1h\n  timeout server 1h\n\
             listen beats\n  bind {address}\n  source {}\n  server sawmill {to} {header} check inter 1s\n",
            Self::SOURCE
        );
        fs::write(&config, text).expect("a file can be written");
        let process = Process::start("haproxy", dir, Path::new("/usr/sbin/haproxy"), |command| {
            command.arg("-db").arg("-f").arg(&config)
        });
        until("HAProxy listens", Duration::from_secs(10), || {
            TcpStream::connect(address).is_ok()
        });
        Self {
            _process: process,
            address,
        }
    }

    /// Where it listens.
    pub fn address(&self) -> String {
        self.address.to_string()
    }
}
