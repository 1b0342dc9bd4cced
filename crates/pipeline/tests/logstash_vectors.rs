//! What `pipeline.toml` makes of 182 events, beside what a real Logstash made of them.
//!
//! The two are not the same on purpose. Each deliberate difference is a row of [`DIFFERENCES`] that turns Logstash's
//! document into the one we want; after all rows the documents must be equal. A row that changes nothing fails.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are as blunt as tests, but clippy only sees those"
)]

mod support;

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::DateTime;
use sawmill_pipeline::Chain;
use sawmill_pipeline::config::FilterConfig;
use serde_json::{Map, Value as Json, json};

use support::{Made, filters, run};

/// One event of the fixtures.
struct Case {
    name: String,
    text: String,
    event: Json,
    zone: &'static str,
}

/// What a Logstash made of an event.
#[derive(Clone, Debug, PartialEq)]
enum Outcome {
    Made(Made),
    /// It reset the connection without an ACK, so that Filebeat sends the window again for ever.
    Reset,
}

/// A deliberate difference.
struct Difference {
    /// What is different, and why.
    reason: &'static str,
    /// Turns Logstash's outcome into ours, if it is one that this row is about.
    change: fn(&Case, &mut Outcome),
}

const DIFFERENCES: &[Difference] = &[
    Difference {
        reason: "an event that Logstash resets the connection for is taken: a bad event never costs a good one",
        change: take_poison,
    },
    Difference {
        reason: "the gate drops other groups and events without a service, which the seed's output section does",
        change: drop_behind_the_gate,
    },
    Difference {
        reason: "no `@version`: it is the format of Logstash's own events",
        change: |case, outcome| {
            if let Some(document) = outcome.document()
                && case.event.get("@version").is_none()
            {
                document.remove("@version");
            }
        },
    },
    Difference {
        reason: "no `event.original`: it would store every message twice",
        change: |case, outcome| {
            if let Some(document) = outcome.document()
                && case.event.pointer("/event/original").is_none()
                && let Some(Json::Object(event)) = document.get_mut("event")
            {
                event.remove("original");
            }
        },
    },
    Difference {
        reason: "no tags about the input's codec: there is none",
        change: |case, outcome| {
            for tag in ["beats_input_codec_plain_applied", "beats_input_raw_event"] {
                remove_tag(case, outcome, tag);
            }
        },
    },
    Difference {
        reason: "a text in `tags` stays a text until a tag is added to it",
        change: |case, outcome| {
            if let Some(document) = outcome.document()
                && let Some(text @ Json::String(_)) = case.event.get("tags")
                && document["tags"] == json!([text])
            {
                document["tags"] = text.clone();
            }
        },
    },
    Difference {
        reason: "a `message` that is no text stays what it is; Logstash stores Java's notation of it",
        change: |case, outcome| {
            if let Some(document) = outcome.document()
                && let Some(message) = case.event.get("message")
                && document.get("message") != Some(message)
            {
                document.insert("message".into(), message.clone());
            }
        },
    },
    Difference {
        reason: "a list in `message` is matched element by element, as grok does with any other list",
        change: match_elements,
    },
    Difference {
        reason: "a text or list in `data_stream` gives way to the object: the document must have a place to go",
        change: |case, outcome| {
            let there = case
                .event
                .get("data_stream")
                .filter(|there| !there.is_object());
            if there.is_some() && outcome.document().is_some() {
                remove_tag(case, outcome, "_mutate_error");
                let place =
                    json!({"type": "logs", "dataset": case.event["service"], "namespace": "pt"});
                outcome.merge(&json!({"data_stream": place, "event": {"module": "pt"}}));
            }
        },
    },
    Difference {
        reason: "`app_module` is set, not added to what is there: one event, one module",
        change: |_, outcome| {
            if let Some(document) = outcome.document()
                && let Some(Json::Array(modules)) = document.get("app_module")
            {
                document["app_module"] = modules.last().cloned().unwrap_or_default();
            }
        },
    },
    Difference {
        reason: "Celery's own loggers are a rule of pipeline.toml; the short recorded pipeline has four branches",
        change: |_, outcome| {
            if let Some(document) = outcome.document()
                && document.get("logger_name") == Some(&json!("celery.worker"))
            {
                document["app_module"] = json!("tasks");
            }
        },
    },
    Difference {
        reason: "a blank between date and time is accepted as in ISO 8601's profiles; Logstash wants a fraction then",
        change: |case, outcome| {
            let time = outcome
                .document()
                .and_then(|document| log_time(case, document));
            if let Some((time, true)) = time {
                remove_tag(case, outcome, "_dateparsefailure");
                outcome.merge(&json!({"@timestamp": time}));
            }
        },
    },
    Difference {
        reason: "a `log_timestamp` that came with the event is read, whatever became of grok",
        change: read_foreign_timestamp,
    },
    Difference {
        reason: "the milliseconds that grok captures apart are kept",
        change: keep_milliseconds,
    },
    Difference {
        reason: "time ends on 9999-12-30, a day before Logstash's, and the rest of that year is a failed parse",
        change: |case, outcome| {
            let last_day = outcome.document().is_some_and(|document| {
                let time = document.get("log_timestamp").and_then(Json::as_str);
                time.is_some_and(|time| time.starts_with("9999-12-31"))
            });
            if last_day {
                let tags = json!(["_dateparsefailure"]);
                outcome.merge(&json!({"@timestamp": case.event["@timestamp"], "tags": tags}));
            }
        },
    },
    Difference {
        reason: "an `@timestamp` that no filter sets stays as it came",
        change: |case, outcome| {
            if let Some(document) = outcome.document()
                && document.get("log_timestamp").is_none()
                && document.get("@timestamp") != case.event.get("@timestamp")
            {
                document.insert("@timestamp".into(), case.event["@timestamp"].clone());
            }
        },
    },
];

