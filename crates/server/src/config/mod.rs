//! The settings: what a user wrote, checked once, before anything is bound.
//!
//! Layers lie over each other: defaults, the TOML file, `SAWMILL_*` variables, `--set` flags. What they add up to is a
//! [`file::ConfigFile`] (texts and numbers as written), and that becomes a [`Config`] (parsed addresses, durations, a
//! built chain), or an error that names the file and line, the variable or the flag.

mod checked;
mod elasticsearch;
mod error;
mod file;
mod filters;
mod host_port;
mod layers;
mod logstash_names;
mod overrides;
mod placeholder;
mod text;
mod tls;
mod units;
mod usual_file;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use sawmill_elasticsearch_out::{Backoff, Settings, StreamName};
use sawmill_intake::{DocumentIds, Facts, Peer, Session};
use sawmill_lumberjack::Limits;
use sawmill_pipeline::Chain;
use sawmill_pipeline::config::FilterConfig;
use tracing::level_filters::LevelFilter;

pub(crate) use error::ConfigError;
pub(crate) use file::{LogFormat, WhenFull};
pub(crate) use host_port::HostPort;
pub(crate) use layers::{Layers, Setting, Sources};
pub(crate) use units::Span;

use crate::admission::AdmissionSettings;
use crate::tls::Tls;

/// Checked settings, ready to run with.
pub(crate) struct Config {
    /// `[api]`
    pub(crate) api: Api,
    /// `[api.tls]`, if there is a certificate.
    pub(crate) api_tls: Option<Arc<Tls>>,
    /// `[input.beats]`
    pub(crate) input: BeatsInput,
    /// `[output.elasticsearch]` if it names hosts, else `[output.local]`.
    pub(crate) output: Output,
    /// `[dead_letters]`
    pub(crate) dead_letters: DeadLetters,
    /// `[memory]`
    pub(crate) memory: Memory,
    /// `[log]`
    pub(crate) log: Log,
    /// `[shutdown]`
    pub(crate) shutdown: Shutdown,
    /// `[[filter]]`, as written.
    pub(crate) filters: Vec<FilterConfig>,
    /// `[[filter]]`, built.
    pub(crate) chain: Chain,
}

/// Where and how Beats are listened to.
pub(crate) struct BeatsInput {
    /// Where to listen.
    pub(crate) listen: HostPort,
    /// Time between two keepalives on a connection that waits for its ACK.
    pub(crate) keepalive: Duration,
    /// Windows of one connection that are read before the first of them is settled.
    pub(crate) windows_ahead_max: usize,
    /// What a frame may claim.
    pub(crate) limits: Limits,
    pub(crate) event: sawmill_event::Limits,
    /// The longest pause within a frame.
    pub(crate) frame_timeout: Duration,
    /// How long the oldest window of a connection may wait before the connection is closed.
    pub(crate) stall_timeout: Option<Duration>,
    /// How many connections there may be, and from where.
    pub(crate) admission: AdmissionSettings,
    /// Connections accepted a second.
    pub(crate) accepts_per_second_max: u32,
    /// Networks of load balancers that say for whom they speak.
    pub(crate) proxy_networks: Vec<IpNet>,
    /// Whether the pipeline asks who sends.
    pub(crate) asks_for_peer: bool,
    /// TLS, if clients are to speak it.
    pub(crate) tls: Option<Arc<Tls>>,
}

impl BeatsInput {
    /// Whether a connection from there begins with a PROXY protocol header.
    pub(crate) fn is_proxy(&self, address: IpAddr) -> bool {
        is_within(&self.proxy_networks, address)
    }

    /// What matters of a client to its events; `tls` is its session and the groups that it may send.
    pub(crate) fn peer(
        &self,
        address: IpAddr,
        tls: Option<(Session, Option<Arc<[String]>>)>,
    ) -> Option<Arc<Peer>> {
        let (session, groups) =
            tls.map_or((None, None), |(session, groups)| (Some(session), groups));
        let facts = self.asks_for_peer.then(|| Facts {
            address: address.to_canonical().to_string(),
            session,
        });
        (facts.is_some() || groups.is_some()).then(|| Arc::new(Peer { facts, groups }))
    }
}

fn is_within(networks: &[IpNet], address: IpAddr) -> bool {
    let address = address.to_canonical();
    networks.iter().any(|network| network.contains(&address))
}

/// How a port is spoken to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Manners {
    /// What it speaks.
    pub(crate) speech: Speech,
    /// From where a PROXY protocol header comes first.
    pub(crate) proxy_networks: Vec<IpNet>,
}

impl Manners {
    /// As a port without any settings.
    pub(crate) const PLAIN: Self = Self {
        speech: Speech::Plain,
        proxy_networks: Vec::new(),
    };

    /// Whether a connection from there begins with a PROXY protocol header.
    pub(crate) fn is_proxy(&self, address: IpAddr) -> bool {
        is_within(&self.proxy_networks, address)
    }
}

/// What a port speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speech {
    /// Beats as it is.
    Plain,
    /// Beats within TLS.
    Tls,
    /// The same to who shows a certificate.
    MutualTls,
}

/// Where events go.
pub(crate) enum Output {
    /// To Elasticsearch.
    Elasticsearch(Box<ElasticsearchOutput>),
    /// To files of this machine.
    Local(SegmentFiles),
}

/// How events are sent to Elasticsearch.
pub(crate) struct ElasticsearchOutput {
    /// Hosts, login, certificates, timeout.
    pub(crate) settings: Settings,
    /// Waits between tries.
    pub(crate) backoff: Backoff,
    /// Bytes of one bulk request, unless a single event is larger.
    pub(crate) bulk_bytes_max: usize,
    /// The most bulk requests on their way at one time.
    pub(crate) requests_max: usize,
    /// Where events get their `_id` from.
    pub(crate) document_ids: DocumentIds,
    /// How often the cluster is asked for its nodes, if it is.
    pub(crate) sniffing_interval: Option<Duration>,
}

/// A folder of segments, or of folders with segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SegmentFiles {
    /// The folder.
    pub(crate) path: PathBuf,
    /// Lengths of the segments of one folder.
    pub(crate) settings: sawmill_segments::Settings,
}

/// Where the monitoring interface is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Api {
    /// Nowhere.
    Off,
    /// At Logstash's address, if that is free.
    Usual,
    /// There.
    At(HostPort),
}

/// Where dead letters go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DeadLetters {
    /// Files for all of them, or for those that the data stream does not take.
    pub(crate) files: DeadLetterFiles,
    /// A data stream for all of them.
    pub(crate) data_stream: Option<StreamName>,
}

/// Where dead letters are kept, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DeadLetterFiles {
    /// The folder.
    pub(crate) path: PathBuf,
    /// Lengths of its segments.
    pub(crate) settings: sawmill_segments::Settings,
    /// What happens when there is no room.
    pub(crate) when_full: WhenFull,
    /// Segments that were last written to longer ago are removed.
    pub(crate) age_max: Option<Duration>,
}

/// The memory that events may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Memory {
    /// Bytes of windows waiting, bodies being built and bodies on their way, over all connections.
    pub(crate) budget_bytes: usize,
}

/// What is logged, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Log {
    /// The least severe level that is logged.
    pub(crate) level: LevelFilter,
    /// One line an event, for people or for machines.
    pub(crate) format: LogFormat,
}

/// The end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shutdown {
    /// How long pending windows may take to be settled.
    pub(crate) timeout: Duration,
}
