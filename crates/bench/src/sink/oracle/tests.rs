//! The oracle against what a real Logstash made, and what it refuses to follow.

use serde_json::json;

use super::*;

const PIPELINE: &str = include_str!("../../../../../pipeline.toml");
const VECTORS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../pipeline/tests/fixtures/logstash"
);

fn object(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).unwrap()
}

fn judge(event: Value) -> Verdict {
    let Value::Object(event) = event else {
        panic!("no event: {event}")
    };
    Oracle::read(PIPELINE).unwrap().judge(event)
}

#[test]
fn an_event_becomes_the_document_that_the_pipelines_comments_promise() {
    let verdict = judge(json!({
        "@timestamp": "2025-02-02T13:00:00.000Z", "@metadata": {"beat": "filebeat"}, "group": "pt",
        "service": "django", "stream": ["app", "x"], "log": {"offset": 4096},
        "message": "WARNING|apps.parcels.views|2025-02-02T12:34:56.7|two\nlines",
    }));
    let document = json!({
        "@timestamp": "2025-02-02T12:34:56.700Z", "group": "pt", "service": "django", "stream": "app",
        "log": {"offset": 4096}, "message": "WARNING|apps.parcels.views|2025-02-02T12:34:56.7|two\nlines",
        "log_level": "WARNING", "logger_name": "apps.parcels.views", "log_timestamp": "2025-02-02T12:34:56",
        "log_ms": "7", "log_message": "two\nlines", "app_module": "parcels", "event": {"module": "pt"},
        "data_stream": {"type": "logs", "dataset": "django", "namespace": "pt"},
    });
    let stream = "logs-django-pt".to_owned();
    assert_eq!(verdict, Verdict::Stored { stream, document });
}

#[test]
fn other_groups_and_events_without_a_service_go_nowhere() {
    for event in [
        json!({"group": "xx", "service": "a"}),
        json!({"service": "a"}),
        json!({"group": "pt"}),
        json!({"group": "pt", "service": ""}),
        json!({"group": "pt", "service": null}),
    ] {
        assert_eq!(judge(event.clone()), Verdict::Dropped, "{event}");
    }
}

/// Logstash's document without what is its own, and with the milliseconds that its pipeline loses.
fn ours(event: &Map<String, Value>, mut document: Map<String, Value>) -> Map<String, Value> {
    if !event.contains_key("@version") {
        document.remove("@version");
    }
    if let Some(Value::Object(own)) = document.get_mut("event")
        && event
            .get("event")
            .and_then(|given| given.get("original"))
            .is_none()
    {
        own.remove("original");
    }
    if let Some(Value::Array(tags)) = document.get_mut("tags") {
        tags.retain(|tag| {
            !tag.as_str()
                .is_some_and(|tag| tag.starts_with("beats_input_"))
        });
        if tags.is_empty() && !event.contains_key("tags") {
            document.remove("tags");
        }
    }
    let digits = document.get("log_ms").and_then(Value::as_str);
    let milliseconds = digits
        .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
        .map(|digits| format!(".{digits:0<3.3}Z"));
    if let (Some(milliseconds), Some(Value::String(time))) =
        (milliseconds, document.get_mut("@timestamp"))
    {
        *time = time.replace(".000Z", &milliseconds);
    }
    document
}

/// The vectors whose documents `pipeline.toml` makes different on purpose; the pipeline's own tests explain each.
const DIFFERENT: &[&str] = &[
    // A rule that the recorded pipeline lacks.
    "unknown_logger",
    "nine_digits",
    // A blank between date and time is taken, the last day of the year 9999 is not.
    "ts_space",
    "ts_space_ms",
    "ts_y9999",
    // What is no text stays what it is, and a list is matched element by element.
    "message_num",
    "message_array",
    "message_map",
    // Set, not added to.
    "app_module_exists",
    "app_module_null",
    "tags_string",
    // A time that came with the event is read.
    "tags_has_failure_tag",
    "nomatch_existing_logger",
    // The document has a place to go.
    "data_stream_string",
    "data_stream_array",
    "message_array_single",
    "message_array_mixed",
    "message_map_nested",
    "message_bigint",
    "message_neg_float",
    "raw_app_module",
    // A time that no filter sets stays as it came.
    "at_ts_kolkata_nozone_pt",
    "log_ts_existing_num",
];

