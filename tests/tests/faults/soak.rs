//! Half an hour at a fixed rate, with something broken every twenty seconds.

use std::thread::sleep;
use std::time::{Duration, Instant};

use sawmill_tests::{Elasticsearch, PASSWORD, Settings, Toxic, USER};
use serde_json::{Value, json};

use crate::folder;
use crate::stage::{Proxied, STREAM, Setting, Stage, survive};

/// So few that no file is rotated in half an hour: Filebeat 7.17 knows a file by its path alone.
const PER_SECOND: u32 = 100;
const EVERY: Duration = Duration::from_secs(20);
const FAULT: Duration = Duration::from_secs(5);
/// Beside the memory that it holds before anything comes.
const GROWTH_MAX_BYTES: u64 = 64 << 20;

#[test]
#[ignore = "takes half an hour, or SAWMILL_SOAK_MINUTES: tests/run soak"]
fn half_an_hour_of_faults_loses_nothing_and_takes_no_more_memory() {
    let minutes = std::env::var("SAWMILL_SOAK_MINUTES").map_or(30, |minutes| {
        minutes.parse().expect("SAWMILL_SOAK_MINUTES is a number")
    });
    let dir = folder();
    let mut elasticsearch = Elasticsearch::start_set_up(dir.path());
    let what = format!("a fault every {} s, for {minutes} minutes", EVERY.as_secs());
    let setting = Setting {
        proxied: Proxied::Input,
        settings: Settings::default().with("OUTPUT__ELASTICSEARCH__RETRY_MAX", "5s"),
        records: minutes * 60 * PER_SECOND,
        per_second: PER_SECOND,
        ..Setting::new(&what)
    };
    survive(&mut elasticsearch, setting, |stage| {
        let idle = stage.sawmill.resident_bytes();
        let end = Instant::now() + Duration::from_secs(u64::from(minutes) * 60);
        let mut peak = 0;
        for number in 0.. {
            let next = Instant::now() + EVERY;
            if next > end {
                break;
            }
            let broken = break_one(stage, number);
            while Instant::now() < next {
                peak = peak.max(stage.sawmill.resident_bytes());
                sleep(Duration::from_millis(200));
            }
            let acknowledged = stage.filebeat.acknowledged();
            println!(
                "{number}: {broken}; {acknowledged} acknowledged, at most {} MiB",
                peak >> 20
            );
        }
        assert!(
            peak <= idle + GROWTH_MAX_BYTES,
            "{} MiB resident",
            peak >> 20
        );
    });
}

/// Breaks something and repairs it; what it was. Sawmill itself is left alone, or its memory would tell nothing.
fn break_one(stage: &mut Stage<'_>, number: usize) -> &'static str {
    let proxy = stage.proxy.as_ref().expect("there is one");
    match number % 6 {
        0 => {
            proxy.add(&Toxic::reset(Duration::from_millis(500)));
            sleep(FAULT);
            proxy.heal();
            "connections reset"
        }
        1 => {
            let block = "index.blocks.read_only_allow_delete";
            stage.elasticsearch.set(STREAM, block, &json!(true));
            sleep(FAULT);
            stage.elasticsearch.set(STREAM, block, &Value::Null);
            "index read-only"
        }
        2 => {
            stage.filebeat.kill();
            stage.filebeat.start_again();
            "Filebeat killed"
        }
        3 => {
            stage.elasticsearch.set_password(USER, "another-password");
            sleep(FAULT);
            stage.elasticsearch.set_password(USER, PASSWORD);
            "password changed and changed back"
        }
        4 => {
            proxy.add(&Toxic::timeout(Duration::ZERO));
            sleep(FAULT);
            proxy.heal();
            "connections half open"
        }
        _ => {
            stage.elasticsearch.kill();
            stage.elasticsearch.start_again();
            "Elasticsearch killed"
        }
    }
}
