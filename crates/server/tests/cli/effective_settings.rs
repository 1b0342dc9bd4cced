//! `sawmill check`: what holds, and where it came from.

use crate::support::Place;
use serde_json::Value;

/// What `check --json` says of one setting: its value and where it came from.
fn setting(place: &Place, arguments: &[&str], key: &str) -> (Value, String) {
    let ended = place.run(&[&["check", "--json"], arguments].concat());
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    let settings = report["settings"].as_array().unwrap();
    let found = settings
        .iter()
        .find(|setting| setting["key"] == key)
        .unwrap();
    (
        found["value"].clone(),
        found["from"].as_str().unwrap().to_owned(),
    )
}

#[test]
fn flags_beat_variables_beat_the_file_beats_defaults() {
    let key = "memory.budget";
    let file = "\n[memory]\nbudget = '32MiB'\n";
    let bare = Place::new().with("pipeline.toml", "");
    assert_eq!(
        setting(&bare, &[], key),
        ("256MiB".into(), "default".to_owned())
    );
    let place = Place::new().with("pipeline.toml", file);
    assert_eq!(
        setting(&place, &[], key),
        ("32MiB".into(), "pipeline.toml:3".to_owned())
    );
    let place = place.variable("SAWMILL_MEMORY__BUDGET", "64MiB");
    assert_eq!(
        setting(&place, &[], key),
        ("64MiB".into(), "SAWMILL_MEMORY__BUDGET".to_owned())
    );
    let flag = ["--set", "memory.budget=128MiB"];
    assert_eq!(
        setting(&place, &flag, key),
        ("128MiB".into(), "--set memory.budget".to_owned())
    );
}

#[test]
fn the_file_is_the_one_named_by_flag_or_variable_or_the_usual_one_or_the_built_in_one() {
    let key = "input.beats.listen";
    let listen = |port: u16| format!("input.beats.listen = '127.0.0.1:{port}'\n");
    assert_eq!(
        setting(&Place::new(), &[], key),
        ("0.0.0.0:5044".into(), "built-in pipeline.toml:8".to_owned())
    );
    let place = Place::new()
        .with("pipeline.toml", listen(1))
        .with("b.toml", listen(2))
        .with("c.toml", listen(3));
    assert_eq!(setting(&place, &[], key).1, "pipeline.toml:1");
    let place = place.variable("SAWMILL_CONFIG", "b.toml");
    assert_eq!(setting(&place, &[], key).1, "b.toml:1");
    assert_eq!(setting(&place, &["--config", "c.toml"], key).1, "c.toml:1");
}

#[test]
fn a_value_of_digits_stays_what_its_setting_is() {
    let place = Place::new()
        .with(
            "pipeline.toml",
            "output.elasticsearch.hosts = 'http://a:9200,http://b:9200'",
        )
        .variable("SAWMILL_OUTPUT__ELASTICSEARCH__USER", "007")
        .variable("SAWMILL_OUTPUT__ELASTICSEARCH__PASSWORD", "12345")
        .variable("SAWMILL_OUTPUT__ELASTICSEARCH__REQUESTS_MAX", "3")
        .variable(
            "SAWMILL_OUTPUT__ELASTICSEARCH__REQUIRE_DATA_STREAM",
            "false",
        );
    assert_eq!(setting(&place, &[], "output.elasticsearch.user").0, "007");
    assert_eq!(
        setting(&place, &[], "output.elasticsearch.requests_max").0,
        "3"
    );
}

#[test]
fn placeholders_are_filled_in_from_the_environment() {
    let text = "input.beats.listen = '${HOST:127.0.0.1}:${PORT}'\n";
    let place = Place::new()
        .with("pipeline.toml", text)
        .variable("PORT", "1");
    assert_eq!(setting(&place, &[], "input.beats.listen").0, "127.0.0.1:1");
}

#[test]
fn secrets_are_masked_wherever_they_come_from() {
    let place = Place::new()
        .with(
            "pipeline.toml",
            "[output.elasticsearch]\nhosts = 'http://a'\nuser = 'u'\npassword = 'hush-file'\n",
        )
        .variable("SAWMILL_OUTPUT__ELASTICSEARCH__PASSWORD", "hush-variable");
    for arguments in [&["check"][..], &["check", "--json"]] {
        let ended = place.run(arguments);
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        assert!(ended.stdout.contains("********"), "{}", ended.stdout);
        assert!(!ended.stdout.contains("hush"), "{}", ended.stdout);
    }
}

#[test]
fn a_password_may_come_from_a_file() {
    let text = "[output.elasticsearch]\nhosts = 'http://a'\nuser = 'u'\npassword_file = 'secret'\n";
    let place = Place::new()
        .with("pipeline.toml", text)
        .with("secret", "hush\n");
    let ended = place.run(&["check"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    assert!(!ended.stdout.contains("hush"), "{}", ended.stdout);
}

#[test]
fn the_report_shows_settings_filters_and_how_patterns_are_matched() {
    let text = r#"
[input.beats]
listen = "[::1]:5044"

[output.elasticsearch]
hosts = "http://es1:9200 http://es2:9200"
user = "${ES_USER:writer}"
password = "hush"

[[filter]]
type = "gate"
if = '[group] == "pt"'

[[filter]]
type = "grok"
patterns = ['^%{WORD:level}\|%{GREEDYDATA:text}$', '^(?<!x)%{INT:number:int}\b', '(?<word>a+)(?!b)\k<word>']
"#;
    let place = Place::new()
        .with("pipeline.toml", text)
        .variable("SAWMILL_LOG__FORMAT", "json");
    let ended = place.run(&["check"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    insta::assert_snapshot!(ended.stdout);
}
