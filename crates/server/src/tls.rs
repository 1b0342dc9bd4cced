//! TLS towards clients: the handshake, and what goes wrong in it.

use std::fmt;
use std::io;

use rustls::{AlertDescription, Error, InvalidMessage};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::config::Tls;

/// Why there is no TLS with a client.
#[derive(Debug)]
pub(crate) enum NoHandshake {
    /// It left without a word, as a probe of the port does.
    Left,
    /// The two do not agree.
    Refused(io::Error),
    /// It took too long.
    TimedOut(std::time::Duration),
}

/// Agrees with a client on keys.
pub(crate) async fn shake_hands(
    stream: TcpStream,
    tls: &Tls,
) -> Result<TlsStream<TcpStream>, NoHandshake> {
    let acceptor = TlsAcceptor::from(std::sync::Arc::clone(&tls.server));
    match timeout(tls.handshake_timeout, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => Err(NoHandshake::Left),
        Ok(Err(error)) => Err(NoHandshake::Refused(error)),
        Err(_) => Err(NoHandshake::TimedOut(tls.handshake_timeout)),
    }
}

impl fmt::Display for NoHandshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Left => f.write_str("the peer left before TLS was agreed on"),
            Self::Refused(error) => match hint(error) {
                Some(hint) => write!(f, "no TLS: {error}; {hint}"),
                None => write!(f, "no TLS: {error}"),
            },
            Self::TimedOut(time) => write!(
                f,
                "no TLS within {time:?} (input.beats.tls.handshake_timeout): the client is slow, or waits for \
                 something else than TLS"
            ),
        }
    }
}

/// What to do about it.
fn hint(error: &io::Error) -> Option<&'static str> {
    let error = error.get_ref()?.downcast_ref::<Error>()?;
    match error {
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => Some(
            "it does not look like TLS: turn TLS on in the client (ssl.enabled: true), or off for this input",
        ),
        Error::AlertReceived(
            AlertDescription::UnknownCA
            | AlertDescription::BadCertificate
            | AlertDescription::CertificateUnknown,
        ) => Some(
            "the client does not trust our certificate: give it the authority that signed it \
             (ssl.certificate_authorities), and look whether the certificate has the name that the client calls",
        ),
        Error::PeerIncompatible(_) => {
            Some("the client speaks other versions or ciphers: TLS 1.2 and 1.3 are spoken here")
        }
        _ => None,
    }
}
