//! What went wrong with a connection, in words that say what to do.

use std::error::Error;
use std::io;

use rustls::{AlertDescription, CertificateError, Error as TlsError, InvalidMessage};

use super::Tls;
use super::verifier::NoSuchFingerprint;

/// What lies below the client library's and its HTTP client's own errors, outermost first: those two only repeat the
/// URL. What TLS found is said in our words, since the libraries' own speak of alerts and issuers.
pub(crate) fn reason(error: &(dyn Error + 'static), host: &str, tls: &Tls) -> String {
    let below = || std::iter::successors(error.source(), |&error| error.source()).skip(1);
    if let Some(words) = below()
        .find_map(found_by_tls)
        .and_then(|error| words(error, tls))
    {
        return words;
    }
    let texts: Vec<String> = below().map(ToString::to_string).collect();
    let text = if texts.is_empty() {
        error.to_string()
    } else {
        texts.join(": ")
    };
    if host.starts_with("http://") && is_no_http(&text) {
        return format!("{text}; if TLS is spoken there, give the host as https://");
    }
    text
}

/// The TLS error within an I/O error. Its `source` leaves out what it holds.
fn found_by_tls<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a TlsError> {
    if let Some(error) = error.downcast_ref::<TlsError>() {
        return Some(error);
    }
    let inner: &'a (dyn Error + 'static) = error.downcast_ref::<io::Error>()?.get_ref()?;
    found_by_tls(inner)
}

/// What a port that waits for TLS does with a request that is none: it hangs up, as Elasticsearch does, or sends an alert.
fn is_no_http(text: &str) -> bool {
    text.contains("connection closed before message completed")
        || text.contains("invalid HTTP version parsed")
}

fn words(error: &TlsError, tls: &Tls) -> Option<String> {
    match error {
        TlsError::InvalidCertificate(error) => certificate_words(error, tls),
        TlsError::InvalidMessage(InvalidMessage::InvalidContentType) => Some(
            "no TLS is spoken there: give the host as http://, or turn TLS on in Elasticsearch \
             (xpack.security.http.ssl.enabled)"
                .to_owned(),
        ),
        TlsError::AlertReceived(alert) => alert_words(*alert, tls),
        TlsError::PeerIncompatible(_) => Some(format!(
            "no TLS version or cipher is spoken on both sides ({error}): TLS 1.2 and 1.3 are spoken here"
        )),
        _ => None,
    }
}

fn alert_words(alert: AlertDescription, tls: &Tls) -> Option<String> {
    use AlertDescription as Alert;
    match (alert, &tls.client) {
        // What TLS 1.3 has for it, and what Java says instead.
        (Alert::CertificateRequired, _) | (Alert::BadCertificate, None) => Some(format!(
            "the host asks for a client's certificate, and there is none ({alert:?}): give `client_certificate` \
             and `client_key`"
        )),
        (
            Alert::BadCertificate
            | Alert::CertificateExpired
            | Alert::CertificateRevoked
            | Alert::CertificateUnknown
            | Alert::DecryptError
            | Alert::UnknownCA
            | Alert::UnsupportedCertificate,
            Some(client),
        ) => Some(format!(
            "the host does not take the certificate in {} ({alert:?}): see that its authority is one of \
             xpack.security.http.ssl.certificate_authorities there, and that it is of now",
            client.certificate.display()
        )),
        // TLS 1.2 has nothing more exact.
        (Alert::HandshakeFailure, None) => Some(
            "the host breaks off (HandshakeFailure): it may ask for a client's certificate (`client_certificate`, \
             `client_key`), or speak no version or cipher that is spoken here (TLS 1.2 and 1.3)"
                .to_owned(),
        ),
        _ => None,
    }
}

