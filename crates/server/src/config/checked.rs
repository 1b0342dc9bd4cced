//! From what was written to what it means, or to the first thing that is wrong with it.

use std::fmt::Display;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use figment::value::Value;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use sawmill_credentials::{Secret, SecretSource};
use sawmill_elasticsearch_out::StreamName;
use sawmill_lumberjack::Limits;
use sawmill_pipeline::Chain;
use sawmill_pipeline::config::FilterConfig;
use sawmill_segments::Settings;
use tracing::level_filters::LevelFilter;

use super::error::ConfigError;
use super::file::{BeatsTable, ClientAuthentication, DeadLettersTable, LogLevel, LogTable};
use super::layers::Layers;
use super::units::{ByteSize, Span, Words};
use super::{
    Api, BeatsInput, Config, DeadLetterFiles, DeadLetters, ElasticsearchOutput, HostPort, Log,
    Manners, Memory, Output, SegmentFiles, Shutdown, Speech, filters, tls,
};
use crate::admission::AdmissionSettings;

/// Less than this does not hold one window of a Filebeat and the body made of it.
const BUDGET_MIN: ByteSize = ByteSize::mib(16);
/// A Filebeat has up to three windows on their way; one that is not read in 30 s makes it close the connection.
const WINDOWS_AHEAD_MIN: usize = 3;
/// Smaller segments make more files than anybody wants.
const SEGMENT_MIN: ByteSize = ByteSize(64 << 10);
/// Filebeat's patience, the `timeout` of its output.
const KEEPALIVE_END: Duration = Duration::from_secs(30);

impl Config {
    /// Checks everything that can be checked without a network.
    pub(crate) fn check(layers: &Layers) -> Result<Self, ConfigError> {
        let file = layers.add_up()?;
        let check = Check { layers };
        let (filters, chain) = check.filters(&file.filter)?;
        let local = file.output.local;
        let local = check.files(
            "output.local",
            local.path,
            local.segment_bytes_max,
            local.total_bytes_max,
        )?;
        check.at_least("memory.budget", file.memory.budget, BUDGET_MIN)?;
        let elasticsearch = check.elasticsearch(&file.output.elasticsearch)?;
        let letters = &file.dead_letters;
        let dead_letters = DeadLetters {
            data_stream: check
                .letter_stream(letters.data_stream.as_deref(), elasticsearch.as_ref())?,
            files: check.dead_letters(file.dead_letters)?,
        };
        Ok(Self {
            api: check.api(file.api.listen.as_deref())?,
            api_tls: check.api_tls(&file.api.tls)?.map(Arc::new),
            input: check.beats(&file.input.beats, asks_for_peer(&file.filter))?,
            output: elasticsearch.map_or(Output::Local(local), |to| {
                Output::Elasticsearch(Box::new(to))
            }),
            dead_letters,
            memory: Memory {
                budget_bytes: check.size("memory.budget", file.memory.budget)?,
            },
            log: log(&file.log),
            shutdown: Shutdown {
                timeout: check.some_time("shutdown.timeout", file.shutdown.timeout)?,
            },
            filters,
            chain,
        })
    }
}

impl Layers {
    /// Where Beats are listened to, and how; nothing else is checked.
    pub(crate) fn listen(&self) -> Result<(HostPort, Manners), ConfigError> {
        let beats = self.add_up()?.input.beats;
        let check = Check { layers: self };
        let manners = Manners {
            speech: match tls::given(beats.tls.certificate.as_ref()) {
                None => Speech::Plain,
                Some(_) if beats.tls.authentication() == ClientAuthentication::Required => {
                    Speech::MutualTls
                }
                Some(_) => Speech::Tls,
            },
            proxy_networks: check.proxy_networks(&beats)?,
        };
        Ok((check.listen(&beats.listen)?, manners))
    }

    /// Where dead letters are kept; nothing outside of their table is checked.
    pub(crate) fn dead_letters(&self) -> Result<PathBuf, ConfigError> {
        let table = self.add_up()?.dead_letters;
        Ok(Check { layers: self }.dead_letters(table)?.path)
    }
}

