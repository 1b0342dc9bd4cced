//! The PROXY protocol, versions 1 and 2: what a load balancer says of its client before the client's first byte
//! (`proxy-protocol.txt` of `HAProxy`).

use std::net::SocketAddr;

use ppp::{v1, v2};
use thiserror::Error;

use crate::first_bytes::FirstBytes;

/// What stands at the head of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyStep {
    /// At least so many bytes of the header are missing; whoever reads no more takes nothing of what follows it.
    Need(usize),
    /// The whole header, which takes all of the bytes.
    Header {
        /// The client. `None` where the load balancer speaks for itself, as in a health check.
        client: Option<SocketAddr>,
    },
}

/// Why bytes are no PROXY header.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProxyError {
    /// They begin like something else.
    #[error("no PROXY protocol header but \"{found}\"")]
    Absent {
        /// The beginning.
        found: FirstBytes,
    },
    /// They begin like one, and it is none.
    #[error("a PROXY protocol header that is not sound: {reason}")]
    Unsound {
        /// What is wrong with it.
        reason: String,
    },
    /// It is longer than any that is of use.
    #[error("a PROXY protocol header of {bytes} bytes, limit {limit_bytes} bytes")]
    TooLong {
        /// Its length in bytes, as far as it is known.
        bytes: usize,
        /// The limit.
        limit_bytes: usize,
    },
}

const V1: &[u8] = v1::PROTOCOL_PREFIX.as_bytes();
const V2: &[u8] = v2::PROTOCOL_PREFIX;
/// The shortest header, `PROXY UNKNOWN\r\n`.
const SHORTEST: usize = 15;
/// The longest of version 1 (§2.1).
const V1_MAX: usize = 107;
/// What stands before the addresses of version 2: signature, command, family, length (§2.2).
const V2_HEAD: usize = 16;
/// With certificates of clients in it a header has some 2 kB.
const V2_MAX: usize = 4096;

/// Reads a header that `received` is the beginning or the whole of.
pub fn proxied(received: &[u8]) -> Result<ProxyStep, ProxyError> {
    let begins = |signature: &[u8]| {
        let length = received.len().min(signature.len());
        received[..length] == signature[..length]
    };
    let (is_v1, is_v2) = (begins(V1), begins(V2));
    if !is_v1 && !is_v2 {
        let found = FirstBytes::of(received);
        return Err(ProxyError::Absent { found });
    }
    match SHORTEST.checked_sub(received.len()) {
        Some(missing) if missing > 0 => Ok(ProxyStep::Need(missing)),
        _ if is_v1 => version_1(received),
        _ => version_2(received),
    }
}

fn version_1(received: &[u8]) -> Result<ProxyStep, ProxyError> {
    if !received.ends_with(b"\r\n") {
        if received.len() >= V1_MAX {
            return Err(ProxyError::TooLong {
                bytes: received.len(),
                limit_bytes: V1_MAX,
            });
        }
        return Ok(ProxyStep::Need(1));
    }
    let header = v1::Header::try_from(received).map_err(unsound)?;
    let client = match header.addresses {
        v1::Addresses::Unknown => None,
        v1::Addresses::Tcp4(of) => Some((of.source_address, of.source_port).into()),
        v1::Addresses::Tcp6(of) => Some((of.source_address, of.source_port).into()),
    };
    Ok(ProxyStep::Header { client })
}

fn version_2(received: &[u8]) -> Result<ProxyStep, ProxyError> {
    let Some([high, low]) = received.get(V2_HEAD - 2..V2_HEAD) else {
        return Ok(ProxyStep::Need(V2_HEAD - received.len()));
    };
    let bytes = V2_HEAD + usize::from(u16::from_be_bytes([*high, *low]));
    if bytes > V2_MAX {
        return Err(ProxyError::TooLong {
            bytes,
            limit_bytes: V2_MAX,
        });
    }
    if received.len() < bytes {
        return Ok(ProxyStep::Need(bytes - received.len()));
    }
    let header = v2::Header::try_from(received).map_err(unsound)?;
    let client = match (header.command, header.addresses) {
        (v2::Command::Proxy, v2::Addresses::IPv4(of)) => {
            Some((of.source_address, of.source_port).into())
        }
        (v2::Command::Proxy, v2::Addresses::IPv6(of)) => {
            Some((of.source_address, of.source_port).into())
        }
        _ => None,
    };
    Ok(ProxyStep::Header { client })
}

