//! What a user may write, key by key. The doc comments are the manual's text.

use std::path::PathBuf;

use figment::value::Value;
use sawmill_credentials::Secret;
use serde::{Deserialize, Serialize};

use super::units::{ByteSize, Paths, Span, Words};

/// Tables that are planned and that this version does not know, and what to do about them.
pub(super) const NOT_YET: [(&str, &str); 2] = [
    (
        "output.stdout",
        "take it out; `output.local` writes events to files",
    ),
    ("test", "take it out: this version does not run tests"),
];

/// The planned table that a key is, or lies in.
pub(super) fn not_yet(key: &str) -> Option<(&'static str, &'static str)> {
    let holds = |(table, _): &(&str, &str)| {
        key.strip_prefix(table)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    NOT_YET.into_iter().find(holds)
}

/// The whole of `pipeline.toml`.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ConfigFile {
    /// What Sawmill tells those who watch it.
    pub(crate) api: ApiTable,
    /// Events that were refused or could not be read.
    pub(crate) dead_letters: DeadLettersTable,
    /// The filters, in their order; read one by one, so that an error knows its filter.
    #[serde(skip_serializing)]
    pub(crate) filter: Vec<Value>,
    /// Where events come from.
    pub(crate) input: InputTable,
    /// What Sawmill says about itself.
    pub(crate) log: LogTable,
    /// The memory that events may take.
    pub(crate) memory: MemoryTable,
    /// Where events go.
    pub(crate) output: OutputTable,
    /// The end.
    pub(crate) shutdown: ShutdownTable,
}

/// `[api]`
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ApiTable {
    /// Where to answer `GET /` and `GET /_health_report`: `HOST:PORT`, or `off`. Without it 127.0.0.1:9600 is taken if it is free.
    pub(crate) listen: Option<String>,
    /// TLS for those who ask.
    pub(crate) tls: ApiTlsTable,
}

/// `[api.tls]`
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ApiTlsTable {
    /// PEM file with the certificate, then those that signed it. With it the interface speaks HTTPS and nothing else.
    pub(crate) certificate: Option<PathBuf>,
    /// PEM file with the certificate's private key.
    pub(crate) key: Option<PathBuf>,
    /// A file that holds what the key is encrypted with, if it is.
    pub(crate) key_passphrase_file: Option<PathBuf>,
}

/// `[input]`
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct InputTable {
    /// Filebeat and its relatives.
    pub(crate) beats: BeatsTable,
}

/// `[input.beats]`
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct BeatsTable {
    /// Where to listen: `HOST:PORT`, with an IPv6 address as `[::]:5044`.
    pub(crate) listen: String,
    /// How often a client that waits for its ACK is told that somebody is at work. Filebeat gives up after 30 s of
    /// silence.
    pub(crate) keepalive: Span,
    /// Windows of one connection that are read before the first of them is settled. Filebeat sends up to three ahead.
    pub(crate) windows_ahead_max: usize,
    /// Events that one window may announce.
    pub(crate) window_events_max: u32,
    /// Bytes of one event. Filebeat cuts lines at 10 MiB, which JSON may write as 60.
    pub(crate) event_bytes_max: ByteSize,
    /// Bytes of one compressed frame, before it is inflated.
    pub(crate) compressed_bytes_max: ByteSize,
    /// Members of one event's own object. Elasticsearch maps 1,000 fields of a data stream unless told otherwise.
    pub(crate) event_members_max: usize,
    /// Levels of one event's JSON, its own object being the first; 128 at most.
    pub(crate) event_depth_max: u32,
    /// Key and value pairs of one event, in protocol version 1.
    pub(crate) pairs_max: u32,
    /// Bytes of one key or value, in protocol version 1.
    pub(crate) pair_bytes_max: ByteSize,
    /// How long a client may take for a frame that it has begun, and for the next one of a window.
    pub(crate) frame_timeout: Span,
    /// How long the oldest window of a connection may wait for its ACK before the connection is closed, so that the
    /// client can turn to another host. Without it, for ever.
    pub(crate) stall_timeout: Option<Span>,
    /// Connections open at one time; one more is closed at once.
    pub(crate) connections_max: usize,
    /// The same from one address (of IPv6, from one /56), so that nobody takes all places. Without it, half of
    /// `connections_max`.
    pub(crate) connections_per_address_max: Option<usize>,
    /// TLS handshakes in progress at one time. One more takes the place of the oldest of the address that has most, or is closed
    /// at once if it is of that address.
    pub(crate) handshakes_max: usize,
    /// Connections accepted a second; more wait for their turn.
    pub(crate) accepts_per_second_max: u32,
    /// Networks whose connections are taken, such as `10.0.0.0/8`; without any, all.
    pub(crate) allow_networks: Words,
    /// Networks whose connections are closed at once, even if they are allowed.
    pub(crate) deny_networks: Words,
    /// Networks of load balancers whose connections begin with a PROXY protocol header, version 1 or 2, that names the client.
    /// From them it must be there, from others it must not.
    pub(crate) proxy_networks: Words,
    /// TLS.
    pub(crate) tls: TlsTable,
}

