//! The handshake, and what goes wrong in it.

use std::fmt;
use std::io;
use std::time::Duration;

use rustls::{AlertDescription, CertificateError, Error, HandshakeKind, InvalidMessage};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::Tls;
use crate::incoming::is_end;

/// Why there is no TLS with a client.
#[derive(Debug)]
pub(crate) enum NoHandshake {
    /// It left without a word, as a probe of the port does.
    Left,
    /// The two do not agree.
    Refused(io::Error),
    /// It took too long.
    TimedOut(Duration),
}

/// How a handshake ended, for those who count.
#[derive(Clone, Copy, Debug)]
pub(crate) enum HandshakeEnd {
    /// Both agree, and have computed keys for it.
    Full,
    /// The client left.
    Left,
    /// They do not agree.
    Refused,
    /// Both agree, on keys of a session that they had before.
    Resumed,
    /// The client took too long.
    TimedOut,
}

/// Agrees with a client on keys.
pub(crate) async fn shake_hands<'a>(
    stream: &'a mut TcpStream,
    tls: &Tls,
) -> Result<TlsStream<&'a mut TcpStream>, NoHandshake> {
    let acceptor = TlsAcceptor::from(tls.server());
    match timeout(tls.handshake_timeout, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) if is_end(&error) => Err(NoHandshake::Left),
        Ok(Err(error)) => Err(NoHandshake::Refused(error)),
        Err(_) => Err(NoHandshake::TimedOut(tls.handshake_timeout)),
    }
}

impl HandshakeEnd {
    pub(crate) const ALL: [Self; 5] = [
        Self::Full,
        Self::Left,
        Self::Refused,
        Self::Resumed,
        Self::TimedOut,
    ];

    /// How this one ended.
    pub(crate) fn of(agreed: &Result<TlsStream<&mut TcpStream>, NoHandshake>) -> Self {
        match agreed {
            Ok(stream) => match stream.get_ref().1.handshake_kind() {
                Some(HandshakeKind::Resumed) => Self::Resumed,
                Some(HandshakeKind::Full | HandshakeKind::FullWithHelloRetryRequest) | None => {
                    Self::Full
                }
            },
            Err(NoHandshake::Left) => Self::Left,
            Err(NoHandshake::Refused(_)) => Self::Refused,
            Err(NoHandshake::TimedOut(_)) => Self::TimedOut,
        }
    }

    /// In the metrics.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Left => "left",
            Self::Refused => "refused",
            Self::Resumed => "resumed",
            Self::TimedOut => "timed_out",
        }
    }
}

impl fmt::Display for NoHandshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Left => f.write_str("the peer left before TLS was agreed on"),
            Self::Refused(error) => match (words(error), hint(error)) {
                (words, Some(hint)) => write!(f, "no TLS: {words}; {hint}"),
                (words, None) => write!(f, "no TLS: {words}"),
            },
            Self::TimedOut(time) => write!(
                f,
                "no TLS within {time:?} (input.beats.tls.handshake_timeout): the client is slow, or waits for \
                 something else than TLS"
            ),
        }
    }
}

/// What is wrong; for some of it rustls has only the names of its types.
fn words(error: &io::Error) -> String {
    let inner = error.get_ref().and_then(|error| error.downcast_ref());
    match inner {
        Some(Error::InvalidCertificate(CertificateError::Other(error))) => {
            format!("the client's certificate is not taken: {error}")
        }
        _ => error.to_string(),
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
        Error::NoCertificatesPresented => Some(
            "the client shows no certificate: give it one (ssl.certificate and ssl.key in Filebeat)",
        ),
        Error::InvalidCertificate(error) => hint_at_certificate(error),
        _ => None,
    }
}

/// What to do about a client's certificate that is not taken.
fn hint_at_certificate(error: &CertificateError) -> Option<&'static str> {
    match error {
        CertificateError::UnknownIssuer => Some(
            "no authority of input.beats.tls.client_authorities has signed the client's certificate; \
             those between the two belong into the client's file or among the authorities",
        ),
        CertificateError::Other(error) if error.to_string() == "CaUsedAsEndEntity" => Some(
            "it is an authority's own: name it in input.beats.tls.client_certificates, or have one signed by it",
        ),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            Some("the client's certificate has expired: give it a new one")
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            Some("the client's certificate does not hold yet: look at the clocks of both machines")
        }
        CertificateError::Revoked => Some("the client's certificate was taken back"),
        CertificateError::UnknownRevocationStatus => Some(
            "no list of input.beats.tls.revocation_lists is of the authority that signed the client's certificate",
        ),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            Some("the client's certificate is not made for clients (extended key usage clientAuth)")
        }
        _ => None,
    }
}
