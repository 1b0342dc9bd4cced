//! One connection, from its first byte to its close.
//!
//! ```text
//! reader:  read → frames → pieces ─┐        (keeps reading while windows are pending)
//! pieces:                          └─▶ inflate → events → body → output → settled
//! acker:   windows in order of arrival → wait until settled → ACK, keepalives meanwhile
//! ```

use std::fmt;
use std::io::Read;
use std::net::{IpAddr, Shutdown, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use sawmill_intake::{Peer, Session};
use sawmill_lumberjack::{FrameError, ProxyError};
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::acker::Acker;
use crate::admission::{Admission, Place, Refusal, counted_as};
use crate::config::BeatsInput;
use crate::log_budget::LogBudget;
use crate::memory::Announced;
use crate::metrics::{Connected, Metrics};
use crate::proxied::read_header;
use crate::reader::Reader;
use crate::tls::{self, HandshakeEnd, Names, NoHandshake, Tls, shake_hands};
use crate::works::Works;

/// Why a connection ends.
#[derive(Debug)]
pub(crate) enum Close {
    /// The peer does not read what it is told.
    AcksUnread(Duration),
    /// It broke.
    Broken(std::io::Error),
    /// There is no TLS with the peer.
    Handshake(NoHandshake),
    /// A bug of ours kept a window from being worked on.
    Internal,
    /// Dead letters cannot be kept at present, and its address has more of them than may wait.
    LettersWait,
    /// The memory budget had no room for what the peer sends.
    NoMemory(Duration),
    /// A load balancer did not say for whom it speaks.
    NoProxyHeader(Duration),
    /// The peer closed it.
    PeerLeft,
    /// The peer broke the protocol.
    Protocol(FrameError),
    /// A load balancer says nothing that can be understood.
    Proxy(ProxyError),
    /// It is one too many, or not wanted.
    Refused(Refusal),
    /// Sawmill is shutting down.
    ShuttingDown,
    /// The oldest window waited too long for Elasticsearch.
    Stalled(Duration),
    /// The peer stopped in the middle of something.
    TimedOut(Duration),
}

/// What all connections of an input share.
pub(crate) struct Door {
    pub(crate) settings: BeatsInput,
    pub(crate) admission: Arc<Admission>,
    pub(crate) log: LogBudget,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) works: Works,
    pub(crate) shutdown: CancellationToken,
}

/// How a client is called, and whom it counts for.
pub(crate) struct PeerName {
    /// Its address, and its certificate's subject if it has shown one: for logs and dead letters.
    pub(crate) text: String,
    /// The address that shares are counted by.
    pub(crate) counted_as: IpAddr,
}

/// One connection's client.
pub(crate) struct Client {
    pub(crate) name: Arc<PeerName>,
    /// What matters of it to its events.
    pub(crate) peer: Option<Arc<Peer>>,
    /// Room for what its address announces.
    pub(crate) announced: Announced,
    /// What it was acknowledged.
    pub(crate) counts: Connected,
}

/// Serves a connection until one side ends it.
pub(crate) async fn serve(
    mut stream: TcpStream,
    mut address: SocketAddr,
    mut place: Place,
    door: Arc<Door>,
) {
    if door.settings.is_proxy(address.ip()) {
        // On the heap, as below: few connections need it.
        match Box::pin(behind_proxy(&mut stream, address, &mut place, &door)).await {
            Ok(client) => address = client,
            Err(close) => return door.send_away(stream, address, &close).await,
        }
    }
    debug!(peer = %address, "connected");
    match &door.settings.tls {
        None => {
            let client = Client {
                name: PeerName::new(address, None),
                peer: door.settings.peer(address.ip(), None),
                announced: place.announced.clone(),
                counts: door.metrics.connect(address.ip(), None),
            };
            let (read, write) = stream.split();
            let close = converse(read, write, &client, &door).await;
            door.report(&client.name.text, &close);
            hang_up(stream).await;
        }
        // A TLS session is large, and the future of a plain connection need not be.
        Some(tls) => Box::pin(serve_tls(stream, tls, address, &place, &door)).await,
    }
}

/// The client that a load balancer speaks for.
async fn behind_proxy(
    stream: &mut TcpStream,
    proxy: SocketAddr,
    place: &mut Place,
    door: &Door,
) -> Result<SocketAddr, Close> {
    let client = tokio::select! {
        client = read_header(stream) => client?,
        () = door.shutdown.cancelled() => return Err(Close::ShuttingDown),
    };
    let Some(client) = client else {
        return Ok(proxy);
    };
    place.take_for(client.ip()).map_err(Close::Refused)?;
    Ok(client)
}

