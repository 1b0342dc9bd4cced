//! Sawmill itself ends, well or badly, and is started again.

use std::path::Path;

use sawmill_tests::{Comparison, Django, Elasticsearch, Filebeat, Pace, Sawmill, Settings, until};
use serde_json::json;

use crate::{PATIENCE, STREAM, folder};

const RECORDS: u32 = 60_000;
const RESTARTS: usize = 3;

#[test]
fn killed_in_the_middle_sawmill_loses_nothing() {
    let dir = folder();
    let elasticsearch = Elasticsearch::start_set_up(dir.path());
    let settings = Settings::elasticsearch(&elasticsearch);
    let comparison = restarted(dir.path(), &elasticsearch, settings, Sawmill::kill);
    println!(
        "killed {RESTARTS} times: {} documents twice",
        comparison.extra
    );
    assert_eq!(comparison.missing, 0, "{comparison:?}");
}

#[test]
fn stopped_in_the_middle_sawmill_loses_nothing_and_doubles_nothing() {
    let dir = folder();
    let elasticsearch = Elasticsearch::start_set_up(dir.path());
    let settings = Settings::elasticsearch(&elasticsearch);
    let comparison = restarted(dir.path(), &elasticsearch, settings, |sawmill| {
        let status = sawmill.terminate();
        assert!(status.success(), "{status}");
    });
    assert_eq!(comparison, Comparison::SAME);
}

/// Ends and starts Sawmill several times while lines come in; what became of the lines.
fn restarted(
    dir: &Path,
    elasticsearch: &Elasticsearch,
    settings: Settings,
    mut end: impl FnMut(&mut Sawmill),
) -> Comparison {
    let mut sawmill = Sawmill::start(dir, settings);
    let filebeat = Filebeat::start(dir, &sawmill);
    let django = Django::write(dir, RECORDS, Pace::PerSecond(5000));
    for restart in 1..=RESTARTS {
        until("the next lines are stored", PATIENCE, || {
            filebeat.acknowledged() >= restart * 8000
        });
        end(&mut sawmill);
        sawmill.start_again();
    }
    let lines = django.finish().lines();
    filebeat.until_acknowledged(lines.count(), PATIENCE);
    lines.compare(&elasticsearch.messages(STREAM, &json!({ "match_all": {} })))
}
