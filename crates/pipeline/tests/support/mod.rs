//! Runs pipelines that are written as TOML.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are as blunt as tests, but clippy only sees those"
)]

use sawmill_event::{Event, Limits, Tables};
use sawmill_pipeline::config::FilterConfig;
use sawmill_pipeline::{Chain, Verdict};
use serde::Deserialize;
use serde_json::Value as Json;

/// What a pipeline makes of an event.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Made {
    Document(Json),
    Dropped,
}

/// The `[[filter]]` tables of a pipeline file; what else it says is passed over.
pub(crate) fn filters(toml: &str) -> Vec<FilterConfig> {
    #[derive(Deserialize)]
    struct File {
        filter: Vec<FilterConfig>,
    }
    let file: File = toml_edit::de::from_str(toml).unwrap();
    file.filter
}

/// Runs one event through the chain, from text to document.
pub(crate) fn run(chain: &Chain, event: &str) -> Made {
    let mut text = event.as_bytes().to_vec();
    let mut tables = Tables::default();
    let mut event = Event::parse(&mut text, &mut tables, &Limits::default()).unwrap();
    match chain.apply(&mut event, &mut chain.scratch()) {
        Verdict::Drop => Made::Dropped,
        Verdict::Keep => {
            let mut document = Vec::new();
            event.encode(&mut document);
            Made::Document(serde_json::from_slice(&document).unwrap())
        }
    }
}
