//! Events that are none: each becomes a dead letter with its reason, and costs no other event.

use serde_json::json;

use crate::support::{Sawmill, event, plain_window, window};

#[test]
fn how_deep_and_how_wide_an_event_may_be_is_a_setting() {
    let sawmill = Sawmill::start(&[
        "input.beats.event_members_max=7",
        "input.beats.event_depth_max=3",
    ]);
    let with = |member: &str| event("one").replacen('{', &format!("{{{member},"), 1);
    let spaced = |event: &str| event.replacen(':', ": ", 1);
    let (good, deep, wide) = (
        with(r#""a":{"b":{}}"#),
        with(r#""a":{"b":{"c":{}}}"#),
        with(r#""a":1,"b":2"#),
    );
    // Compact JSON is read in another way.
    let events = [&good, &deep, &wide].map(|event| [event.clone(), spaced(event)]);
    let events: Vec<&[u8]> = events.iter().flatten().map(String::as_bytes).collect();
    let mut client = sawmill.connect();
    client.send(&window(&events));
    assert_eq!(client.ack(), 6);
    assert_eq!(sawmill.stored("logs-django-pt").len(), 2);
    let letters = sawmill.dead_letters();
    let reasons: Vec<_> = letters
        .iter()
        .map(|letter| letter["reason"].as_str().unwrap())
        .collect();
    let [deep, deep_spaced, wide, wide_spaced] = reasons[..] else {
        panic!("{reasons:?}");
    };
    assert!(
        deep.starts_with("nested deeper than 3 levels at byte "),
        "{deep}"
    );
    assert!(
        deep_spaced.starts_with("nested deeper than 3 levels at byte "),
        "{deep_spaced}"
    );
    assert_eq!([wide, wide_spaced], ["more than 7 top-level members"; 2]);
}

#[test]
fn a_bad_event_becomes_a_dead_letter_and_its_window_is_acknowledged() {
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(200), "]".repeat(200));
    let bad: [(&[u8], &str); 9] = [
        (b"hello", "not JSON: expected `{` at byte 0"),
        (b"[1,2]", "the event is an array, not an object"),
        (b"\"text\"", "the event is a string, not an object"),
        (b"{\"a\":1", "the event is cut off after 6 bytes"),
        (b"{\"a\":tru}", "not JSON: expected a value at byte 5"),
        (b"{\"a\":\"\xff\xfe\"}", "invalid UTF-8 at byte 6"),
        (
            b"{\"a\":\"x\ny\"}",
            "raw control byte 0x0a inside a string at byte 7",
        ),
        (
            b"{\"a\":1}\n{\"create\":{}}",
            "text after the event's object at byte 8",
        ),
        (deep.as_bytes(), "nested deeper than 128 levels at byte 132"),
    ];
    let (good, last) = (event("good"), event("last"));
    let mut events = vec![good.as_bytes()];
    events.extend(bad.map(|(bytes, _)| bytes));
    events.push(last.as_bytes());
    for writer in [window, plain_window] {
        let sawmill = Sawmill::start(&[]);
        let mut client = sawmill.connect();
        let peer = client.stream.local_addr().unwrap().to_string();
        client.send(&writer(&events));
        assert_eq!(client.ack(), 11);
        let letters = sawmill.dead_letters();
        assert_eq!(letters.len(), bad.len());
        for (letter, (bytes, reason)) in letters.iter().zip(bad) {
            assert_eq!(letter["reason"], reason);
            assert_eq!(letter["peer"], json!(peer));
            // As received, but for line breaks between tokens.
            let received = String::from_utf8_lossy(bytes).replace("}\n", "} ");
            assert_eq!(letter["event"], json!(received));
        }
        let stored = sawmill.stored("logs-django-pt");
        let messages: Vec<_> = stored.iter().map(|document| &document["message"]).collect();
        assert_eq!(messages, ["good", "last"]);
        assert!(sawmill.log().contains(&peer), "the log names the peer");
    }
}

#[test]
fn strange_events_are_stored_as_they_are() {
    let odd = [
        r#"{"@timestamp":"yesterday","group":"pt","service":"django","message":"no time"}"#,
        r#"{"@metadata":null,"group":"pt","service":"django","message":"nothing beside it"}"#,
        r#"{"group":"pt","service":"django","message":12345}"#,
        r#"{"group":"pt","service":"django","message":["a","b"]}"#,
        r#"{"group":"pt","service":"django"}"#,
        r#"{"group":"pt","service":"django","message":true,"tags":7}"#,
        r#"{"group":"nl","group":"pt","service":"django","message":"twice","message":"last"}"#,
        "{\n \"group\": \"pt\",\n \"service\": \"django\",\n \"message\": \"pretty\"\n}",
    ];
    let sawmill = Sawmill::start(&[]);
    let mut client = sawmill.connect();
    client.send(&window(&odd.map(str::as_bytes)));
    assert_eq!(client.ack(), 8);
    let stored = sawmill.stored("logs-django-pt");
    let messages: Vec<_> = stored
        .iter()
        .map(|document| document["message"].clone())
        .collect();
    let want = [
        json!("no time"),
        json!("nothing beside it"),
        json!(12345),
        json!(["a", "b"]),
        json!(null),
        json!(true),
        json!("last"),
        json!("pretty"),
    ];
    assert_eq!(messages, want);
    assert_eq!(stored[0]["@timestamp"], "yesterday");
    for document in &stored {
        assert!(
            document["tags"]
                .as_array()
                .unwrap()
                .contains(&json!("_grokparsefailure_pt"))
        );
        assert!(
            document["@timestamp"].is_string(),
            "an event without a time gets that of its arrival"
        );
    }
    assert!(sawmill.dead_letters().is_empty());
}

#[test]
fn an_event_whose_stream_cannot_exist_becomes_a_dead_letter() {
    let sawmill = Sawmill::start(&[]);
    let mut client = sawmill.connect();
    let events = [
        r#"{"group":"pt","service":"../../etc","message":"x"}"#,
        r#"{"group":"pt","service":"Django","message":"x"}"#,
        r#"{"group":"pt","service":{"name":"x"},"message":"x"}"#,
    ];
    client.send(&window(&events.map(str::as_bytes)));
    assert_eq!(client.ack(), 3);
    let reasons: Vec<_> = sawmill
        .dead_letters()
        .iter()
        .map(|letter| letter["reason"].to_string())
        .collect();
    assert_eq!(reasons.len(), 3, "{reasons:?}");
    assert!(
        reasons
            .iter()
            .all(|reason| reason.contains("data_stream.dataset")),
        "{reasons:?}"
    );
}

#[test]
fn other_groups_and_events_without_a_service_are_acknowledged_and_not_stored() {
    let sawmill = Sawmill::start(&[]);
    let mut client = sawmill.connect();
    let events = [
        r#"{"group":"nl","service":"django","message":"x"}"#,
        r#"{"group":"pt","message":"x"}"#,
        r#"{"group":"pt","service":"","message":"x"}"#,
    ];
    client.send(&window(&events.map(str::as_bytes)));
    assert_eq!(client.ack(), 3);
    assert!(sawmill.stored("logs-django-pt").is_empty() && sawmill.dead_letters().is_empty());
}
