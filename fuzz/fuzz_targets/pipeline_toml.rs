//! Input: the filters of a pipeline file, and behind a zero byte an event.
//!
//! Holds for every input: nothing panics; what an event becomes is one line of JSON, and the same the second time, with
//! buffers that have been used.

#![no_main]

#[path = "../oracles/tables.rs"]
mod tables;

use libfuzzer_sys::fuzz_target;
use sawmill_event::{Event, Limits, Tables};
use sawmill_pipeline::config::FilterConfig;
use sawmill_pipeline::{Chain, Scratch, Verdict};
use serde::Deserialize;
use serde_json::value::RawValue;
use tables::with_tables;

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    filter: Vec<FilterConfig>,
}

/// An event as Filebeat sends it.
const EVENT: &str = r#"{"@timestamp":"2025-02-02T12:34:56.123Z","@metadata":{"beat":"filebeat"},"group":"pt",
    "service":"django","stream":["app","x"],"message":"INFO|apps.parcels|2025-02-02 12:34:56.789|Parcel \"1\" created",
    "fields":{"a":null,"n":1.5},"tags":[],"e":""}"#;

fuzz_target!(|text: &str| {
    let (filters, event) = text.split_once('\0').unwrap_or((text, "{}"));
    with_tables(|tables| {
        let Some(chain) = chain(filters) else {
            return;
        };
        let mut scratch = chain.scratch();
        for event in [event, EVENT] {
            let first = document(event, &chain, tables, &mut scratch);
            let second = document(event, &chain, tables, &mut scratch);
            assert_eq!(first, second);
        }
    });
});

fn chain(filters: &str) -> Option<Chain> {
    let File { mut filter } = toml_edit::de::from_str(filters).ok()?;
    for filter in &mut filter {
        if let FilterConfig::Grok(grok) = filter {
            // Folders of this machine are none of its business.
            grok.patterns_dir.clear();
        }
    }
    Chain::build(&filter).ok()
}

/// The document; `None` for what is no event or is dropped.
fn document(
    event: &str,
    chain: &Chain,
    tables: &mut Tables,
    scratch: &mut Scratch,
) -> Option<String> {
    let mut bytes = event.as_bytes().to_vec();
    let mut event = Event::parse(&mut bytes, tables, &Limits::default()).ok()?;
    if chain.apply(&mut event, scratch) == Verdict::Drop {
        return None;
    }
    let mut document = Vec::new();
    event.encode(&mut document);
    assert!(document.iter().all(|byte| *byte >= b' '));
    let json: &RawValue = serde_json::from_slice(&document).expect("a document is JSON");
    assert!(json.get().starts_with('{'));
    Some(json.get().to_owned())
}
