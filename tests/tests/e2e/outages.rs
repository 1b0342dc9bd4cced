//! Elasticsearch goes away and comes back.

use std::thread::sleep;
use std::time::Duration;

use sawmill_tests::{Comparison, Django, Elasticsearch, Filebeat, Pace, Sawmill, Settings, until};
use serde_json::json;

use crate::{PATIENCE, STREAM, folder};

const OUTAGE: Duration = Duration::from_mins(1);

#[test]
fn while_elasticsearch_is_away_filebeat_waits_calmly_and_nothing_is_lost() {
    let dir = folder();
    let mut elasticsearch = Elasticsearch::start_set_up(dir.path());
    // A request may have been carried out though its answer was lost; with ids, sending it again adds nothing.
    let settings = Settings::elasticsearch(&elasticsearch)
        .with("OUTPUT__ELASTICSEARCH__DOCUMENT_ID", "origin");
    let sawmill = Sawmill::start(dir.path(), settings);
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
    assert_eq!(lines.compare(&stored), Comparison::SAME);
    assert_eq!(filebeat.errors(), [""; 0]);
}