async fn serve_tls(
    mut stream: TcpStream,
    tls: &Tls,
    address: SocketAddr,
    place: &Place,
    door: &Door,
) {
    let agreed = match place.shake_hands() {
        Err(refusal) => Err(Close::Refused(refusal)),
        Ok(shaking) => tokio::select! {
            agreed = shake_hands(&mut stream, tls) => {
                door.metrics.connections.end_handshake(HandshakeEnd::of(&agreed));
                agreed.map_err(Close::Handshake)
            }
            refusal = shaking.taken_away() => Err(Close::Refused(refusal)),
            () = door.shutdown.cancelled() => Err(Close::ShuttingDown),
        },
    };
    match agreed {
        Ok(stream) => {
            let client = client_of(&stream, address, tls, place, door);
            serve_split(stream, &client, door).await;
        }
        Err(close) => door.send_away(stream, address, &close).await,
    }
}

/// Who a client is after its handshake.
fn client_of(
    stream: &TlsStream<&mut TcpStream>,
    address: SocketAddr,
    tls: &Tls,
    place: &Place,
    door: &Door,
) -> Client {
    let (_, connection) = stream.get_ref();
    // One that was taken can be read; one that could not be would have no name, and so no rule that speaks of it.
    let names = connection.peer_certificates().map(|chain| {
        let own = chain.first().map(Names::of);
        own.and_then(Result::ok).unwrap_or_default()
    });
    let subject = names.as_ref().map(|names| names.subject.clone());
    let name = PeerName::new(address, subject.as_deref());
    debug!(peer = name.text, "TLS agreed on");
    let counts = door.metrics.connect(address.ip(), subject.clone());
    let session = Session {
        version: tls::version_name(connection.protocol_version()),
        cipher: tls::cipher_name(connection.negotiated_cipher_suite()),
        subject,
    };
    let peer = door.settings.peer(
        address.ip(),
        Some((session, names.and_then(|names| tls.groups_of(&names)))),
    );
    Client {
        name,
        peer,
        announced: place.announced.clone(),
        counts,
    }
}

/// Serves a stream that has no halves of its own.
pub(crate) async fn serve_split(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    client: &Client,
    door: &Door,
) {
    let (read, write) = split(&mut stream);
    let close = converse(read, write, client, door).await;
    door.report(&client.name.text, &close);
    hang_up(stream).await;
}

/// Reads windows and acknowledges them, both at the same time.
async fn converse(
    read: impl AsyncRead + Unpin,
    write: impl AsyncWrite + Unpin,
    client: &Client,
    door: &Door,
) -> Close {
    let settings = &door.settings;
    let (windows, in_order) = mpsc::channel(settings.windows_ahead_max);
    let gone = CancellationToken::new();
    // However this ends, work that has not begun need not begin.
    let _gone = gone.clone().drop_guard();
    let mut reader = Reader::new(read, client, settings, door.works.clone(), windows, gone);

    let reading = async {
        let close = tokio::select! {
            biased;
            () = door.shutdown.cancelled() => Close::ShuttingDown,
            close = reader.run() => close,
        };
        reader.stop();
        close
    };
    let acking = Acker::new(write, &client.counts, in_order, settings).run();
    tokio::pin!(reading, acking);
    tokio::select! {
        biased;
        // What was read whole is still settled and acknowledged.
        close = &mut reading => close.after(acking.await),
        // Only a failure ends the acker before the reader.
        failure = &mut acking => failure.unwrap_or(Close::PeerLeft),
    }
}

/// Closes so that the last ACK arrives: FIN, then whatever the peer still sends is read and
/// forgotten. Closing with bytes unread would send RST, which destroys an ACK on its way.
async fn hang_up(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    const PATIENCE: Duration = Duration::from_secs(2);
    // On the heap: in the future it would be part of every connection from its beginning.
    let mut forgotten = vec![0; 4096];
    let drain = async {
        // Within TLS it has something to say, which the peer may not take.
        let _ = stream.shutdown().await;
        while stream
            .read(&mut forgotten)
            .await
            .is_ok_and(|bytes| bytes > 0)
        {}
    };
    let _ = timeout(PATIENCE, drain).await;
}

/// The same without waiting, for whoever is one too many and must not keep a place by being sent away: what it has said so far is
/// forgotten.
pub(crate) fn part(stream: &TcpStream) {
    let socket = SockRef::from(stream);
    // That it is gone already is as well.
    let _ = socket.shutdown(Shutdown::Write);
    let mut forgotten = [0; 4096];
    for _ in 0..16 {
        if !(&*socket).read(&mut forgotten).is_ok_and(|bytes| bytes > 0) {
            return;
        }
    }
}

impl PeerName {
    pub(crate) fn new(address: SocketAddr, subject: Option<&str>) -> Arc<Self> {
        let text = match subject {
            None => address.to_string(),
            Some(subject) => format!("{address} {subject}"),
        };
        let counted_as = counted_as(address.ip().to_canonical());
        Arc::new(Self { text, counted_as })
    }
}

