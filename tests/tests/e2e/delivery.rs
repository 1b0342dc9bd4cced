//! Lines arrive: all of them, once, as the documents they should be.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use sawmill_tests::{
    Comparison, Django, Elasticsearch, Filebeat, Manifest, Pace, Record, Sawmill, Settings,
    stored_messages,
};
use serde_json::{Value, json};

use crate::document::expected_document;
use crate::{PATIENCE, STREAM, folder};

const RECORDS: u32 = 200_000;
const SAMPLE: usize = 500;
/// Lines of another product, and lines of no service, written beside Django's.
const FOREIGN_LINES: usize = 1000;

#[test]
fn every_line_that_django_writes_becomes_exactly_one_document() {
    let dir = folder();
    let elasticsearch = Elasticsearch::start_set_up(dir.path());
    let sawmill = Sawmill::start(dir.path(), Settings::elasticsearch(&elasticsearch));
    let filebeat = Filebeat::start(dir.path(), &sawmill);
    let django = Django::write(dir.path(), RECORDS, Pace::Full);
    write_foreign_lines(&dir.path().join("logs"));
    let manifest = django.finish();
    assert!(
        dir.path().join("logs/app.log.1").exists(),
        "no log was rotated"
    );

    let lines = manifest.lines();
    assert!(lines.count() >= RECORDS as usize);
    filebeat.until_acknowledged(lines.count() + 2 * FOREIGN_LINES, PATIENCE);

    let all = json!({ "match_all": {} });
    assert_eq!(
        lines.compare(&elasticsearch.messages(STREAM, &all)),
        Comparison::SAME
    );
    let tagged = json!({ "term": { "tags.keyword": "_grokparsefailure_pt" } });
    let broken = elasticsearch.messages(STREAM, &tagged);
    assert_eq!(manifest.broken_lines().compare(&broken), Comparison::SAME);
    let (_, streams) = elasticsearch.request("GET", "/_data_stream", None);
    assert_eq!(
        streams["data_streams"].as_array().unwrap().len(),
        1,
        "{streams}"
    );

    assert_documents(&elasticsearch, &manifest);
    assert_eq!(filebeat.errors(), [""; 0]);
}

#[test]
fn without_elasticsearch_every_line_is_in_the_local_output_exactly_once() {
    let dir = folder();
    let output = dir.path().join("output");
    let sawmill = Sawmill::start(dir.path(), Settings::local(&output));
    let filebeat = Filebeat::start(dir.path(), &sawmill);
    let django = Django::write(dir.path(), RECORDS / 4, Pace::Full);
    write_foreign_lines(&dir.path().join("logs"));
    let lines = django.finish().lines();

    filebeat.until_acknowledged(lines.count() + 2 * FOREIGN_LINES, PATIENCE);
    assert_eq!(lines.compare(&stored_messages(&output)), Comparison::SAME);
    assert_eq!(filebeat.errors(), [""; 0]);
}

fn write_foreign_lines(logs: &Path) {
    for name in ["other-group.log", "no-service.log"] {
        let line = |n| format!("INFO|apps.parcels.views|2025-02-02T12:34:56.123|foreign {n}\n");
        fs::write(
            logs.join(name),
            (0..FOREIGN_LINES).map(line).collect::<String>(),
        )
        .unwrap();
    }
}

/// Compares whole documents, some of every logger.
fn assert_documents(elasticsearch: &Elasticsearch, manifest: &Manifest) {
    let sample = sample(manifest);
    let all = elasticsearch.documents(STREAM, &json!({ "match_all": {} }), &["message"]);
    let ids: HashMap<&str, &Value> = all
        .iter()
        .filter_map(|document| Some((document["_source"]["message"].as_str()?, &document["_id"])))
        .collect();
    let wanted: Vec<_> = sample.keys().map(|line| ids[line]).collect();
    let wanted = json!({ "ids": { "values": wanted } });
    let documents = elasticsearch.documents(STREAM, &wanted, &["*"]);
    assert_eq!(documents.len(), sample.len());
    for document in documents {
        let stored = &document["_source"];
        let record = sample[stored["message"].as_str().unwrap()];
        assert_eq!(*stored, expected_document(record, stored));
    }
}

/// As many records of each logger, from all over the time of writing, by their first line.
fn sample(manifest: &Manifest) -> HashMap<&str, &Record> {
    let mut by_logger: HashMap<&str, Vec<&Record>> = HashMap::new();
    for record in manifest.records() {
        by_logger.entry(&record.logger).or_default().push(record);
    }
    let each = SAMPLE.div_ceil(by_logger.len());
    by_logger
        .values()
        .flat_map(|records| records.iter().step_by(records.len().div_ceil(each)))
        .map(|record| (record.text.split('\n').next().unwrap(), *record))
        .collect()
}