impl Outcome {
    fn document(&mut self) -> Option<&mut Map<String, Json>> {
        match self {
            Self::Made(Made::Document(Json::Object(document))) => Some(document),
            Self::Made(Made::Document(_) | Made::Dropped) | Self::Reset => None,
        }
    }

    /// Sets the members of `changes` in the document.
    fn merge(&mut self, changes: &Json) {
        if let (Some(document), Json::Object(changes)) = (self.document(), changes) {
            document.extend(changes.clone());
        }
    }
}

fn take_poison(case: &Case, outcome: &mut Outcome) {
    if *outcome != Outcome::Reset {
        return;
    }
    let matched = json!({
        "stream": "app", "app_module": "parcels", "event": {"module": "pt"},
        "log_level": "INFO", "logger_name": "apps.parcels.views", "log_message": "hello world",
        "log_timestamp": "2025-02-02T12:34:56", "log_ms": "789", "@timestamp": "2025-02-02T12:34:56.000Z",
    });
    let unmatched = json!({
        "stream": "app", "app_module": "unknown", "event": {"module": "pt"}, "tags": ["_grokparsefailure_pt"],
    });
    let mut document = case.event.clone();
    document.as_object_mut().unwrap().remove("@metadata");
    *outcome = Outcome::Made(Made::Document(document));
    outcome
        .merge(&json!({"data_stream": {"type": "logs", "dataset": "parcels", "namespace": "pt"}}));
    match case.name.as_str() {
        "tags_null" | "tags_num" | "event_array" => {
            let time = local("2025-02-02T12:34:56", case.zone).unwrap();
            outcome.merge(&matched);
            outcome.merge(&json!({"@timestamp": time}));
        }
        "message_bool" | "message_false" => outcome.merge(&unmatched),
        // The gate will drop these: they are of another group.
        "key_brackets" | "raw_meta_string" => {}
        unknown => panic!("{unknown}: say what is to become of it"),
    }
}

fn drop_behind_the_gate(case: &Case, outcome: &mut Outcome) {
    let no_service =
        [None, Some(&Json::Null), Some(&json!(""))].contains(&case.event.get("service"));
    if case.event.get("group") != Some(&json!("pt")) || no_service {
        *outcome = Outcome::Made(Made::Dropped);
    }
}

fn remove_tag(case: &Case, outcome: &mut Outcome, tag: &str) {
    let Some(document) = outcome.document() else {
        return;
    };
    let Some(Json::Array(tags)) = document.get_mut("tags") else {
        return;
    };
    tags.retain(|other| *other != json!(tag));
    if tags.is_empty() && case.event.get("tags").is_none() {
        document.remove("tags");
    }
}

fn match_elements(case: &Case, outcome: &mut Outcome) {
    match case.name.as_str() {
        "message_array" => outcome.merge(&json!({
            "log_level": ["INFO", "WARN"], "logger_name": ["apps.parcels.views", "werkzeug"],
            "log_message": ["hello world", "second"], "log_ms": ["789", "5"],
            "log_timestamp": ["2025-02-02T12:34:56", "2025-02-02T12:00:00"],
            // Two times are no time.
            "tags": ["_dateparsefailure"],
        })),
        "message_array_single" => {
            let time = local("2025-02-02T12:34:56", case.zone).unwrap();
            remove_tag(case, outcome, "_grokparsefailure_pt");
            outcome.merge(&json!({
                "log_level": "INFO", "logger_name": "apps.parcels.views", "log_message": "hello world",
                "log_ms": "789", "log_timestamp": "2025-02-02T12:34:56", "app_module": "parcels", "@timestamp": time,
            }));
        }
        _ => {}
    }
}

