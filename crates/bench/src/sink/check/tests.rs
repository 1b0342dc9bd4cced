//! The checker, shown that it sees what it should: each fault is staged.

use serde_json::{Map, json};

use super::*;

const PIPELINE: &str = include_str!("../../../../../pipeline.toml");
/// In this range there is an event of every kind.
const EVENTS: u64 = 400;

fn args() -> SinkArgs {
    SinkArgs::parsed(&["--other-groups", "0.1", "--without-milliseconds", "0.2"])
}

fn checker(expected: Option<u64>) -> Checker {
    let origin = Box::new(Generated::new(&args()).unwrap());
    Checker::with(Oracle::read(PIPELINE).unwrap(), origin, expected, None)
}

/// What a right server sends for the event of this number: its action and its document.
fn right(checker: &Checker, number: u64) -> Option<(String, Value)> {
    match checker.verdict(number).unwrap() {
        Verdict::Dropped => None,
        Verdict::Stored { stream, document } => {
            Some((json!({"create": {"_index": stream}}).to_string(), document))
        }
    }
}

fn send(checker: &Checker, action: &str, document: &Value) {
    let seen = checker.document(action.as_bytes(), document.to_string().as_bytes());
    checker.stored(&[seen], &[]);
}

fn send_all(checker: &Checker) {
    for (action, document) in (0..EVENTS).filter_map(|number| right(checker, number)) {
        send(checker, &action, &document);
    }
}

fn only_complaint(checker: &Checker) -> String {
    let summary = checker.summary();
    assert_eq!(summary.mismatches, 1, "{}", summary.text());
    assert!(summary.failure().is_some());
    summary.shown[0].clone()
}

/// A matched line with milliseconds, so that every filter has had its say.
fn rich(checker: &Checker) -> (u64, String, Value) {
    let is_rich =
        |document: &Value| document.get("log_ms").is_some() && document.get("app_module").is_some();
    (0..EVENTS)
        .find_map(|number| {
            let (action, document) = right(checker, number)?;
            is_rich(&document).then_some((number, action, document))
        })
        .unwrap()
}

#[test]
fn a_right_server_passes_however_often_it_sends() {
    let checker = checker(Some(EVENTS));
    send_all(&checker);
    send_all(&checker);
    let summary = checker.summary();
    assert_eq!(summary.failure(), None, "{}", summary.text());
    assert!(summary.distinct > EVENTS * 8 / 10 && summary.distinct < EVENTS);
    assert_eq!((summary.times_min, summary.times_max), (2, 2));
}

#[test]
fn what_a_wrong_server_does_to_a_document_is_seen() {
    type Change = fn(&mut Map<String, Value>);
    let changes: [(Change, &str); 8] = [
        (
            |it| drop(it.insert("@timestamp".into(), json!("2025-02-02T12:34:56.000Z"))),
            "[@timestamp]: expected",
        ),
        (|it| drop(it.remove("log_level")), "[log_level]: missing"),
        (
            |it| drop(it.insert("@version".into(), json!("1"))),
            "[@version]: expected nothing",
        ),
        (
            |it| it["log"]["offset"] = json!(it["log"]["offset"].as_u64().unwrap() ^ 1),
            "[log][offset]: expected",
        ),
        (
            |it| it["ecs"] = json!({"version": 8}),
            "[ecs][version]: expected \"8.0.0\", got 8",
        ),
        (
            |it| drop(it.insert("app_module".into(), json!("nonsense"))),
            "[app_module]: expected",
        ),
        (
            |it| drop(it.insert("log_ms".into(), json!("0"))),
            "[log_ms]: expected",
        ),
        (
            |it| drop(it.insert("@metadata".into(), json!({}))),
            "[@metadata]: expected nothing",
        ),
    ];
    for (change, want) in changes {
        let checker = checker(None);
        let (number, action, mut document) = rich(&checker);
        change(document.as_object_mut().unwrap());
        send(&checker, &action, &document);
        let complaint = only_complaint(&checker);
        assert!(
            complaint.starts_with(&format!("event {number}: ")) && complaint.contains(want),
            "{complaint}"
        );
    }
}

