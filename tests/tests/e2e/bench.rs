//! `sawmill bench` counts what servers count.

use std::fs;

use sawmill_tests::{
    Elasticsearch, GoLumber, PASSWORD, Sawmill, Settings, USER, bench, compare, repository,
    stored_messages,
};
use serde_json::Value;

use crate::folder;

/// Windows and events sent, and the same acknowledged.
fn counted(run: &Value) -> [(u64, u64); 2] {
    let whole = |member: &str| run["whole"][member].as_u64().unwrap();
    [
        (whole("windows_sent"), whole("events_sent")),
        (whole("windows_acknowledged"), whole("events_acknowledged")),
    ]
}

#[test]
fn bench_agrees_with_the_server_of_go_lumber() {
    let mut before = (0, 0);
    let dir = folder();
    let server = GoLumber::start(dir.path());
    for load in [
        "--events 100001 --connections 3 --threads 2",
        "--duration 2s --warmup 500ms --in-flight 3",
        "--duration 2s --warmup 0s --rate 5000 --window 50 --connections 20 --idle 5",
        "--events 5000 --compression 0",
    ] {
        let mut arguments = vec!["--to", server.address()];
        arguments.extend(load.split(' '));
        let run = bench(&arguments);
        let (windows, events) = server.counted();
        let new = (windows - before.0, events - before.1);
        assert_eq!(counted(&run), [new, new], "{load}");
        assert_eq!(run["violations"].as_array().unwrap().len(), 0, "{load}");
        before = (windows, events);
    }
}

#[test]
fn bench_agrees_with_what_sawmill_stores() {
    let dir = folder();
    let store = dir.path().join("events");
    let sawmill = Sawmill::start(dir.path(), Settings::local(&store));
    let run = bench(&[
        "--to",
        &sawmill.beats_address(),
        "--events",
        "50001",
        "--connections",
        "4",
    ]);
    let [sent, acknowledged] = counted(&run);
    assert_eq!(sent, acknowledged);
    // Five events open each connection.
    assert_eq!(sent.1, 50_001 + 4 * 5);
    assert_eq!(stored_messages(&store).count() as u64, sent.1);
}

#[test]
fn compare_counts_what_a_real_elasticsearch_stores() {
    let dir = folder();
    let elasticsearch = Elasticsearch::start_set_up(dir.path());
    let file = dir.path().join("compare.toml");
    let pipeline = repository().join("pipeline.toml");
    let text = format!(
        r#"
        [load]
        events = 20_000
        window_events = 500
        [sink]
        elasticsearch = "{}"
        user = "elastic"
        password = "changeme"
        index = "logs-*-pt"
        [[contender]]
        name = "sawmill"
        command = ["{{self}}", "run", "--config", "{{pipeline}}"]
        pipeline = "{}"
        [contender.environment]
        SAWMILL_INPUT__BEATS__LISTEN = "{{listen}}"
        SAWMILL_DEAD_LETTERS__PATH = "{{dir}}/dead-letters"
        ELASTICSEARCH_HOSTS = "http://{{sink}}"
        ELASTICSEARCH_USER = "{USER}"
        LOGSTASH_WRITER_PASSWORD = "{PASSWORD}"
        "#,
        elasticsearch.url(),
        pipeline.display(),
    );
    fs::write(&file, text).unwrap();
    let comparison = compare(&file);
    let attempts = comparison["contenders"][0]["attempts"].as_array().unwrap();
    let stored: Vec<_> = attempts
        .iter()
        .map(|attempt| {
            (
                attempt["sink_events"].as_u64().unwrap(),
                counted(&attempt["run"])[1].1,
            )
        })
        .collect();
    assert_eq!(stored.len(), 3);
    assert!(
        stored
            .iter()
            .all(|(stored, acknowledged)| stored == acknowledged),
        "{stored:?}"
    );
    let all: u64 = stored.iter().map(|(stored, _)| stored).sum();
    assert_eq!(elasticsearch.count("logs-*-pt"), all);
}
