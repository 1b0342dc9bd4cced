//! `HOST:PORT`

use std::fmt;
use std::net::{Ipv6Addr, SocketAddr, ToSocketAddrs};

/// A host and a port as written; a name is looked up when it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HostPort {
    /// A name, an IPv4 address, or an IPv6 address without its brackets.
    pub(crate) host: String,
    /// The port.
    pub(crate) port: u16,
}

impl HostPort {
    /// Reads `HOST:PORT`; an IPv6 address stands in brackets.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (host, port) = text.trim().rsplit_once(':')?;
        let host = match host.strip_prefix('[') {
            Some(rest) => rest
                .strip_suffix(']')?
                .parse::<Ipv6Addr>()
                .ok()?
                .to_string(),
            None if host.is_empty() || host.contains([':', '/', '@', ' ']) => return None,
            None => host.to_owned(),
        };
        Some(Self {
            host,
            port: port.parse().ok()?,
        })
    }

    /// The addresses that the name stands for.
    pub(crate) fn addresses(&self) -> std::io::Result<Vec<SocketAddr>> {
        Ok((self.host.as_str(), self.port).to_socket_addrs()?.collect())
    }

    /// Where a client of this machine finds what listens here: "all addresses" is none to connect to.
    pub(crate) fn seen_from_here(mut self) -> Self {
        match self.host.as_str() {
            "0.0.0.0" => "127.0.0.1".clone_into(&mut self.host),
            "::" => "::1".clone_into(&mut self.host),
            _ => {}
        }
        self
    }
}

impl fmt::Display for HostPort {
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
    fn an_address_has_a_host_and_a_port() {
        for (text, want) in [
            ("0.0.0.0:5044", Some(("0.0.0.0", 5044))),
            ("localhost:0", Some(("localhost", 0))),
            (" [::]:5044 ", Some(("::", 5044))),
            ("[::1]:1", Some(("::1", 1))),
            ("", None),
            ("5044", None),
            (":5044", None),
            ("localhost", None),
            ("localhost:", None),
            ("localhost:65536", None),
            ("::1:5044", None),
            ("[::1]5044", None),
            ("[localhost]:5044", None),
            ("http://localhost:5044", None),
        ] {
            let want = want.map(|(host, port)| HostPort {
                host: host.to_owned(),
                port,
            });
            assert_eq!(HostPort::parse(text), want, "{text}");
        }
    }

    #[test]
    fn a_client_here_turns_to_the_loopback_address() {
        for (listen, want) in [
            ("0.0.0.0:5044", "127.0.0.1:5044"),
            ("[::]:5044", "[::1]:5044"),
            ("10.0.0.1:5044", "10.0.0.1:5044"),
        ] {
            assert_eq!(
                HostPort::parse(listen)
                    .unwrap()
                    .seen_from_here()
                    .to_string(),
                want
            );
        }
    }
}
