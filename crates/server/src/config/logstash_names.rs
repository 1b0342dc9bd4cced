//! What Logstash calls a setting, and what is written here instead.

/// By the table that such a name may be found in: Logstash's name, and what to do about it.
///
/// Names that older versions of its plugins had are here too: a config is often older than its Logstash.
const NAMES: [(&str, &[(&str, Instead)]); 2] = [
    ("input.beats", BEATS),
    ("output.elasticsearch", ELASTICSEARCH),
];

/// What to do about a name of Logstash's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Instead {
    /// Take it out, for this reason.
    LeaveOut(&'static str),
    /// Write this one.
    Write(&'static str),
    /// Write this one, with this to know.
    WriteSo(&'static str, &'static str),
}

use Instead::{LeaveOut, Write, WriteSo};

/// The options of its `beats` input.
const BEATS: &[(&str, Instead)] = &[
    (
        "add_hostname",
        LeaveOut("Filebeat says in `host.name` where an event is from"),
    ),
    ("cipher_suites", Write("input.beats.tls.cipher_suites")),
    (
        "client_inactivity_timeout",
        LeaveOut("idle connections are never closed"),
    ),
    ("enrich", LeaveOut(IN_METADATA)),
    ("event_loop_threads", LeaveOut(AS_MANY_AS_CORES)),
    ("executor_threads", LeaveOut(AS_MANY_AS_CORES)),
    ("host", WriteSo("input.beats.listen", "HOST:PORT")),
    (
        "include_codec_tag",
        LeaveOut("no codec is there, and no tag for one"),
    ),
    ("port", WriteSo("input.beats.listen", "HOST:PORT")),
    ("ssl", LeaveOut(ON_WITH_A_CERTIFICATE)),
    ("ssl_certificate", Write("input.beats.tls.certificate")),
    (
        "ssl_certificate_authorities",
        Write("input.beats.tls.client_authorities"),
    ),
    ("ssl_cipher_suites", Write("input.beats.tls.cipher_suites")),
    (
        "ssl_client_authentication",
        Write("input.beats.tls.client_authentication"),
    ),
    ("ssl_enabled", LeaveOut(ON_WITH_A_CERTIFICATE)),
    (
        "ssl_handshake_timeout",
        WriteSo(
            "input.beats.tls.handshake_timeout",
            "with a unit, such as 10s",
        ),
    ),
    ("ssl_key", Write("input.beats.tls.key")),
    (
        "ssl_key_passphrase",
        Write("input.beats.tls.key_passphrase"),
    ),
    ("ssl_peer_metadata", LeaveOut(IN_METADATA)),
    ("ssl_supported_protocols", Write("input.beats.tls.versions")),
    (
        "ssl_verify_mode",
        WriteSo(
            "input.beats.tls.client_authentication",
            "none, optional for `peer`, required for `force_peer`",
        ),
    ),
    ("tls_max_version", Write("input.beats.tls.versions")),
    ("tls_min_version", Write("input.beats.tls.versions")),
];

const AS_MANY_AS_CORES: &str = "there are as many threads as cores";
const IN_METADATA: &str = "what is known of a client is in `[@metadata]` for filters that ask";
const ON_WITH_A_CERTIFICATE: &str = "TLS is on when input.beats.tls.certificate is given";

/// The options of its `elasticsearch` output.
const ELASTICSEARCH: &[(&str, Instead)] = &[
    ("action", LeaveOut(CREATE)),
    ("ca_trusted_fingerprint", Write("ca_fingerprint")),
    ("cacert", Write("ca_file")),
    (
        "cloud_auth",
        WriteSo("user", "and `password` for what stands after its colon"),
    ),
    ("compression_level", Write("gzip")),
    ("data_stream", LeaveOut(STREAMS)),
    ("data_stream_auto_routing", LeaveOut(STREAMS)),
    ("http_compression", WriteSo("gzip", "a level from 1 to 9")),
    ("index", LeaveOut(STREAMS)),
    ("keystore", WriteSo("client_certificate", AND_KEY_IN_PEM)),
    (
        "keystore_password",
        WriteSo("client_key_passphrase_file", "a file that holds it"),
    ),
    ("manage_template", LeaveOut(NO_TEMPLATES)),
    (
        "retry_initial_interval",
        WriteSo("retry_initial", "with a unit, such as 2s"),
    ),
    (
        "retry_max_interval",
        WriteSo("retry_max", "with a unit, such as 64s"),
    ),
    ("sniffing", WriteSo("sniffing_interval", "such as 30s")),
    ("sniffing_delay", WriteSo("sniffing_interval", "such as 5s")),
    ("ssl", LeaveOut(ON_WITH_HTTPS)),
    ("ssl_certificate", Write("client_certificate")),
    (
        "ssl_certificate_authorities",
        WriteSo("ca_file", "one PEM file with all of them"),
    ),
    (
        "ssl_certificate_verification",
        WriteSo("verification", "full for true, none for false"),
    ),
    ("ssl_cipher_suites", LeaveOut(WHAT_IS_SAFE)),
    ("ssl_enabled", LeaveOut(ON_WITH_HTTPS)),
    ("ssl_key", Write("client_key")),
    (
        "ssl_keystore_password",
        WriteSo("client_key_passphrase_file", "a file that holds it"),
    ),
    (
        "ssl_keystore_path",
        WriteSo("client_certificate", AND_KEY_IN_PEM),
    ),
    ("ssl_keystore_type", LeaveOut(PEM_ONLY)),
    ("ssl_supported_protocols", LeaveOut(WHAT_IS_SAFE)),
    ("ssl_truststore_password", LeaveOut(PEM_ONLY)),
    ("ssl_truststore_path", WriteSo("ca_file", KEYTOOL)),
    ("ssl_truststore_type", LeaveOut(PEM_ONLY)),
    (
        "ssl_verification_mode",
        WriteSo("verification", "full, certificate or none"),
    ),
    ("template", LeaveOut(NO_TEMPLATES)),
    (
        "timeout",
        WriteSo("request_timeout", "with a unit, such as 60s"),
    ),
    ("truststore", WriteSo("ca_file", KEYTOOL)),
    ("truststore_password", LeaveOut(PEM_ONLY)),
];

const AND_KEY_IN_PEM: &str =
    "and `client_key`, both PEM, which `openssl pkcs12 -in FILE` makes of it";
const CREATE: &str = "documents are created in data streams and never changed";
const KEYTOOL: &str = "in PEM, which `keytool -list -rfc -keystore FILE` makes of it";
const NO_TEMPLATES: &str = "templates are not made here; setup/setup.sh makes one";
const ON_WITH_HTTPS: &str = "TLS is spoken to hosts with https://";
const PEM_ONLY: &str = "certificates and keys are PEM files here";
const STREAMS: &str = "events go to data streams, whose names come from their `data_stream` fields";
const WHAT_IS_SAFE: &str = "TLS 1.3 and 1.2 are spoken with all suites that are safe";

/// What to write in place of Logstash's `name` in `table`, if it is one of its names.
pub(super) fn instead_of(table: &str, name: &str) -> Option<String> {
    let (_, names) = NAMES.iter().find(|(known, _)| *known == table)?;
    let (_, instead) = names.iter().find(|(known, _)| *known == name)?;
    Some(match instead {
        LeaveOut(reason) => format!("leave out Logstash's `{name}`: {reason}"),
        Write(ours) => format!("Logstash's `{name}` is `{ours}` here"),
        WriteSo(ours, how) => format!("Logstash's `{name}` is `{ours}` here: {how}"),
    })
}

#[cfg(test)]
mod tests {
    use figment::value::Value;

    use super::*;
    use crate::config::file::ConfigFile;
    use crate::config::overrides::leaves;

    #[test]
    fn names_are_looked_up_in_their_table() {
        for (table, name, want) in [
            (
                "output.elasticsearch",
                "cacert",
                Some("Logstash's `cacert` is `ca_file` here"),
            ),
            (
                "output.elasticsearch",
                "ssl_key",
                Some("Logstash's `ssl_key` is `client_key` here"),
            ),
            (
                "input.beats",
                "ssl_key",
                Some("Logstash's `ssl_key` is `input.beats.tls.key` here"),
            ),
            (
                "input.beats",
                "client_inactivity_timeout",
                Some(
                    "leave out Logstash's `client_inactivity_timeout`: idle connections are never closed",
                ),
            ),
            (
                "input.beats",
                "enrich",
                Some(
                    "leave out Logstash's `enrich`: what is known of a client is in `[@metadata]` for filters that ask",
                ),
            ),
            (
                "input.beats",
                "executor_threads",
                Some("leave out Logstash's `executor_threads`: there are as many threads as cores"),
            ),
            (
                "output.elasticsearch",
                "ssl_cipher_suites",
                Some(
                    "leave out Logstash's `ssl_cipher_suites`: TLS 1.3 and 1.2 are spoken with all suites that are safe",
                ),
            ),
            ("input.beats", "cacert", None),
            ("output", "cacert", None),
            ("", "port", None),
        ] {
            assert_eq!(instead_of(table, name).as_deref(), want, "{table} {name}");
        }
    }

    #[test]
    fn each_name_is_there_once_and_is_not_also_ours() {
        let values = Value::serialize(ConfigFile::default()).unwrap();
        let mut ours = Vec::new();
        leaves("", &values.into_dict().unwrap(), &mut ours);
        let is_ours = |key: &str| ours.iter().any(|(known, _)| known == key);
        for (table, names) in NAMES {
            assert!(names.is_sorted_by(|(a, _), (b, _)| a < b), "{table}");
            for (name, instead) in names {
                assert!(!is_ours(&format!("{table}.{name}")), "{table}.{name}");
                if let (Write(target) | WriteSo(target, _), "output.elasticsearch") =
                    (instead, table)
                {
                    assert!(is_ours(&format!("{table}.{target}")), "{target}");
                }
            }
        }
    }
}