impl Default for BeatsTable {
    fn default() -> Self {
        Self {
            listen: "0.0.0.0:5044".to_owned(),
            keepalive: Span::seconds(3),
            windows_ahead_max: 4,
            window_events_max: 100_000,
            event_bytes_max: ByteSize::mib(64),
            compressed_bytes_max: ByteSize::mib(64),
            event_members_max: sawmill_event::Limits::default().members_max,
            event_depth_max: sawmill_event::Limits::default().depth_max,
            pairs_max: 1024,
            pair_bytes_max: ByteSize::mib(1),
            frame_timeout: Span::seconds(30),
            stall_timeout: None,
            connections_max: 10_000,
            connections_per_address_max: None,
            handshakes_max: 1_000,
            accepts_per_second_max: 2_000,
            allow_networks: Words::default(),
            deny_networks: Words::default(),
            proxy_networks: Words::default(),
            tls: TlsTable::default(),
        }
    }
}

/// `[input.beats.tls]`
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TlsTable {
    /// PEM file with the server's certificate, then those that signed it. With it clients must speak TLS, without it
    /// they must not. All files named here are read again when they change.
    pub(crate) certificate: Option<PathBuf>,
    /// PEM file with the certificate's private key: PKCS #8, PKCS #1 or SEC 1.
    pub(crate) key: Option<PathBuf>,
    /// What the key is encrypted with, if it is.
    pub(crate) key_passphrase: Secret,
    /// A file that holds the passphrase; blanks and line ends around it do not count.
    pub(crate) key_passphrase_file: Option<PathBuf>,
    /// Certificates and keys for clients that call the server by another name (SNI).
    pub(crate) other_certificates: Vec<KeyPairTable>,
    /// Whether clients must show a certificate: `none`, `optional` or `required`; `required` if `client_authorities` or
    /// `client_certificates` are given.
    pub(crate) client_authentication: Option<ClientAuthentication>,
    /// PEM files with the authorities that sign clients' certificates.
    pub(crate) client_authorities: Paths,
    /// PEM files with clients' own certificates: they are taken whoever signed them, themselves too.
    pub(crate) client_certificates: Paths,
    /// PEM files with lists of clients' certificates that hold no longer (CRL). With any, there must be one of each authority
    /// that signs clients' certificates.
    pub(crate) revocation_lists: Paths,
    /// The certificates that may connect, each with what it may send. Without any, every one that an authority signed.
    pub(crate) allow: Vec<AllowTable>,
    /// Versions that are spoken: `TLSv1.2`, `TLSv1.3`; without any, both.
    pub(crate) versions: Words,
    /// Cipher suites that are spoken, by IANA's names; without any, all that are safe.
    pub(crate) cipher_suites: Words,
    /// How long a client may take until both sides agree on keys.
    pub(crate) handshake_timeout: Span,
    /// How often the files are looked at. SIGHUP has them read at once.
    pub(crate) reload_interval: Span,
}

impl TlsTable {
    /// Whether clients must show a certificate. As Logstash has it, who says whose are taken wants them.
    pub(crate) fn authentication(&self) -> ClientAuthentication {
        let is_any_named =
            !self.client_authorities.0.is_empty() || !self.client_certificates.0.is_empty();
        match self.client_authentication {
            None if is_any_named => ClientAuthentication::Required,
            None => ClientAuthentication::None,
            Some(asked) => asked,
        }
    }
}

impl Default for TlsTable {
    fn default() -> Self {
        Self {
            certificate: None,
            key: None,
            key_passphrase: Secret::default(),
            key_passphrase_file: None,
            other_certificates: Vec::new(),
            client_authentication: None,
            client_authorities: Paths::default(),
            client_certificates: Paths::default(),
            revocation_lists: Paths::default(),
            allow: Vec::new(),
            versions: Words::default(),
            cipher_suites: Words::default(),
            handshake_timeout: Span::seconds(10),
            reload_interval: Span::seconds(10),
        }
    }
}

/// `[[input.beats.tls.other_certificates]]`
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyPairTable {
    /// PEM file with a certificate, then those that signed it.
    pub(crate) certificate: PathBuf,
    /// PEM file with its private key.
    pub(crate) key: PathBuf,
    /// A file that holds what the key is encrypted with, if it is.
    pub(crate) key_passphrase_file: Option<PathBuf>,
}

