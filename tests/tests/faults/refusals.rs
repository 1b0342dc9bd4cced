//! Elasticsearch says no: to everything, to some, for a while, or to documents that it will never take.

use std::fs;
use std::thread::sleep;
use std::time::Duration;

use sawmill_tests::{Disk, Elasticsearch, Lines, PASSWORD, Settings, USER, repository};
use serde_json::{Value, json};

use crate::stage::{LETTERS, STREAM, Setting, survive, survive_in};
use crate::{folder, start_engine};

const FAULT: Duration = Duration::from_secs(6);

fn quick() -> Settings {
    Settings::default().with("OUTPUT__ELASTICSEARCH__RETRY_MAX", "3s")
}

#[test]
fn what_elasticsearch_blocks_for_a_while_is_waited_out() {
    let dir = folder();
    let mut elasticsearch = start_engine(dir.path(), &[]);
    for (what, block) in [
        (
            "Elasticsearch: index read-only (429)",
            "index.blocks.read_only_allow_delete",
        ),
        ("Elasticsearch: write block (403)", "index.blocks.write"),
    ] {
        let setting = Setting {
            settings: quick(),
            ..Setting::new(what)
        };
        survive(&mut elasticsearch, setting, |stage| {
            stage.elasticsearch.set(STREAM, block, &json!(true));
            sleep(FAULT);
            stage.elasticsearch.set(STREAM, block, &Value::Null);
        });
    }
    if elasticsearch.engine().has_users() {
        let setting = Setting {
            settings: quick(),
            ..Setting::new("Elasticsearch: password changed, and changed back (401)")
        };
        survive(&mut elasticsearch, setting, |stage| {
            stage.elasticsearch.set_password(USER, "another-password");
            sleep(FAULT);
            stage.elasticsearch.set_password(USER, PASSWORD);
        });
    }
    survive(
        &mut elasticsearch,
        Setting::new("Elasticsearch: rollover, three times"),
        |stage| {
            for _ in 0..3 {
                let (status, answer) =
                    stage
                        .elasticsearch
                        .request("POST", &format!("/{STREAM}/_rollover"), None);
                assert_eq!(status, 200, "{answer}");
                sleep(Duration::from_secs(1));
            }
        },
    );
}

#[test]
fn more_than_elasticsearch_can_take_is_sent_again_and_in_parts() {
    for (what, settings, felt) in [
        (
            "Elasticsearch: write queue of one (429)",
            &["thread_pool.write.size=1", "thread_pool.write.queue_size=1"][..],
            Some("/thread_pool/write/rejected"),
        ),
        (
            "Elasticsearch: indexing pressure of 300 kB (429)",
            &["indexing_pressure.memory.limit=300kb"],
            Some("/indexing_pressure/memory/total/coordinating_rejections"),
        ),
        (
            "Elasticsearch: requests of up to 100 kB (413)",
            &["http.max_content_length=100kb"],
            // It keeps no count of those.
            None,
        ),
    ] {
        let dir = folder();
        let mut elasticsearch = start_engine(dir.path(), settings);
        let setting = Setting {
            settings: quick(),
            ..Setting::new(what)
        };
        survive(&mut elasticsearch, setting, |_| {});
        if let Some(counter) = felt {
            assert!(count(&elasticsearch, counter) > 0, "nothing was refused");
        }
    }
}

/// One of the counters that the only node keeps.
fn count(elasticsearch: &Elasticsearch, counter: &str) -> u64 {
    let (_, answer) = elasticsearch.request("GET", "/_nodes/stats", None);
    let nodes = answer["nodes"].as_object().expect("nodes have statistics");
    let node = nodes.values().next().expect("there is a node");
    let count = node.pointer(counter).and_then(Value::as_u64);
    count.unwrap_or_else(|| panic!("no {counter} in {node}"))
}

/// The field that takes numbers only, and is given something else in one document of a hundred.
const CONFLICT: &str = r#"
[[filter]]
type = "set"
if   = '[log_message] =~ /#[0-9]*7[0-9]?7[^0-9]/'
[filter.fields]
number = "none"
"#;

#[test]
fn documents_that_do_not_fit_become_dead_letters_and_cost_no_other() {
    let dir = folder();
    let mut elasticsearch = start_engine(dir.path(), &[]);
    elasticsearch.put_template_with_number("number");
    let pipeline = dir.path().join("pipeline.toml");
    let own = fs::read_to_string(repository().join("pipeline.toml")).unwrap();
    fs::write(&pipeline, own + CONFLICT).unwrap();
    let settings = || Settings::default().with_pipeline(&pipeline);

    let setting = Setting {
        settings: settings(),
        ..Setting::new("Elasticsearch: mapping conflicts in some documents (400)")
    };
    survive(&mut elasticsearch, setting, |stage| {
        stage.until_acknowledged(4_000);
        assert!(stage.dead_letters().count() > 10, "documents are refused");
    });

    let setting = Setting {
        settings: settings().with("DEAD_LETTERS__DATA_STREAM", LETTERS),
        ..Setting::new("Elasticsearch: mapping conflicts, with a data stream for dead letters")
    };
    survive(&mut elasticsearch, setting, |stage| {
        stage.until_acknowledged(4_000);
        assert!(stage.letters_in_stream().count() > 10, "they are there");
        assert_eq!(stage.letters_in_files(), Lines::default());
    });

    let own = folder();
    let _disk = Disk::mount(&own.path().join("dead-letters"), 4);
    let filler = own.path().join("dead-letters/filler");
    let setting = Setting {
        settings: settings(),
        ..Setting::new("Disk full under dead letters")
    };
    survive_in(own.path(), &mut elasticsearch, setting, |stage| {
        fs::write(&filler, vec![0; 4 << 20]).unwrap_err();
        stage
            .sawmill
            .until_it_says(&["dead letters", "space"], Duration::from_mins(1));
        sleep(FAULT);
        fs::remove_file(&filler).unwrap();
    });
}
