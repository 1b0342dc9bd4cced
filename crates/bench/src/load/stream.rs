//! The bytes to and from the server, plain or over TLS.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::error::BenchError;

/// So long a server may take to accept, and so long again for the TLS handshake.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How to reach the server.
#[derive(Clone, Debug)]
pub struct Route {
    /// The server as it was named.
    pub target: String,
    /// Its addresses; the first that answers is taken.
    pub addresses: Vec<SocketAddr>,
    /// TLS, if the server speaks it.
    pub tls: Option<TlsRoute>,
}

/// How to speak TLS with it.
#[derive(Clone, Debug)]
pub struct TlsRoute {
    /// Certificates and all that.
    pub config: Arc<ClientConfig>,
    /// The name that must stand in the server's certificate.
    pub server_name: ServerName<'static>,
}

/// A connection.
#[derive(Debug)]
pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Route {
    /// Opens a connection; its number, from 1, is for errors.
    pub(super) async fn connect(&self, connection: u32) -> Result<Stream, BenchError> {
        let tcp = self
            .connect_tcp()
            .await
            .map_err(|reason| BenchError::Unreachable {
                target: self.target.clone(),
                connection,
                reason,
            })?;
        let Some(TlsRoute {
            config,
            server_name,
        }) = &self.tls
        else {
            return Ok(Stream::Plain(tcp));
        };
        let handshake = TlsConnector::from(Arc::clone(config)).connect(server_name.clone(), tcp);
        let tls = match timeout(CONNECT_TIMEOUT, handshake).await {
            Ok(done) => done,
            Err(_) => Err(timed_out()),
        };
        let tls = tls.map_err(|reason| BenchError::TlsHandshake {
            target: self.target.clone(),
            connection,
            reason,
        })?;
        Ok(Stream::Tls(Box::new(tls)))
    }

    async fn connect_tcp(&self) -> io::Result<TcpStream> {
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        for address in &self.addresses {
            match timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    // As Go's connections are.
                    stream.set_nodelay(true)?;
                    return Ok(stream);
                }
                Ok(Err(error)) => last = error,
                Err(_) => last = timed_out(),
            }
        }
        Err(last)
    }
}

fn timed_out() -> io::Error {
    io::Error::new(
        io::ErrorKind::TimedOut,
        format!("no answer for {CONNECT_TIMEOUT:?}"),
    )
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