/// Whether clients are asked for a certificate.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ClientAuthentication {
    /// They are not.
    None,
    /// They may have none.
    Optional,
    /// They must have one.
    Required,
}

/// `[[input.beats.tls.allow]]`: a rule speaks of the certificates that are all that it names; `*` stands for whatever.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AllowTable {
    /// A common name such as `pt-*`; or, with a `=`, the whole subject such as `CN=pt-*,O=Example`, in which `*` ends with the value
    /// that it stands in.
    pub(crate) subject: Option<String>,
    /// A subject alternative name: a URI if there is `://` in it (or `urn:` before it), a mail address if there is `@`, an address
    /// if it is made of digits or has a `:`, and otherwise the DNS name of a machine.
    pub(crate) alternative_name: Option<String>,
    /// The values that `[group]` may have in what they send, as they are written; without it, any. Other events become dead letters.
    pub(crate) groups: Option<Vec<String>>,
}

/// `[output]`
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct OutputTable {
    /// The output if it names hosts.
    pub(crate) elasticsearch: ElasticsearchTable,
    /// The output otherwise.
    pub(crate) local: LocalTable,
}

/// `[output.elasticsearch]`
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ElasticsearchTable {
    /// Where Elasticsearch answers: `http://NAME:PORT`, a list or one text with commas. Requests are spread over all.
    /// With none, `output.local` is the output.
    pub(crate) hosts: Words,
    /// A deployment in Elastic Cloud, in place of `hosts`: `LABEL:BASE64`, as its console shows it.
    pub(crate) cloud_id: String,
    /// Who writes.
    pub(crate) user: String,
    /// The user's password. Without one there is no login.
    pub(crate) password: Secret,
    /// A file that holds the password; blanks and line ends around it do not count.
    pub(crate) password_file: Option<PathBuf>,
    /// An API key in place of user and password: `id:key`, or the `encoded` form.
    pub(crate) api_key: Secret,
    /// A file that holds the API key.
    pub(crate) api_key_file: Option<PathBuf>,
    /// PEM file with the authorities that signed the hosts' certificates, beside the well-known ones.
    pub(crate) ca_file: Option<PathBuf>,
    /// SHA-256 of an authority's certificate, as Elasticsearch prints it when it starts for the first time: hexadecimal, with
    /// colons or without. The authority is believed if a host shows its certificate.
    pub(crate) ca_fingerprint: String,
    /// PEM file with the certificate that Sawmill shows to a host that asks for one, then those that signed it.
    pub(crate) client_certificate: Option<PathBuf>,
    /// PEM file with that certificate's private key.
    pub(crate) client_key: Option<PathBuf>,
    /// A file that holds the passphrase of that key, if the key is encrypted.
    pub(crate) client_key_passphrase_file: Option<PathBuf>,
    /// What of a host's certificate is checked: `full`, that an authority signed it that is believed, and that it is for
    /// the host's name; `certificate`, all but the name; `none`, nothing, so that anybody may take Elasticsearch's place.
    pub(crate) verification: VerificationMode,
    /// Bytes of one bulk request, unless a single event is larger.
    pub(crate) bulk_bytes_max: ByteSize,
    /// The most bulk requests on their way at one time. It begins with 8 at most; while Elasticsearch bears them there
    /// are more, and half as many when it says that it is busy.
    pub(crate) requests_max: usize,
    /// How long one request may take, its answer included.
    pub(crate) request_timeout: Span,
    /// Level of compression, 1 to 9; 0 is none. Good for a slow or paid line, a waste on a fast one.
    pub(crate) gzip: u8,
    /// The first wait before a request is sent again; it doubles from try to try.
    pub(crate) retry_initial: Span,
    /// The longest such wait.
    pub(crate) retry_max: Span,
    /// Under which `_id` an event is stored that brings none in `[@metadata][_id]`: `auto` lets Elasticsearch make one up;
    /// `origin` makes it from the agent, the file, the offset and the message, so that an event that is sent again is not
    /// stored again.
    pub(crate) document_id: DocumentIdFrom,
    /// Whether writing to something other than a data stream is an error, as it should be: without a matching template
    /// Elasticsearch would make a plain index.
    pub(crate) require_data_stream: bool,
    /// How often a host is asked for the cluster's nodes, to which requests go then; without it they go to `hosts`. The
    /// user needs the cluster privilege `monitor` for it. Dedicated masters are left out.
    pub(crate) sniffing_interval: Option<Span>,
}