fn read_foreign_timestamp(case: &Case, outcome: &mut Outcome) {
    let failed_before = case.event.get("tags") == Some(&json!(["_grokparsefailure_pt"]));
    if case.event.get("log_timestamp").is_none() && !failed_before {
        return;
    }
    let Some(document) = outcome.document() else {
        return;
    };
    match document["log_timestamp"].clone() {
        Json::String(text) => {
            let time = local(&text, case.zone).unwrap();
            outcome.merge(&json!({"@timestamp": time}));
        }
        Json::Number(_) => document["tags"]
            .as_array_mut()
            .unwrap()
            .push(json!("_dateparsefailure")),
        // Grok added to it, and Logstash cannot read the list either.
        _ => {}
    }
}

fn keep_milliseconds(_: &Case, outcome: &mut Outcome) {
    let Some(document) = outcome.document() else {
        return;
    };
    let Some(digits) = document.get("log_ms").and_then(Json::as_str) else {
        return;
    };
    let whole = document["@timestamp"]
        .as_str()
        .and_then(|time| time.strip_suffix(".000Z"));
    if let Some(seconds) = whole
        && digits.bytes().all(|byte| byte.is_ascii_digit())
    {
        document["@timestamp"] = json!(format!("{seconds}.{:0<3.3}Z", digits));
    }
}

/// The time in `log_timestamp`, and whether a blank stands in it.
fn log_time(case: &Case, document: &Map<String, Json>) -> Option<(String, bool)> {
    let text = document.get("log_timestamp")?.as_str()?;
    let blank = text.contains(' ') && !text.contains(',');
    Some((local(&text.replace(' ', "T"), case.zone)?, blank))
}

fn local(text: &str, zone: &str) -> Option<String> {
    let time: DateTime = text.parse().ok()?;
    let time: Timestamp = time.in_tz(zone).ok()?.timestamp();
    Some(format!("{time:.3}"))
}

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/logstash");

fn lines(name: &str) -> Vec<String> {
    let text = std::fs::read_to_string(format!("{FIXTURES}/{name}")).unwrap();
    text.lines().map(str::to_owned).collect()
}

fn name_of(event: &Json) -> String {
    event["tcase"].as_str().unwrap().to_owned()
}

/// What Logstash made, by case. In another zone only `@timestamp` and `tags` are not as they are in UTC.
fn outcomes(zone_file: Option<&str>) -> BTreeMap<String, Outcome> {
    let parse = |line: &String| serde_json::from_str::<Json>(line).unwrap();
    let made = |document: Json| (name_of(&document), Outcome::Made(Made::Document(document)));
    let mut outcomes: BTreeMap<_, _> = lines("out.ndjson").iter().map(parse).map(made).collect();
    for changes in zone_file
        .iter()
        .flat_map(|name| lines(name))
        .map(|line| parse(&line))
    {
        outcomes
            .get_mut(&name_of(&changes))
            .unwrap()
            .merge(&changes);
    }
    outcomes
}

/// `pipeline.toml`, with the time zone that Logstash's process had.
fn chain(zone: &str) -> Chain {
    let toml = include_str!("../../../pipeline.toml");
    let mut filters = filters(toml);
    for filter in &mut filters {
        if let FilterConfig::Date(date) = filter {
            zone.clone_into(&mut date.timezone);
        }
    }
    Chain::build(&filters).unwrap()
}

/// Compares all cases; returns how many each row changed.
fn compare(zone: &'static str, zone_file: Option<&str>) -> Vec<usize> {
    let chain = chain(zone);
    let outcomes = outcomes(zone_file);
    let mut counts = vec![0; DIFFERENCES.len()];
    for text in lines("in.ndjson") {
        let event: Json = serde_json::from_str(&text).unwrap();
        let case = Case {
            name: name_of(&event),
            text,
            event,
            zone,
        };
        let mut want = outcomes.get(&case.name).cloned().unwrap_or(Outcome::Reset);
        for (difference, count) in DIFFERENCES.iter().zip(&mut counts) {
            let before = want.clone();
            (difference.change)(&case, &mut want);
            *count += usize::from(want != before);
        }
        assert_eq!(
            Outcome::Made(run(&chain, &case.text)),
            want,
            "{} in {zone}",
            case.name
        );
    }
    counts
}

#[test]
fn the_pipeline_makes_what_logstash_makes_but_for_named_differences() {
    let counts = compare("UTC", None);
    for (difference, count) in DIFFERENCES.iter().zip(counts) {
        println!("{count:>4}  {}", difference.reason);
        assert!(
            count > 0,
            "no case shows this difference: {}",
            difference.reason
        );
    }
}

#[test]
fn local_times_are_read_in_the_zone_as_logstash_reads_them() {
    compare("Asia/Kolkata", Some("kolkata.ndjson"));
    compare("America/New_York", Some("newyork.ndjson"));
}
