use std::fmt;

/// The first bytes of what should have been a frame: up to four, fewer if no more had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirstBytes {
    bytes: [u8; 4],
    length: u8,
}

impl FirstBytes {
    /// The beginning of `input`.
    pub fn of(input: &[u8]) -> Self {
        let mut bytes = [0; 4];
        let length = input.len().min(bytes.len());
        bytes[..length].copy_from_slice(&input[..length]);
        Self {
            bytes,
            length: length as u8,
        }
    }

    /// The bytes themselves.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    /// Who begins to speak like this, and what to do about it.
    pub(crate) fn stranger(self) -> Option<&'static str> {
        STRANGERS
            .iter()
            .find(|(beginning, _)| self.as_bytes().starts_with(beginning))
            .map(|(_, hint)| *hint)
    }
}

impl fmt::Display for FirstBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_bytes().escape_ascii().fmt(f)
    }
}

/// Beginnings of what else people point at a Beats port. Logstash says "Invalid version of beats protocol: 22" and
/// leaves it to the reader to know that 22 is TLS.
const STRANGERS: [(&[u8], &str); 17] = [
    (b"\x16", TLS),
    (b"CONN", HTTP),
    (b"DELE", HTTP),
    (b"GET ", HTTP),
    (b"HEAD", HTTP),
    (b"OPTI", HTTP),
    (b"PATC", HTTP),
    (b"POST", HTTP),
    (b"PRI ", HTTP),
    (b"PUT ", HTTP),
    (b"PROX", PROXY),
    (b"\r\n\r\n", PROXY),
    (b"SSH-", SSH),
    (b"<", SYSLOG),
    (b"{", JSON),
    (b"[", JSON),
    (b"\"", JSON),
];

const TLS: &str = "looks like TLS on a port without it: \
    turn TLS on for this input, or off in the client (ssl.enabled: false)";
const HTTP: &str = "looks like HTTP: in Filebeat use output.logstash, not output.elasticsearch; \
    point health checks at the API port";
const PROXY: &str = "looks like a PROXY protocol header: \
    turn the PROXY protocol on for this input, or off at the load balancer";
const SSH: &str = "looks like SSH: the client has the wrong port";
const SYSLOG: &str = "looks like syslog: this port takes Beats only, send syslog elsewhere";
const JSON: &str = "looks like bare JSON: this port takes Beats only, let Filebeat send it";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_has_the_wrong_port_is_recognised() {
        for (beginning, want) in [
            (&b"\x16\x03\x01\x02\x00\x01"[..], Some(TLS)),
            (b"\x16", Some(TLS)),
            (b"GET /_bulk HTTP/1.1", Some(HTTP)),
            (b"POST /_bulk HTTP/1.1", Some(HTTP)),
            (b"HEAD / HTTP/1.1", Some(HTTP)),
            (b"PRI * HTTP/2.0", Some(HTTP)),
            (b"PROXY TCP4 10.0.0.1 10.0.0.2 1 2", Some(PROXY)),
            (b"\r\n\r\n\0\r\nQUIT\n", Some(PROXY)),
            (b"SSH-2.0-OpenSSH_9.2", Some(SSH)),
            (b"<34>1 2025-02-02T12:34:56Z", Some(SYSLOG)),
            (b"{\"message\":\"a\"}", Some(JSON)),
            (b"[{}]", Some(JSON)),
            (b"\"a\"", Some(JSON)),
            (b"hello", None),
            (b"", None),
        ] {
            let found = FirstBytes::of(beginning);
            assert_eq!(found.stranger(), want, "{found}");
        }
    }
}
