//! `sawmill healthcheck`: a window of no events, which a Beats server answers with an acknowledgement of nothing.
//!
//! The question is asked within the protocol, so a port that is open but belongs to something else does not pass.
//! Logstash answers it too, since version 6.7 of its Beats input. A server that wants a certificate is not asked so far: it is well
//! if it has shown its own.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, TcpStream};
use std::time::{Duration, Instant};

use rustls::{ClientConnection, StreamOwned};
use rustls_pki_types::ServerName;
use sawmill_bench::tls::{Trust, client_config};
use sawmill_lumberjack::{KEEPALIVE, Version, encode_ack};
use thiserror::Error;

use crate::config::{HostPort, Manners, Speech};

/// How long the answer may take, from the first packet on.
const PATIENCE: Duration = Duration::from_secs(3);
/// The head of a window of 0 events.
const QUESTION: [u8; 6] = *b"2W\0\0\0\0";
const ANSWER: [u8; 6] = encode_ack(Version::V2, KEEPALIVE);

/// Why a port did not pass.
#[derive(Debug, Error)]
pub(crate) enum HealthError {
    /// No connection.
    #[error("{address} cannot be reached: {reason}\nis Sawmill running, and is this its address?")]
    Unreachable {
        /// Who was asked.
        address: HostPort,
        /// What the system said.
        reason: io::Error,
    },
    /// A connection, but no whole answer.
    #[error("{address} did not answer within {} s: {reason}\nit may be overloaded, expect TLS, or take no Beats", PATIENCE.as_secs())]
    Silent {
        /// Who was asked.
        address: HostPort,
        /// What happened.
        reason: io::Error,
    },
    /// An answer, but not that of a Beats server.
    #[error("{address} answered `{}`\nwhat listens there takes no Beats", found.escape_ascii())]
    Stranger {
        /// Who was asked.
        address: HostPort,
        /// The answer.
        found: [u8; 6],
    },
}

/// A load balancer that speaks for itself (proxy-protocol.txt, §2.1).
const HEADER: &[u8] = b"PROXY UNKNOWN\r\n";

/// Asks once. Within TLS, whose certificate it is is not asked.
pub(crate) fn probe(address: &HostPort, manners: &Manners) -> Result<(), HealthError> {
    let deadline = Instant::now() + PATIENCE;
    let stream = connect(address, deadline).map_err(|reason| HealthError::Unreachable {
        address: address.clone(),
        reason,
    })?;
    let found = converse(&stream, manners, deadline).map_err(|reason| HealthError::Silent {
        address: address.clone(),
        reason,
    })?;
    if found != ANSWER {
        return Err(HealthError::Stranger {
            address: address.clone(),
            found,
        });
    }
    Ok(())
}

/// The server's answer.
fn converse(stream: &TcpStream, manners: &Manners, deadline: Instant) -> io::Result<[u8; 6]> {
    if manners.is_proxy(stream.local_addr()?.ip()) {
        (&mut &*stream).write_all(HEADER)?;
    }
    match manners.speech {
        Speech::Plain => ask(&mut &*stream, stream, deadline),
        Speech::Tls => ask(&mut StreamOwned::new(session()?, stream), stream, deadline),
        Speech::MutualTls => see_certificate(stream, deadline).map(|()| ANSWER),
    }
}

fn connect(address: &HostPort, deadline: Instant) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in address.addresses()? {
        match TcpStream::connect_timeout(&address, left(deadline)?) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn session() -> io::Result<ClientConnection> {
    // Nothing secret is said, and a certificate that nobody signed is no reason to call the server ill.
    let config = client_config(&Trust::Anybody, None).map_err(io::Error::other)?;
    let name = ServerName::from(IpAddr::from(Ipv4Addr::LOCALHOST));
    ClientConnection::new(config, name).map_err(io::Error::other)
}

/// A handshake up to the server's certificate. To go on without one of ours would be a line in the server's log each time.
fn see_certificate(mut socket: &TcpStream, deadline: Instant) -> io::Result<()> {
    let mut session = session()?;
    while session.peer_certificates().is_none() {
        socket.set_read_timeout(Some(left(deadline)?))?;
        while session.wants_write() {
            session.write_tls(&mut socket)?;
        }
        match session.read_tls(&mut socket) {
            Ok(0) => return Err(closed()),
            Ok(_) => {
                session.process_new_packets().map_err(io::Error::other)?;
            }
            // What the system calls a read that took too long.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn closed() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "it closed the connection")
}

/// Asks through `stream`, which goes over `socket`.
fn ask(
    stream: &mut (impl Read + Write),
    socket: &TcpStream,
    deadline: Instant,
) -> io::Result<[u8; 6]> {
    socket.set_read_timeout(Some(left(deadline)?))?;
    stream.write_all(&QUESTION)?;
    let mut found = [0; 6];
    let mut filled = 0;
    while filled < found.len() {
        socket.set_read_timeout(Some(left(deadline)?))?;
        match stream.read(&mut found[filled..]) {
            Ok(0) => return Err(closed()),
            Ok(count) => filled += count,
            // What the system calls a read that took too long.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

fn left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        Err(io::Error::new(io::ErrorKind::TimedOut, "time is up"))
    } else {
        Ok(left)
    }
}