/// Each worker has a table of its event's members, which is no part of the memory budget.
const EVENT_MEMBERS_MAX: usize = 65_536;

/// The checks; each names the key that it is about.
pub(super) struct Check<'a> {
    pub(super) layers: &'a Layers,
}

impl Check<'_> {
    fn beats(&self, table: &BeatsTable, asks_for_peer: bool) -> Result<BeatsInput, ConfigError> {
        let key = |key: &str| format!("input.beats.{key}");
        self.at_least(
            &key("windows_ahead_max"),
            table.windows_ahead_max,
            WINDOWS_AHEAD_MIN,
        )?;
        self.at_least(&key("window_events_max"), table.window_events_max, 1)?;
        self.at_least(&key("event_members_max"), table.event_members_max, 1)?;
        self.at_most(
            &key("event_members_max"),
            table.event_members_max,
            EVENT_MEMBERS_MAX,
        )?;
        self.at_least(&key("event_depth_max"), table.event_depth_max, 1)?;
        self.at_most(
            &key("event_depth_max"),
            table.event_depth_max,
            sawmill_event::Limits::default().depth_max,
        )?;
        self.at_least(&key("pairs_max"), table.pairs_max, 1)?;
        self.at_least(&key("connections_max"), table.connections_max, 1)?;
        self.at_least(&key("handshakes_max"), table.handshakes_max, 1)?;
        self.at_least(
            &key("accepts_per_second_max"),
            table.accepts_per_second_max,
            1,
        )?;
        let per_address = table
            .connections_per_address_max
            .unwrap_or(table.connections_max.div_ceil(2));
        self.at_least(&key("connections_per_address_max"), per_address, 1)?;
        Ok(BeatsInput {
            listen: self.listen(&table.listen)?,
            keepalive: self.keepalive(&key("keepalive"), table.keepalive)?,
            windows_ahead_max: table.windows_ahead_max,
            limits: Limits {
                compressed_bytes_max: self
                    .size(&key("compressed_bytes_max"), table.compressed_bytes_max)?,
                event_bytes_max: self.size(&key("event_bytes_max"), table.event_bytes_max)?,
                window_events_max: table.window_events_max,
                pairs_max: table.pairs_max,
                pair_bytes_max: self.size(&key("pair_bytes_max"), table.pair_bytes_max)?,
            },
            event: sawmill_event::Limits {
                depth_max: table.event_depth_max,
                members_max: table.event_members_max,
            },
            frame_timeout: self.some_time(&key("frame_timeout"), table.frame_timeout)?,
            stall_timeout: table
                .stall_timeout
                .map(|timeout| self.some_time(&key("stall_timeout"), timeout))
                .transpose()?,
            admission: AdmissionSettings {
                connections_max: table.connections_max,
                connections_per_address_max: per_address,
                handshakes_max: table.handshakes_max,
                allow_networks: self.networks(&key("allow_networks"), &table.allow_networks)?,
                deny_networks: self.networks(&key("deny_networks"), &table.deny_networks)?,
            },
            accepts_per_second_max: table.accepts_per_second_max,
            proxy_networks: self.proxy_networks(table)?,
            asks_for_peer,
            tls: self.tls(&table.tls)?.map(Arc::new),
        })
    }

    fn proxy_networks(&self, table: &BeatsTable) -> Result<Vec<IpNet>, ConfigError> {
        self.networks("input.beats.proxy_networks", &table.proxy_networks)
    }

    /// Networks such as `10.0.0.0/8`; an address alone is a network of one.
    fn networks(&self, key: &str, words: &Words) -> Result<Vec<IpNet>, ConfigError> {
        let parse = |word: &String| {
            let network = word.parse::<IpNet>();
            network
                .or_else(|_| word.parse::<IpAddr>().map(IpNet::from))
                .map(canonical)
                .map_err(|_| {
                    self.layers.error(
                        key,
                        format!("`{word}` in `{key}` is no network"),
                        "give it as ADDRESS/BITS, such as 10.0.0.0/8 or 2001:db8::/32, or one address",
                    )
                })
        };
        words.0.iter().map(parse).collect()
    }

    fn api(&self, listen: Option<&str>) -> Result<Api, ConfigError> {
        match listen {
            None => Ok(Api::Usual),
            Some("off") => Ok(Api::Off),
            Some(text) => HostPort::parse(text).map(Api::At).ok_or_else(|| {
                let problem = format!("`api.listen` is `{text}`");
                let advice = "give HOST:PORT, such as 127.0.0.1:9600, or off";
                self.layers.error("api.listen", problem, advice)
            }),
        }
    }

    fn listen(&self, text: &str) -> Result<HostPort, ConfigError> {
        HostPort::parse(text).ok_or_else(|| {
            let problem = format!("`input.beats.listen` is `{text}`");
            self.layers.error(
                "input.beats.listen",
                problem,
                "give HOST:PORT, such as 0.0.0.0:5044 or [::]:5044",
            )
        })
    }

    fn keepalive(&self, key: &str, keepalive: Span) -> Result<Duration, ConfigError> {
        let keepalive = self.some_time(key, keepalive)?;
        if keepalive < KEEPALIVE_END {
            return Ok(keepalive);
        }
        Err(self.layers.error(
            key,
            format!("`{key}` is too long"),
            "give less than 30s: a Filebeat that hears nothing for so long sends everything again",
        ))
    }

    fn files(
        &self,
        table: &str,
        path: PathBuf,
        segment_bytes_max: ByteSize,
        total_bytes_max: ByteSize,
    ) -> Result<SegmentFiles, ConfigError> {
        let key = |key: &str| format!("{table}.{key}");
        if path.as_os_str().is_empty() {
            let problem = format!("`{table}.path` is empty");
            return Err(self.layers.error(
                &key("path"),
                problem,
                "give a folder; it is made when it is needed",
            ));
        }
        self.at_least(&key("segment_bytes_max"), segment_bytes_max, SEGMENT_MIN)?;
        self.at_least(&key("total_bytes_max"), total_bytes_max, segment_bytes_max)?;
        Ok(SegmentFiles {
            path,
            settings: Settings {
                segment_bytes_max: segment_bytes_max.0,
                total_bytes_max: total_bytes_max.0,
            },
        })
    }

    fn dead_letters(&self, table: DeadLettersTable) -> Result<DeadLetterFiles, ConfigError> {
        let SegmentFiles { path, settings } = self.files(
            "dead_letters",
            table.path,
            table.segment_bytes_max,
            table.total_bytes_max,
        )?;
        Ok(DeadLetterFiles {
            path,
            settings,
            when_full: table.when_full,
            age_max: table
                .age_max
                .map(|age| self.some_time("dead_letters.age_max", age))
                .transpose()?,
        })
    }

    fn letter_stream(
        &self,
        name: Option<&str>,
        elasticsearch: Option<&ElasticsearchOutput>,
    ) -> Result<Option<StreamName>, ConfigError> {
        const KEY: &str = "dead_letters.data_stream";
        let Some(name) = name else {
            return Ok(None);
        };
        let stream = StreamName::parse(name).map_err(|error| {
            let problem = format!("`{KEY}` is `{name}`: {error}");
            let advice = "give TYPE-DATASET-NAMESPACE, such as logs-sawmill.dead_letters-pt";
            self.layers.error(KEY, problem, advice)
        })?;
        if elasticsearch.is_none() {
            return Err(self.layers.error(
                KEY,
                format!("`{KEY}` needs an Elasticsearch"),
                "give output.elasticsearch.hosts, or leave it out: dead letters go to dead_letters.path",
            ));
        }
        Ok(Some(stream))
    }

    fn filters(&self, values: &[Value]) -> Result<(Vec<FilterConfig>, Chain), ConfigError> {
        let read = |(index, value)| {
            filters::read(value)
                .map_err(|error| self.layers.explain(&format!("filter.{index}"), &error))
        };
        let filters = values
            .iter()
            .enumerate()
            .map(read)
            .collect::<Result<Vec<_>, _>>()?;
        let chain = Chain::build(&filters).map_err(|error| {
            let key = format!("filter.{}.{}", error.filter, error.key);
            let problem = format!("filter {}, `{}`", error.filter + 1, error.key);
            self.layers.error(&key, problem, error.reason)
        })?;
        Ok((filters, chain))
    }

    /// A secret from its own key or from a file; an empty one is none.
    pub(super) fn secret(
        &self,
        table: &str,
        name: &str,
        text: &Secret,
        file: Option<&PathBuf>,
    ) -> Result<Option<Secret>, ConfigError> {
        let source = self.source(table, name, text, file)?;
        let read = |source: SecretSource| source.read(&format!("{table}.{name}_file"), name);
        { source.map(read).transpose() }.map_err(|error| self.refused_file("", error))
    }

    /// Where a secret is written, if there is one; it is not read yet.
    pub(super) fn source(
        &self,
        table: &str,
        name: &str,
        text: &Secret,
        file: Option<&PathBuf>,
    ) -> Result<Option<SecretSource>, ConfigError> {
        let is_text = !text.expose().is_empty();
        match tls::given(file) {
            None => Ok(is_text.then(|| SecretSource::Text(text.clone()))),
            Some(path) if !is_text => Ok(Some(SecretSource::File(path.to_owned()))),
            Some(_) => Err(self.layers.error(
                &format!("{table}.{name}_file"),
                format!("both `{name}` and `{name}_file` are given"),
                "take out one of them",
            )),
        }
    }

    pub(super) fn at_least<T: Copy + PartialOrd + Display>(
        &self,
        key: &str,
        value: T,
        least: T,
    ) -> Result<(), ConfigError> {
        if value >= least {
            return Ok(());
        }
        Err(self.layers.error(
            key,
            format!("`{key}` is {value}"),
            format!("give {least} or more"),
        ))
    }

    fn at_most<T: Copy + PartialOrd + Display>(
        &self,
        key: &str,
        value: T,
        most: T,
    ) -> Result<(), ConfigError> {
        if value <= most {
            return Ok(());
        }
        Err(self.layers.error(
            key,
            format!("`{key}` is {value}"),
            format!("give {most} or less"),
        ))
    }

    pub(super) fn some_time(&self, key: &str, span: Span) -> Result<Duration, ConfigError> {
        if span.0.is_zero() {
            return Err(self.layers.error(
                key,
                format!("`{key}` is no time at all"),
                "give more than 0s",
            ));
        }
        Ok(span.0)
    }

    /// A size as the number type that it is used as.
    pub(super) fn size<T: TryFrom<u64>>(
        &self,
        key: &str,
        size: ByteSize,
    ) -> Result<T, ConfigError> {
        self.at_least(key, size, ByteSize(1))?;
        let bits = size_of::<T>() * 8;
        T::try_from(size.0).map_err(|_| {
            let problem = format!("`{key}` is {size}");
            self.layers.error(
                key,
                problem,
                format!("give less: the number has {bits} bits"),
            )
        })
    }
}

/// A network of IPv4 addresses that are written as IPv6 (RFC 4291 §2.5.5.2) as one of IPv4, as peers' addresses are compared.
fn canonical(network: IpNet) -> IpNet {
    let of_ipv4 = |network: Ipv6Net| {
        let address = network.addr().to_ipv4_mapped()?;
        Ipv4Net::new(address, network.prefix_len().checked_sub(96)?).ok()
    };
    match network {
        IpNet::V6(six) => of_ipv4(six).map_or(network, IpNet::V4),
        IpNet::V4(_) => network,
    }
}

/// Whether a filter speaks of what is known of an event's sender; to tell it to all would be paid for by each event.
fn asks_for_peer(filters: &[Value]) -> bool {
    filters.iter().any(speaks_of_peer)
}

fn speaks_of_peer(value: &Value) -> bool {
    match value {
        Value::String(_, text) => text.contains("@metadata"),
        Value::Dict(_, dict) => dict.values().any(speaks_of_peer),
        Value::Array(_, list) => list.iter().any(speaks_of_peer),
        _ => false,
    }
}

fn log(table: &LogTable) -> Log {
    let level = match table.level {
        LogLevel::Off => LevelFilter::OFF,
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    Log {
        level,
        format: table.format,
    }
}
