//! Elasticsearch goes away and comes back.

use std::thread::sleep;
use std::time::Duration;

use sawmill_tests::{Django, Elasticsearch, Filebeat, Pace, Sawmill, Settings, until};
use serde_json::json;

use crate::{PATIENCE, STREAM, folder};

const OUTAGE: Duration = Duration::from_mins(1);

#[test]
fn while_elasticsearch_is_away_filebeat_waits_calmly_and_nothing_is_lost() {
    let dir = folder();
    let mut elasticsearch = Elasticsearch::start_set_up(dir.path());
    let sawmill = Sawmill::start(dir.path(), Settings::elasticsearch(&elasticsearch));
    let filebeat = Filebeat::start(dir.path(), &sawmill);
    let django = Django::write(dir.path(), 60_000, Pace::PerSecond(3000));

    until("some lines are stored", PATIENCE, || {
        filebeat.acknowledged() > 10_000
    });
    elasticsearch.stop();
    sleep(OUTAGE);
    let lines = django.finish().lines();
    assert!(
        filebeat.acknowledged() < lines.count(),
        "it was acknowledged and not stored"
    );
    elasticsearch.start_again();

    filebeat.until_acknowledged(lines.count(), PATIENCE);
    let stored = elasticsearch.messages(STREAM, &json!({ "match_all": {} }));
    let comparison = lines.compare(&stored);
    // A request may have been carried out though its answer was lost.
    println!(
        "Elasticsearch stopped once: {} documents twice",
        comparison.extra
    );
    assert_eq!(comparison.missing, 0, "{comparison:?}");
    assert_eq!(filebeat.errors(), [""; 0]);
}