fn unsound(reason: impl std::fmt::Display) -> ProxyError {
    let reason = reason.to_string();
    ProxyError::Unsound { reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a header and what follows byte by byte as it is asked for; what came out, and how many bytes it took.
    fn read(bytes: &[u8]) -> (Result<Option<SocketAddr>, ProxyError>, usize) {
        let mut taken = 0;
        loop {
            match proxied(&bytes[..taken]) {
                Ok(ProxyStep::Need(missing)) => taken += missing,
                Ok(ProxyStep::Header { client }) => return (Ok(client), taken),
                Err(error) => return (Err(error), taken),
            }
        }
    }

    fn version_2(command: u8, family: u8, addresses: &[u8]) -> Vec<u8> {
        let mut header = V2.to_vec();
        header.extend([0x20 | command, family]);
        header.extend((addresses.len() as u16).to_be_bytes());
        header.extend(addresses);
        header
    }

    #[test]
    fn the_client_is_read_and_not_a_byte_more_than_the_header() {
        let v4 = [10, 0, 0, 1, 10, 0, 0, 2, 0x1F, 0x90, 0x13, 0xB4];
        let mut v6 = [0; 36];
        (v6[15], v6[31], v6[33]) = (1, 2, 80);
        let with_tlv = [&v4[..], &[4, 0, 1, 0]].concat();
        for (header, want) in [
            (
                b"PROXY TCP4 10.0.0.1 10.0.0.2 8080 5044\r\n".to_vec(),
                Some("10.0.0.1:8080"),
            ),
            (
                b"PROXY TCP6 2001:db8::1 ::1 65535 5044\r\n".to_vec(),
                Some("[2001:db8::1]:65535"),
            ),
            (b"PROXY UNKNOWN\r\n".to_vec(), None),
            (b"PROXY UNKNOWN ffff::1 ::1 1 2\r\n".to_vec(), None),
            (version_2(1, 0x11, &v4), Some("10.0.0.1:8080")),
            (version_2(1, 0x11, &with_tlv), Some("10.0.0.1:8080")),
            (version_2(1, 0x21, &v6), Some("[::1]:80")),
            (version_2(0, 0x11, &v4), None),
            (version_2(0, 0, &[]), None),
            (version_2(1, 0, &[]), None),
        ] {
            let whole = [&header[..], b"2W\0\0\0\x01\r\n"].concat();
            let want = want.map(|client| client.parse().unwrap());
            assert_eq!(read(&whole), (Ok(want), header.len()), "{header:?}");
        }
    }

    #[test]
    fn what_is_no_header_is_said_to_be_none() {
        let endless = [b"PROXY TCP4 ".to_vec(), vec![b'1'; 200]].concat();
        let huge = [V2, b"\x21\x11\xff\xff"].concat();
        let odd_version = [V2, b"\x31\x11\0\x0c", &[0; 12]].concat();
        for (bytes, want) in [
            (&b"2W\0\0\0\x01"[..], "no PROXY protocol header but \"2W"),
            (b"\x16\x03\x01", "no PROXY protocol header but"),
            (b"PROXIED", "no PROXY protocol header but \"PROX"),
            (&endless, "of 107 bytes"),
            (&huge, "of 65551 bytes"),
            (b"PROXY TCP4 1.2.3 10.0.0.2 8080 5044\r\n", "not sound"),
            (b"PROXY TCP4 10.0.0.1 10.0.0.2 99999 5044\r\n", "not sound"),
            (b"PROXY UDP4 10.0.0.1 10.0.0.2 1 2\r\n", "not sound"),
            (&odd_version, "not sound"),
            (&version_2(1, 0x11, &[1, 2]), "not sound"),
        ] {
            // Where bytes run out, what is there is asked again.
            let padded = [bytes, &[0; 32]].concat();
            let (read, _) = read(&padded);
            let error = read.unwrap_err().to_string();
            assert!(error.contains(want), "{error}");
        }
    }
}