#[test]
fn a_wrong_stream_or_action_is_seen() {
    for (change, want) in [
        (("logs-", "metrics-"), "_index: expected \"logs-"),
        (
            ("create", "index"),
            "the action: expected create, got index",
        ),
        (("_index", "_id"), "_index: expected"),
        (("}}", "}"), "no JSON"),
    ] {
        let checker = checker(None);
        let (_, action, document) = rich(&checker);
        send(&checker, &action.replace(change.0, change.1), &document);
        let complaint = only_complaint(&checker);
        assert!(complaint.contains(want), "{complaint}");
    }
}

#[test]
fn a_member_written_twice_is_seen() {
    let checker = checker(None);
    let (_, action, document) = rich(&checker);
    let document = document.to_string().replacen('{', r#"{"group":"pt","#, 1);
    checker.document(action.as_bytes(), document.as_bytes());
    assert!(only_complaint(&checker).contains("`group` stands there twice"));
}

#[test]
fn an_event_that_the_pipeline_drops_must_not_come() {
    let checker = checker(None);
    let dropped = (0..EVENTS)
        .find(|number| right(&checker, *number).is_none())
        .unwrap();
    let mut event = Vec::new();
    checker.origin.event(dropped, &mut event);
    send(
        &checker,
        r#"{"create":{"_index":"logs-x-pt"}}"#,
        &serde_json::from_slice(&event).unwrap(),
    );
    assert!(only_complaint(&checker).contains("it must not have come"));
}

#[test]
fn an_unknown_event_is_seen() {
    let checker = checker(None);
    let (_, action, mut document) = rich(&checker);
    document["log"].as_object_mut().unwrap().remove("offset");
    send(&checker, &action, &document);
    assert!(only_complaint(&checker).contains("unknown event"));
}

#[test]
fn a_change_after_the_first_time_is_seen() {
    let checker = checker(None);
    let (_, action, mut document) = rich(&checker);
    send(&checker, &action, &document);
    document["log_level"] = json!("DEBUG?");
    send(&checker, &action, &document);
    assert!(only_complaint(&checker).contains("[log_level]: expected"));
}

#[test]
fn other_bytes_of_the_same_value_are_seen() {
    let checker = checker(None);
    let (_, action, document) = rich(&checker);
    send(&checker, &action, &document);
    checker.document(action.as_bytes(), format!("{document} ").as_bytes());
    assert!(only_complaint(&checker).contains("its bytes are others"));
}

#[test]
fn a_wrong_document_is_wrong_every_time() {
    let checker = checker(None);
    let (_, action, mut document) = rich(&checker);
    document["x"] = json!(1);
    send(&checker, &action, &document);
    send(&checker, &action, &document);
    assert_eq!(checker.summary().mismatches, 2);
}

#[test]
fn missing_and_doubled_events_are_counted() {
    let checker = checker(Some(EVENTS));
    let lost = rich(&checker).0;
    for number in (0..EVENTS).filter(|number| *number != lost) {
        if let Some((action, document)) = right(&checker, number) {
            send(&checker, &action, &document);
            if number == lost + 1 {
                send(&checker, &action, &document);
            }
        }
    }
    let summary = checker.summary();
    assert_eq!(
        (summary.missing, &summary.first_missing[..]),
        (1, &[lost][..])
    );
    assert_eq!((summary.times_min, summary.times_max), (1, 2));
    assert!(summary.failure().unwrap().contains("1 events are missing"));
}

#[test]
fn where_each_event_is_sent_once_a_doubled_one_fails_the_check() {
    let origin = Box::new(Generated::new(&args()).unwrap());
    let checker = Checker::with(Oracle::read(PIPELINE).unwrap(), origin, None, Some(1));
    send_all(&checker);
    assert_eq!(checker.summary().failure(), None);
    let (number, action, document) = rich(&checker);
    send(&checker, &action, &document);
    let summary = checker.summary();
    assert_eq!(
        (summary.wrong_times, &summary.first_wrong_times[..]),
        (1, &[number][..])
    );
    assert!(
        summary
            .failure()
            .unwrap()
            .contains("1 events were not stored 1 times")
    );
}

#[test]
fn what_was_rejected_is_not_counted_as_stored() {
    let checker = checker(None);
    let (_, action, document) = rich(&checker);
    let seen = checker.document(action.as_bytes(), document.to_string().as_bytes());
    checker.stored(&[seen, seen, seen], &[(0, 429), (2, 400)]);
    assert_eq!(checker.summary().times_max, 1);
}
