//! The listening socket: accepts connections and starts one task for each.

use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::time::Duration;

use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::task::TaskTracker;
use tracing::{error, warn};

use crate::admission::{Place, Refusal};
use crate::config::HostPort;
use crate::connection::{Door, part, serve};
use crate::start_error::StartError;

/// Connections that the system keeps ready to be accepted.
const BACKLOG: i32 = 4096;

/// Pause after a failed accept, such as one for want of file descriptors, so as not to spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A peer that takes nothing for so long is gone; as long as keepalive takes to notice that.
const GONE_AFTER: Duration = Duration::from_mins(2);

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
pub(crate) async fn accept_all(listener: TcpListener, door: Arc<Door>, connections: TaskTracker) {
    let mut rate = Rate::new(door.settings.accepts_per_second_max);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = door.shutdown.cancelled() => return,
        };
        let (stream, peer) = match accepted.and_then(|(stream, peer)| Ok((prepare(stream)?, peer)))
        {
            Ok(connection) => connection,
            Err(error) => {
                if door.log.allows() {
                    error!("cannot accept a connection: {error}");
                }
                sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        match take(&door, peer) {
            Ok(place) => {
                door.metrics.connections.accept();
                connections.spawn(serve(stream, peer, place, Arc::clone(&door)));
                rate.wait().await;
            }
            Err(refusal) => {
                door.metrics.connections.refuse(refusal);
                if door.log.allows() {
                    warn!(%peer, "connection refused: {refusal}");
                }
                part(&stream);
            }
        }
    }
}

/// Takes the connection of a peer. That of a load balancer is counted for its client when that is known.
fn take(door: &Door, peer: SocketAddr) -> Result<Place, Refusal> {
    let mut place = door.admission.enter()?;
    if !door.settings.is_proxy(peer.ip()) {
        place.take_for(peer.ip())?;
    }
    Ok(place)
}

/// So many connections a second. What comes at once after a pause is taken at once.
struct Rate {
    each: Duration,
    /// When the next one may be accepted.
    next: Instant,
}

impl Rate {
    /// What may come at once.
    const BURST: Duration = Duration::from_millis(100);

    fn new(per_second: u32) -> Self {
        Self {
            each: Duration::from_secs(1) / per_second,
            next: Instant::now(),
        }
    }

    async fn wait(&mut self) {
        let now = Instant::now();
        let earliest = now.checked_sub(Self::BURST).unwrap_or(now);
        self.next = self.next.max(earliest) + self.each;
        if self.next > now {
            sleep_until(self.next).await;
        }
    }
}

/// An ACK leaves at once, and a peer that vanished is noticed although an idle one may be silent.
fn prepare(stream: TcpStream) -> io::Result<TcpStream> {
    stream.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new()
        .with_time(Duration::from_mins(1))
        .with_interval(Duration::from_secs(10))
        .with_retries(6);
    let socket = SockRef::from(&stream);
    socket.set_tcp_keepalive(&keepalive)?;
    // Keepalive says nothing while an ACK is on its way to nobody.
    socket.set_tcp_user_timeout(Some(GONE_AFTER))?;
    Ok(stream)
}
