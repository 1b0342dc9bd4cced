//! Clients behind a load balancer: the PROXY protocol header that comes before anything else.

use std::net::SocketAddr;
use std::time::Duration;

use sawmill_lumberjack::{ProxyStep, proxied};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::connection::Close;
use crate::incoming::is_end;

/// A load balancer writes its header at once.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// Reads the header and nothing that follows it. `None` where the load balancer speaks for itself.
pub(crate) async fn read_header(stream: &mut TcpStream) -> Result<Option<SocketAddr>, Close> {
    match timeout(HEADER_TIMEOUT, read(stream)).await {
        Ok(read) => read,
        Err(_) => Err(Close::NoProxyHeader(HEADER_TIMEOUT)),
    }
}

async fn read(stream: &mut TcpStream) -> Result<Option<SocketAddr>, Close> {
    let mut received = Vec::new();
    loop {
        let missing = match proxied(&received).map_err(Close::Proxy)? {
            ProxyStep::Header { client } => return Ok(client),
            ProxyStep::Need(missing) => missing,
        };
        let before = received.len();
        received.resize(before + missing, 0);
        match stream.read_exact(&mut received[before..]).await {
            Ok(_) => {}
            Err(error) if is_end(&error) => return Err(Close::PeerLeft),
            Err(error) => return Err(Close::Broken(error)),
        }
    }
}
