//! `HOST:PORT`

use std::fmt;
use std::io;
use std::net::{Ipv6Addr, SocketAddr, ToSocketAddrs};

use crate::error::BenchError;

/// The server to measure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// A name, an IPv4 address, or an IPv6 address without its brackets.
    pub(crate) host: String,
    port: u16,
}

impl Target {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        Self::read(text)
            .ok_or_else(|| "give HOST:PORT, such as 127.0.0.1:5044 or [::1]:5044".to_owned())
    }

    fn read(text: &str) -> Option<Self> {
        let (host, port) = text.trim().rsplit_once(':')?;
        let host = match host.strip_prefix('[') {
            Some(rest) => {
                let address: Ipv6Addr = rest.strip_suffix(']')?.parse().ok()?;
                address.to_string()
            }
            None if host.is_empty() || host.contains([':', '/', '@', ' ']) => return None,
            None => host.to_owned(),
        };
        let port = port.parse().ok().filter(|port| *port != 0)?;
        Some(Self { host, port })
    }

    /// Looks the name up.
    pub(crate) fn addresses(&self) -> Result<Vec<SocketAddr>, BenchError> {
        let found = (self.host.as_str(), self.port).to_socket_addrs();
        let none = || io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        found
            .map(Vec::from_iter)
            .and_then(|all| if all.is_empty() { Err(none()) } else { Ok(all) })
            .map_err(|reason| BenchError::Unreachable {
                target: self.to_string(),
                connection: 1,
                reason,
            })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') {
            write!(f, "[{host}]:{port}")
        } else {
            write!(f, "{host}:{port}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_has_a_host_and_a_port() {
        for (text, want) in [
            ("localhost:5044", Some("localhost:5044")),
            (" [::1]:1 ", Some("[::1]:1")),
            ("10.0.0.1:65535", Some("10.0.0.1:65535")),
            ("5044", None),
            (":5044", None),
            ("localhost:", None),
            ("localhost:0", None),
            ("::1:5044", None),
            ("http://localhost:5044", None),
        ] {
            assert_eq!(
                Target::parse(text)
                    .ok()
                    .map(|target| target.to_string())
                    .as_deref(),
                want,
                "{text}"
            );
        }
    }
}
