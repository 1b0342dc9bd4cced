//! The listening socket: accepts connections and starts one task for each.

use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::time::Duration;

use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, warn};

use crate::config::{BeatsInput, HostPort};
use crate::connection::serve;
use crate::start_error::StartError;
use crate::works::Works;

/// Connections that the system keeps ready to be accepted.
const BACKLOG: i32 = 1024;

/// Pause after a failed accept, such as one for want of file descriptors, so as not to spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Binds every address that `listen` stands for; `setting` is where that was written.
pub(crate) fn bind(
    setting: &'static str,
    listen: &HostPort,
) -> Result<Vec<StdListener>, StartError> {
    let explain = |reason: io::Error| StartError::Listen {
        setting,
        listen: listen.clone(),
        reason,
    };
    let addresses = listen.addresses().map_err(explain)?;
    if addresses.is_empty() {
        let listen = listen.clone();
        return Err(StartError::NoAddress { setting, listen });
    }
    addresses
        .into_iter()
        .map(|address| bind_one(address).map_err(explain))
        .collect()
}

fn bind_one(address: SocketAddr) -> io::Result<StdListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    // A restart must not wait for the connections of the last run to fade out.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() && address.ip().is_unspecified() {
        // `[::]` is meant for IPv4 too, whatever the system's default.
        socket.set_only_v6(false)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Accepts until shutdown.
pub(crate) async fn accept_all(
    listener: TcpListener,
    settings: Arc<BeatsInput>,
    places: Arc<Semaphore>,
    works: Works,
    connections: TaskTracker,
    shutdown: CancellationToken,
) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shutdown.cancelled() => return,
        };
        let (stream, peer) = match accepted.and_then(|(stream, peer)| Ok((prepare(stream)?, peer)))
        {
            Ok(connection) => connection,
            Err(error) => {
                error!("cannot accept a connection: {error}");
                sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            let limit = settings.connections_max;
            warn!(%peer, "connection refused: {limit} are open (input.beats.connections_max)");
            continue;
        };
        let (settings, works) = (Arc::clone(&settings), works.clone());
        let shutdown = shutdown.clone();
        connections.spawn(async move {
            serve(stream, peer, settings, works, shutdown).await;
            drop(place);
        });
    }
}

/// An ACK leaves at once, and a peer that vanished is noticed although an idle one may be silent.
fn prepare(stream: TcpStream) -> io::Result<TcpStream> {
    stream.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new()
        .with_time(Duration::from_mins(1))
        .with_interval(Duration::from_secs(10))
        .with_retries(6);
    SockRef::from(&stream).set_tcp_keepalive(&keepalive)?;
    Ok(stream)
}