#[test]
fn a_real_logstash_made_the_same_of_the_recorded_events() {
    let read = |name: &str| std::fs::read_to_string(format!("{VECTORS}/{name}")).unwrap();
    let (events, documents) = (read("in.ndjson"), read("out.ndjson"));
    let documents: BTreeMap<String, Map<String, Value>> = documents
        .lines()
        .map(|line| {
            (
                object(line)["tcase"].as_str().unwrap().to_owned(),
                object(line),
            )
        })
        .collect();
    let oracle = Oracle::read(PIPELINE).unwrap();
    let (mut same, mut different) = (0, Vec::new());
    for line in events.lines() {
        let event = object(line);
        let name = event["tcase"].as_str().unwrap().to_owned();
        let Some(document) = documents.get(&name) else {
            continue;
        };
        let Verdict::Stored { document: got, .. } = oracle.judge(event.clone()) else {
            continue;
        };
        let want = Value::Object(ours(&event, document.clone()));
        let found = differences(&want, &got);
        if found.is_empty() {
            same += 1;
        } else {
            different.push(name.clone());
            println!("{name}: {found:?}");
        }
    }
    assert_eq!(different, DIFFERENT);
    assert!(same > 100, "{same}");
}

#[test]
fn what_the_oracle_cannot_follow_is_refused_by_name() {
    for (toml, want) in [
        ("", "no [[filter]]"),
        ("x = [", "cannot follow this pipeline"),
        ("[[filter]]\ntype = \"mutate\"", "mutate"),
        (
            "[[filter]]\ntype = \"gate\"\nif = '[a] =~ /x/'",
            "`[a] =~ /x/`",
        ),
        ("[[filter]]\ntype = \"gate\"\nif = '[a] == 5'", "`[a] == 5`"),
        (
            "[[filter]]\ntype = \"gate\"\nif = '[a] or [b]'",
            "`[a] or [b]`",
        ),
        (
            "[[filter]]\ntype = \"first\"\nfield = \"x\"\nif = '[a]'",
            "unknown field `if`",
        ),
        (
            "[[filter]]\ntype = \"first\"\nfield = \"[x][0]\"",
            "`[x][0]`",
        ),
        (
            "[[filter]]\ntype = \"grok\"\nfield = \"m\"\npatterns = ['%{IP:ip}']\ntag_on_failure = []",
            "`%{IP:ip}`",
        ),
        (
            "[[filter]]\ntype = \"grok\"\nfield = \"m\"\npatterns = ['(?<a>x)']\ntag_on_failure = []",
            "`(?<a>x)`",
        ),
        (
            "[[filter]]\ntype = \"set\"\nfields = { a = \"%{+yyyy}\" }",
            "`%{+yyyy}`",
        ),
        ("[[filter]]\ntype = \"set\"\nfields = { a = 5 }", "integer"),
        (
            "[[filter]]\ntype = \"categorize\"\nfield = \"l\"\nrules = [{ matches = \"x\", set = {} }]",
            "unknown field `matches`",
        ),
        (
            "[[filter]]\ntype = \"categorize\"\nfield = \"l\"\nrules = [{ set = {} }]",
            "rule 1 of categorize has 0 tests",
        ),
        (
            "[[filter]]\ntype = \"date\"\nfield = \"t\"\nformats = [\"UNIX\"]",
            "`UNIX`",
        ),
        (
            "[[filter]]\ntype = \"date\"\nfield = \"t\"\nformats = [\"ISO8601\"]\ntimezone = \"Asia/Kolkata\"",
            "`Asia/Kolkata`",
        ),
    ] {
        let error = Oracle::read(toml).unwrap_err().to_string();
        assert!(error.contains(want), "{toml}: {error}");
    }
}
