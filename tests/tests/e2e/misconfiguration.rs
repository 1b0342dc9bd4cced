//! Elasticsearch is there and will not have it. Sawmill says why, holds on, and goes on once it is put right.

use std::thread::sleep;
use std::time::Duration;

use sawmill_tests::{Comparison, Django, Elasticsearch, Filebeat, Pace, Sawmill, Settings, USER};
use serde_json::json;

use crate::{PATIENCE, STREAM, folder};

const SOON: Duration = Duration::from_secs(30);

#[test]
fn a_wrong_password_is_named_and_waited_out() {
    refused_until_repaired(
        |elasticsearch| {
            elasticsearch.put_role();
            elasticsearch.put_user();
            elasticsearch.put_template();
            elasticsearch.set_password(USER, "another-password");
        },
        &["401", USER],
        |elasticsearch| elasticsearch.set_password(USER, sawmill_tests::PASSWORD),
    );
}

#[test]
fn a_missing_role_is_named_and_waited_out() {
    refused_until_repaired(
        |elasticsearch| {
            elasticsearch.put_user();
            elasticsearch.put_template();
        },
        &["403", USER],
        Elasticsearch::put_role,
    );
}

#[test]
fn a_missing_template_is_named_and_waited_out() {
    refused_until_repaired(
        |elasticsearch| {
            elasticsearch.put_role();
            elasticsearch.put_user();
        },
        &["template", STREAM],
        Elasticsearch::put_template,
    );
}

fn refused_until_repaired(
    spoil: impl FnOnce(&Elasticsearch),
    says: &[&str],
    repair: impl FnOnce(&Elasticsearch),
) {
    let dir = folder();
    let elasticsearch = Elasticsearch::start(dir.path());
    spoil(&elasticsearch);
    let sawmill = Sawmill::start(dir.path(), Settings::elasticsearch(&elasticsearch));
    let filebeat = Filebeat::start(dir.path(), &sawmill);
    let lines = Django::write(dir.path(), 5000, Pace::Full).finish().lines();

    sawmill.until_it_says(says, SOON);
    sleep(Duration::from_secs(5));
    assert_eq!(
        filebeat.acknowledged(),
        0,
        "it was acknowledged and not stored"
    );

    repair(&elasticsearch);
    filebeat.until_acknowledged(lines.count(), PATIENCE);
    let stored = elasticsearch.messages(STREAM, &json!({ "match_all": {} }));
    assert_eq!(lines.compare(&stored), Comparison::SAME);
    assert_eq!(filebeat.errors(), [""; 0]);
}
