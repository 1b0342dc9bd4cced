//! What is compared: the file as it is written.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use serde_spanned::Spanned;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    /// How often to go through the contenders.
    pub(super) repeats: Option<Spanned<u32>>,
    /// The processors of a contender; any if left out.
    pub(super) server_cpus: Option<Spanned<Vec<u32>>>,
    /// The processors that load and sink share; any if left out.
    pub(super) load_cpus: Option<Spanned<Vec<u32>>>,
    /// How long a contender is left alone before its idle memory is looked at.
    pub(super) idle: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) load: Load,
    #[serde(default)]
    pub(super) sink: Sink,
    #[serde(default, rename = "contender")]
    pub(super) contenders: Vec<Contender>,
}

/// What is sent.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Load {
    pub(super) connections: Option<Spanned<u32>>,
    pub(super) idle_connections: Option<Spanned<u32>>,
    pub(super) windows_in_flight: Option<Spanned<u32>>,
    pub(super) window_events: Option<Spanned<u32>>,
    pub(super) compression: Option<Spanned<u8>>,
    /// Events a second in all; as fast as ACKs come if left out.
    pub(super) rate: Option<Spanned<u64>>,
    /// How long to measure, or
    pub(super) time: Option<Spanned<String>>,
    /// how many events.
    pub(super) events: Option<Spanned<u64>>,
    pub(super) warmup: Option<Spanned<String>>,
    pub(super) ack_timeout: Option<Spanned<String>>,
    pub(super) threads: Option<Spanned<u32>>,
    pub(super) seed: Option<u64>,
    pub(super) event_bytes: Option<Spanned<u32>>,
    pub(super) other_groups: Option<Spanned<f64>>,
    pub(super) without_milliseconds: Option<Spanned<f64>>,
    pub(super) unmatched: Option<Spanned<f64>>,
    pub(super) tracebacks: Option<Spanned<f64>>,
}

/// What stands in for Elasticsearch, or a real one.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sink {
    pub(super) latency: Option<Spanned<String>>,
    pub(super) jitter: Option<Spanned<String>>,
    /// The URL of a real one.
    pub(super) elasticsearch: Option<Spanned<String>>,
    /// Who counts its documents.
    pub(super) user: Option<Spanned<String>>,
    pub(super) password: Option<String>,
    /// Which documents to count.
    pub(super) index: Option<Spanned<String>>,
}

/// One server.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Contender {
    pub(super) name: Spanned<String>,
    /// The program and its arguments; with an image, what follows its name.
    pub(super) command: Option<Spanned<Vec<String>>>,
    /// A container image that docker has.
    pub(super) image: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) environment: BTreeMap<String, Spanned<String>>,
    /// Where it works; a fresh folder if left out.
    pub(super) directory: Option<Spanned<String>>,
    /// The file with its filters, which should be equal to the others'.
    pub(super) pipeline: Option<Spanned<PathBuf>>,
    /// What prints its version.
    pub(super) version: Option<Spanned<Vec<String>>>,
    /// How to get it.
    #[serde(default)]
    pub(super) install: String,
    /// Where its events go.
    #[serde(default)]
    pub(super) output: Output,
    /// The port that it listens on, if it cannot be told.
    pub(super) port: Option<Spanned<u16>>,
    pub(super) start_timeout: Option<Spanned<String>>,
    pub(super) stop_timeout: Option<Spanned<String>>,
    /// Instead of the load's.
    pub(super) warmup: Option<Spanned<String>>,
}

/// Where a contender's events go.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Output {
    /// Nowhere.
    Nothing,
    /// To the sink.
    #[default]
    Sink,
}
