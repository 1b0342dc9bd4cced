//! One connection, from its first byte to its close.
//!
//! ```text
//! reader:  read → frames → pieces ─┐        (keeps reading while windows are pending)
//! pieces:                          └─▶ inflate → events → body → output → settled
//! acker:   windows in order of arrival → wait until settled → ACK, keepalives meanwhile
//! ```

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use sawmill_lumberjack::FrameError;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::acker::Acker;
use crate::config::{BeatsInput, Tls};
use crate::reader::Reader;
use crate::tls::{NoHandshake, shake_hands};
use crate::works::Works;

/// Why a connection ends.
#[derive(Debug)]
pub(crate) enum Close {
    /// It broke.
    Broken(std::io::Error),
    /// There is no TLS with the peer.
    Handshake(NoHandshake),
    /// A bug of ours kept a window from being worked on.
    Internal,
    /// The memory budget had no room for what the peer sends.
    NoMemory(Duration),
    /// The peer closed it.
    PeerLeft,
    /// The peer broke the protocol.
    Protocol(FrameError),
    /// Sawmill is shutting down.
    ShuttingDown,
    /// The oldest window waited too long for Elasticsearch.
    Stalled(Duration),
    /// The peer stopped in the middle of something.
    TimedOut(Duration),
}

/// Serves a connection until one side ends it.
pub(crate) async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    settings: Arc<BeatsInput>,
    works: Works,
    shutdown: CancellationToken,
) {
    let peer: Arc<str> = peer.to_string().into();
    debug!(%peer, "connected");
    match &settings.tls {
        None => {
            let mut stream = stream;
            let (read, write) = stream.split();
            let close = converse(read, write, &peer, &settings, works, shutdown).await;
            report(&peer, &close);
            hang_up(stream).await;
        }
        // A TLS session is large, and the future of a plain connection need not be.
        Some(tls) => Box::pin(serve_tls(stream, tls, &peer, &settings, works, shutdown)).await,
    }
}

async fn serve_tls(
    stream: TcpStream,
    tls: &Tls,
    peer: &Arc<str>,
    settings: &BeatsInput,
    works: Works,
    shutdown: CancellationToken,
) {
    let agreed = tokio::select! {
        agreed = shake_hands(stream, tls) => agreed,
        () = shutdown.cancelled() => return,
    };
    match agreed {
        Ok(stream) => serve_split(stream, peer, settings, works, shutdown).await,
        Err(reason) => report(peer, &Close::Handshake(reason)),
    }
}

/// Serves a stream that has no halves of its own.
pub(crate) async fn serve_split(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    peer: &Arc<str>,
    settings: &BeatsInput,
    works: Works,
    shutdown: CancellationToken,
) {
    let (read, write) = split(&mut stream);
    let close = converse(read, write, peer, settings, works, shutdown).await;
    report(peer, &close);
    hang_up(stream).await;
}

/// Reads windows and acknowledges them, both at the same time.
async fn converse(
    read: impl AsyncRead + Unpin,
    write: impl AsyncWrite + Unpin,
    peer: &Arc<str>,
    settings: &BeatsInput,
    works: Works,
    shutdown: CancellationToken,
) -> Close {
    let (windows, in_order) = mpsc::channel(settings.windows_ahead_max);
    let gone = CancellationToken::new();
    // However this ends, work that has not begun need not begin.
    let _gone = gone.clone().drop_guard();
    let mut reader = Reader::new(read, Arc::clone(peer), settings, works, windows, gone);

    let reading = async {
        let close = tokio::select! {
            biased;
            () = shutdown.cancelled() => Close::ShuttingDown,
            close = reader.run() => close,
        };
        reader.stop();
        close
    };
    let acking = Acker::new(write, in_order, settings).run();
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
    let _ = stream.shutdown().await;
    // On the heap: in the future it would be part of every connection from its beginning.
    let mut forgotten = vec![0; 4096];
    let drain = async {
        while stream
            .read(&mut forgotten)
            .await
            .is_ok_and(|bytes| bytes > 0)
        {}
    };
    let _ = timeout(PATIENCE, drain).await;
}

/// What the peer did wrong is ours to say; that it left is not worth a line.
fn report(peer: &str, close: &Close) {
    match close {
        Close::PeerLeft | Close::ShuttingDown | Close::Handshake(NoHandshake::Left) => {
            debug!(peer, "closed: {close}");
        }
        Close::Broken(_)
        | Close::Handshake(NoHandshake::Refused(_) | NoHandshake::TimedOut(_))
        | Close::Internal
        | Close::NoMemory(_)
        | Close::Protocol(_)
        | Close::Stalled(_)
        | Close::TimedOut(_) => warn!(peer, "connection closed: {close}"),
    }
}

impl Close {
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
            Self::Broken(error) => write!(f, "{error}"),
            Self::Handshake(reason) => write!(f, "{reason}"),
            Self::Internal => f.write_str("a window could not be worked on"),
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
                    "nothing came for {time:?} in the middle of a window (frame_timeout)"
                )
            }
        }
    }
}