fn certificate_words(error: &CertificateError, tls: &Tls) -> Option<String> {
    use CertificateError as Fault;
    match error {
        // The latter is from one who has the name of one that is believed: an authority that was made anew.
        Fault::UnknownIssuer | Fault::BadSignature => Some(format!(
            "nobody who is believed here signed its certificate: {}",
            match tls.ca_file {
                None => "give `ca_file` or `ca_fingerprint`",
                Some(_) => "`ca_file` must hold the authority that did",
            }
        )),
        Fault::Other(error) if error.0.is::<NoSuchFingerprint>() => Some(
            "no certificate that it shows has the SHA-256 of `ca_fingerprint`, and nobody else who is believed here signed it: \
             compare with `openssl x509 -in http_ca.crt -noout -sha256 -fingerprint`, and see that the host shows its \
             authority's certificate too, or give `ca_file`"
                .to_owned(),
        ),
        // rustls has no words for it, and it is what `openssl req -x509` makes unless told otherwise.
        Fault::Other(error) if format!("{error:?}").contains("CaUsedAsEndEntity") => Some(
            "its certificate is an authority's own; the host needs one that the authority has signed".to_owned(),
        ),
        Fault::ExpiredContext { time, not_after } => {
            let ago = time.as_secs().saturating_sub(not_after.as_secs());
            Some(format!(
                "its certificate expired {} ago: it needs a new one, if this machine's clock is right",
                rough(ago)
            ))
        }
        Fault::NotValidYetContext { time, not_before } => {
            let ahead = not_before.as_secs().saturating_sub(time.as_secs());
            Some(format!(
                "its certificate is not valid for {} yet: look at the clocks of both machines",
                rough(ahead)
            ))
        }
        Fault::NotValidForNameContext { expected, presented } => {
            let names: Vec<&str> = presented.iter().map(|name| bare(name)).collect();
            let names = names.join(", ");
            let names = if names.is_empty() { "no name at all" } else { &names };
            Some(format!(
                "its certificate is not for `{}` but for {names}: give the host by such a name, or let it have a \
                 certificate for this one; `verification = \"certificate\"` does not look at names",
                expected.to_str()
            ))
        }
        _ => None,
    }
}

/// The name in `DnsName("a")` or `IpAddress(::1)`, as rustls has them.
fn bare(name: &str) -> &str {
    let inner = name.split_once('(').map_or(name, |(_, rest)| rest);
    inner.trim_end_matches(')').trim_matches('"')
}

/// A length of time in its largest unit.
fn rough(seconds: u64) -> String {
    match seconds {
        ..3600 => format!("{} min", seconds / 60),
        3600..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use sawmill_credentials::KeyPair;

    use super::*;

    #[test]
    fn an_alert_means_another_thing_when_a_certificate_was_shown() {
        let with = Tls {
            client: Some(KeyPair {
                certificate: "sawmill.crt".into(),
                key: "sawmill.key".into(),
                passphrase: None,
            }),
            ..Tls::default()
        };
        let without = Tls::default();
        let missing = "asks for a client's certificate, and there is none";
        for (alert, tls, want) in [
            (
                AlertDescription::CertificateRequired,
                &without,
                Some(missing),
            ),
            (AlertDescription::BadCertificate, &without, Some(missing)),
            (
                AlertDescription::BadCertificate,
                &with,
                Some("in sawmill.crt (BadCertificate)"),
            ),
            (
                AlertDescription::HandshakeFailure,
                &without,
                Some("it may ask for"),
            ),
            (AlertDescription::HandshakeFailure, &with, None),
            (AlertDescription::InternalError, &without, None),
        ] {
            let said = alert_words(alert, tls);
            match want {
                None => assert_eq!(said, None, "{alert:?}"),
                Some(want) => assert!(said.unwrap().contains(want), "{alert:?}"),
            }
        }
    }

    #[test]
    fn names_and_times_are_told_as_people_do() {
        assert_eq!(bare("DnsName(\"*.a.example\")"), "*.a.example");
        assert_eq!(bare("IpAddress(::1)"), "::1");
        for (seconds, want) in [
            (59, "0 min"),
            (3599, "59 min"),
            (3600, "1 h"),
            (172_800, "2 days"),
        ] {
            assert_eq!(rough(seconds), want);
        }
    }
}