impl Default for ElasticsearchTable {
    fn default() -> Self {
        Self {
            hosts: Words::default(),
            cloud_id: String::new(),
            user: String::new(),
            password: Secret::default(),
            password_file: None,
            api_key: Secret::default(),
            api_key_file: None,
            ca_file: None,
            ca_fingerprint: String::new(),
            client_certificate: None,
            client_key: None,
            client_key_passphrase_file: None,
            verification: VerificationMode::Full,
            bulk_bytes_max: ByteSize::mib(8),
            requests_max: 64,
            request_timeout: Span::seconds(60),
            gzip: 0,
            retry_initial: Span::seconds(1),
            retry_max: Span::seconds(60),
            document_id: DocumentIdFrom::Auto,
            require_data_stream: true,
            sniffing_interval: None,
        }
    }
}

/// What of a host's certificate is checked.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum VerificationMode {
    /// All but the name.
    Certificate,
    /// All.
    Full,
    /// Nothing.
    None,
}

/// Where an `_id` comes from.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DocumentIdFrom {
    /// Elasticsearch.
    Auto,
    /// Where the event was read.
    Origin,
}

/// `[output.local]`
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LocalTable {
    /// A folder; in it, one folder a data stream. Relative to where Sawmill was started.
    pub(crate) path: PathBuf,
    /// Bytes after which a new file is begun.
    pub(crate) segment_bytes_max: ByteSize,
    /// Bytes of all files of all data streams together.
    pub(crate) total_bytes_max: ByteSize,
}

impl Default for LocalTable {
    fn default() -> Self {
        Self {
            path: PathBuf::from("sawmill-data/streams"),
            segment_bytes_max: ByteSize::mib(64),
            total_bytes_max: ByteSize::mib(1024),
        }
    }
}

/// `[dead_letters]`
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct DeadLettersTable {
    /// A folder. Relative to where Sawmill was started.
    pub(crate) path: PathBuf,
    /// Bytes after which a new file is begun.
    pub(crate) segment_bytes_max: ByteSize,
    /// Bytes of all files of the folder together.
    pub(crate) total_bytes_max: ByteSize,
    /// What happens at `total_bytes_max`: with `wait` no window with a refused event is acknowledged until there is room;
    /// with `drop-oldest` the oldest files are removed to make room, and what is in them is lost.
    pub(crate) when_full: WhenFull,
    /// Files that were last written to longer ago are removed, all but the newest. Without it they stay.
    pub(crate) age_max: Option<Span>,
    /// A data stream of the same Elasticsearch for dead letters, as TYPE-DATASET-NAMESPACE. What it does not take goes to the
    /// files.
    pub(crate) data_stream: Option<String>,
}

/// What to do when there is no room for another dead letter.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum WhenFull {
    /// Wait until somebody makes room.
    Wait,
    /// Make room.
    DropOldest,
}

impl Default for DeadLettersTable {
    fn default() -> Self {
        Self {
            path: PathBuf::from("sawmill-data/dead-letters"),
            segment_bytes_max: ByteSize::mib(64),
            total_bytes_max: ByteSize::mib(1024),
            when_full: WhenFull::Wait,
            age_max: None,
            data_stream: None,
        }
    }
}

/// `[memory]`
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct MemoryTable {
    /// What windows waiting, bodies being built and bodies on their way may take, over all connections. What does not
    /// fit is not read: clients wait.
    pub(crate) budget: ByteSize,
}

impl Default for MemoryTable {
    fn default() -> Self {
        Self {
            budget: ByteSize::mib(256),
        }
    }
}

/// `[log]`
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LogTable {
    /// The least severe level that is logged.
    pub(crate) level: LogLevel,
    /// `text` for people, `json` for machines; both go to stderr.
    pub(crate) format: LogFormat,
}

impl Default for LogTable {
    fn default() -> Self {
        Self {
            level: LogLevel::Info,
            format: LogFormat::Text,
        }
    }
}

/// The names of the levels.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogLevel {
    /// Nothing.
    Off,
    /// Something is broken.
    Error,
    /// Something needs looking after.
    Warn,
    /// What happens once in a while.
    Info,
    /// What happens often.
    Debug,
    /// Everything.
    Trace,
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// A JSON object.
    Json,
    /// Text.
    Text,
}

/// `[shutdown]`
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ShutdownTable {
    /// How long pending windows may take to be settled and acknowledged.
    pub(crate) timeout: Span,
}

impl Default for ShutdownTable {
    fn default() -> Self {
        Self {
            timeout: Span::seconds(30),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_does_not_show_its_secrets() {
        let text = "[output.elasticsearch]\npassword = 'hush'\napi_key = 'hush'\n\
                    [input.beats.tls]\nkey_passphrase = 'hush'\n";
        let file: ConfigFile = toml_edit::de::from_str(text).unwrap();
        assert_eq!(file.output.elasticsearch.password.expose(), "hush");
        assert!(!format!("{file:?}").contains("hush"));
        assert!(!serde_json::to_string(&file).unwrap().contains("hush"));
    }
}