impl Door {
    /// Ends a connection that never came to speak of windows.
    async fn send_away(&self, stream: TcpStream, peer: SocketAddr, close: &Close) {
        self.report(&peer.to_string(), close);
        match close {
            Close::ShuttingDown | Close::Refused(_) => part(&stream),
            _ => hang_up(stream).await,
        }
    }

    /// What the peer did wrong is ours to say; that it left is not worth a line.
    fn report(&self, peer: &str, close: &Close) {
        self.metrics.connections.close(close);
        match close {
            Close::PeerLeft | Close::ShuttingDown | Close::Handshake(NoHandshake::Left) => {
                debug!(peer, "closed: {close}");
            }
            Close::AcksUnread(_)
            | Close::Broken(_)
            | Close::Handshake(NoHandshake::Refused(_) | NoHandshake::TimedOut(_))
            | Close::Internal
            | Close::LettersWait
            | Close::NoMemory(_)
            | Close::NoProxyHeader(_)
            | Close::Protocol(_)
            | Close::Proxy(_)
            | Close::Refused(_)
            | Close::Stalled(_)
            | Close::TimedOut(_) => {
                if self.log.allows() {
                    warn!(peer, "connection closed: {close}");
                }
            }
        }
    }
}

impl Close {
    /// All that [`Self::name`] can be.
    pub(crate) const NAMES: [&str; 13] = [
        "acks_unread",
        "broken",
        "dead_letters",
        "frame_timeout",
        "handshake",
        "internal",
        "no_memory",
        "peer_left",
        "protocol",
        "proxy",
        "refused",
        "shutting_down",
        "stall_timeout",
    ];

    /// What it is counted as.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::AcksUnread(_) => "acks_unread",
            Self::Broken(_) => "broken",
            Self::Handshake(_) => "handshake",
            Self::Internal => "internal",
            Self::LettersWait => "dead_letters",
            Self::NoMemory(_) => "no_memory",
            Self::NoProxyHeader(_) | Self::Proxy(_) => "proxy",
            Self::PeerLeft => "peer_left",
            Self::Protocol(_) => "protocol",
            Self::Refused(_) => "refused",
            Self::ShuttingDown => "shutting_down",
            Self::Stalled(_) => "stall_timeout",
            Self::TimedOut(_) => "frame_timeout",
        }
    }

    /// Why the connection ends when the reader has ended for this reason and the acker so.
    fn after(self, acker: Option<Self>) -> Self {
        match (self, acker) {
            // That a window is cut short then is our doing.
            (Self::ShuttingDown, _) => Self::ShuttingDown,
            (Self::PeerLeft, Some(failure)) => failure,
            (reason, _) => reason,
        }
    }
}

impl fmt::Display for Close {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AcksUnread(time) => {
                write!(f, "the peer has not read its ACKs for {time:?}")
            }
            Self::Broken(error) => write!(f, "{error}"),
            Self::Handshake(reason) => write!(f, "{reason}"),
            Self::Internal => f.write_str("a window could not be worked on"),
            Self::LettersWait => f.write_str(
                "dead letters cannot be kept at present, and those of its address take the most memory of all that wait: make room \
                 for them (sawmill dead-letters purge, or more disk), or set dead_letters.when_full",
            ),
            Self::NoMemory(time) => write!(
                f,
                "no memory for its window within {time:?}: the output is too slow for what is sent, or \
                 memory.budget too small"
            ),
            Self::PeerLeft => f.write_str("the peer left"),
            Self::Protocol(error) => match error.hint() {
                Some(hint) => write!(f, "{error}; {hint}"),
                None => write!(f, "{error}"),
            },
            Self::NoProxyHeader(time) => write!(
                f,
                "no PROXY protocol header within {time:?}: turn it on at the load balancer, or take the load balancer out of \
                 input.beats.proxy_networks"
            ),
            Self::Proxy(error) => write!(
                f,
                "{error}; whoever connects from input.beats.proxy_networks must begin with such a header: turn it on at the \
                 load balancer, or take the address out"
            ),
            Self::Refused(refusal) => write!(f, "{refusal}"),
            Self::ShuttingDown => f.write_str("shutting down"),
            Self::Stalled(time) => {
                write!(
                    f,
                    "its oldest window waited {time:?} for the output (stall_timeout)"
                )
            }
            Self::TimedOut(time) => {
                write!(
                    f,
                    "what it began was not whole within {time:?} (input.beats.frame_timeout)"
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn who_is_sent_away_after_it_has_spoken_sees_the_end_and_no_reset() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        client.write_all(&[0x16; 10_000]).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        stream.readable().await.unwrap();
        part(&stream);
        drop(stream);
        let mut heard = Vec::new();
        assert_eq!(client.read_to_end(&mut heard).await.unwrap(), 0);
    }
}
