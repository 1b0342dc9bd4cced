use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;

fn field(text: &str) -> FieldRef {
    FieldRef::parse(text).unwrap()
}

fn with<R>(text: &str, act: impl FnOnce(&mut Event<'_>) -> R) -> R {
    let mut bytes = text.as_bytes().to_vec();
    let mut tables = Tables::default();
    let mut event = Event::parse(&mut bytes, &mut tables, &Limits::default()).unwrap();
    act(&mut event)
}

fn document(event: &Event<'_>) -> String {
    let mut out = Vec::new();
    event.encode(&mut out);
    String::from_utf8(out).unwrap()
}

fn parse_error(text: &[u8]) -> EventError {
    let mut bytes = text.to_vec();
    Event::parse(&mut bytes, &mut Tables::default(), &Limits::default()).unwrap_err()
}

#[test]
fn what_nobody_touched_is_copied_as_it_came() {
    let text = r#"{"n":1.50, "b" : [1,2e5],"s":"\u00e9","o":{"x":{}}}"#;
    assert_eq!(with(text, |event| document(event)), text);
    assert_eq!(with("{}", |event| document(event)), "{}");
}

#[test]
fn metadata_is_reachable_and_never_sent() {
    let text = r#"{"@timestamp":"t","@metadata":{"beat":"filebeat"},"a":1}"#;
    with(text, |event| {
        assert!(matches!(
            event.get(&field("[@metadata][beat]")),
            Some(Value::String(_))
        ));
        event.set_string(&field("[@metadata][x]"), "y").unwrap();
        assert_eq!(document(event), r#"{"@timestamp":"t","a":1}"#);
    });
    assert_eq!(with(r#"{"@metadata":1}"#, |event| document(event)), "{}");
    assert_eq!(
        with(r#"{"a":1,"@metadata":{}}"#, |event| document(event)),
        r#"{"a":1}"#
    );
}

#[test]
fn fields_are_set_replaced_and_removed() {
    let text = r#"{"a":1,"o":{"x":1,"y":"z"},"stream":["app","b"]}"#;
    with(text, |event| {
        event.set_string(&field("stream"), "a\"b\n").unwrap();
        event.set_string(&field("[o][x]"), "new").unwrap();
        event.set_json(&field("[event][module]"), "[1]").unwrap();
        event.set_string(&field("[event][deep][er]"), "d").unwrap();
        assert!(event.remove(&field("a")));
        assert!(!event.remove(&field("[o][missing]")));
        assert!(event.remove(&field("[o][y]")));
        assert_eq!(
            document(event),
            r#"{"o":{"x":"new"},"stream":"a\"b\n","event":{"module":[1],"deep":{"er":"d"}}}"#
        );
        assert!(event.get(&field("a")).is_none());
        event.set_string(&field("a"), "again").unwrap();
        assert!(document(event).starts_with(r#"{"a":"again","#));
    });
}

#[test]
fn lists_are_read_from_both_ends() {
    with(r#"{"l":[1,"b",{"c":true}],"s":"x"}"#, |event| {
        assert_eq!(event.get(&field("[l][0]")), Some(Value::Number("1")));
        assert_eq!(event.get(&field("[l][1]")), Some(Value::String(Str("b"))));
        assert_eq!(event.get(&field("[l][-1][c]")), Some(Value::Bool(true)));
        assert_eq!(event.get(&field("[l][3]")), None);
        assert_eq!(event.get(&field("[l][-4]")), None);
        assert_eq!(event.get(&field("[l][name]")), None);
        assert_eq!(event.get(&field("[s][0]")), None);
    });
}

#[test]
fn setting_below_a_scalar_or_into_a_list_is_an_error_and_below_null_is_not() {
    with(r#"{"s":"x","l":[1],"n":null}"#, |event| {
        let below = SetError::BelowScalar {
            field: "[s][x]".into(),
        };
        assert_eq!(event.set_string(&field("[s][x]"), ""), Err(below));
        let inside = SetError::InsideList {
            field: "[l][0]".into(),
        };
        assert_eq!(event.set_string(&field("[l][0]"), ""), Err(inside));
        event.set_string(&field("[n][x]"), "y").unwrap();
        assert_eq!(document(event), r#"{"s":"x","l":[1],"n":{"x":"y"}}"#);
    });
}

#[test]
fn of_equal_keys_the_last_counts() {
    let text = r#"{"a":1,"b":2,"\u0061":3,"o":{"x":1,"x":2}}"#;
    with(text, |event| {
        assert_eq!(event.get(&field("a")), Some(Value::Number("3")));
        assert_eq!(event.get(&field("[o][x]")), Some(Value::Number("2")));
        event.set_string(&field("[o][y]"), "").unwrap();
        assert_eq!(document(event), r#"{"b":2,"a":3,"o":{"x":2,"y":""}}"#);
    });
}

#[test]
fn of_equal_keys_below_the_last_is_changed() {
    let text = r#"{"o":{"x":1,"y":2,"\u0078":null}}"#;
    with(text, |event| {
        event.set_string(&field("[o][x]"), "new").unwrap();
        assert_eq!(event.get(&field("[o][x]")), Some(Value::String(Str("new"))));
        assert_eq!(document(event), r#"{"o":{"y":2,"x":"new"}}"#);
        assert!(event.remove(&field("[o][x]")));
        assert_eq!(document(event), r#"{"o":{"y":2}}"#);
    });
}

#[test]
fn an_event_may_grow_far_beyond_what_it_came_with() {
    with(r#"{"a":1}"#, |event| {
        let fields: Vec<_> = (0..1000).map(|at| field(&format!("f{at}"))).collect();
        for field in &fields {
            event.set_json(field, "0").unwrap();
        }
        for (at, field) in fields.iter().enumerate() {
            event.set_json(field, &at.to_string()).unwrap();
        }
        let document: Json = serde_json::from_str(&document(event)).unwrap();
        assert_eq!(document["a"], 1);
        assert!((0..1000).all(|at| document[format!("f{at}")] == at));
        assert_eq!(document.as_object().unwrap().len(), 1001);
    });
}

#[test]
fn spans_move_text_without_copying() {
    with(r#"{"message":"INFO|x","level":"old"}"#, |event| {
        let span = event.string_span(&field("message")).unwrap();
        assert_eq!(event.str(span).plain(), Some("INFO|x"));
        event
            .set_span(&field("log_level"), span.part(0, 4))
            .unwrap();
        event.append(&field("level"), span.part(5, 6)).unwrap();
        event.append(&field("level"), span.part(0, 1)).unwrap();
        assert_eq!(
            document(event),
            r#"{"message":"INFO|x","level":["old","x","I"],"log_level":"INFO"}"#
        );
    });
}

#[test]
fn an_object_of_many_equal_keys_is_opened_in_no_time() {
    let members = "\"a\":1,\"b\":2,".repeat(50_000);
    with(&format!(r#"{{"event":{{{members}"c":3}}}}"#), |event| {
        event.set_string(&field("[event][module]"), "pt").unwrap();
        let want = r#"{"event":{"a":1,"b":2,"c":3,"module":"pt"}}"#;
        assert_eq!(document(event), want);
    });
}

#[test]
fn many_strings_are_added_at_once() {
    for (old, want) in [
        ("{}", r#"{"l":["x","y"]}"#),
        (r#"{"l":null}"#, r#"{"l":["x","y"]}"#),
        (r#"{"l":"o"}"#, r#"{"l":["o","x","y"]}"#),
        (r#"{"l":[1]}"#, r#"{"l":[1,"x","y"]}"#),
        (r#"{"l":[ ]}"#, r#"{"l":["x","y"]}"#),
        (r#"{"l":7}"#, r#"{"l":7}"#),
    ] {
        with(old, |event| {
            let both = [event.keep("x"), event.keep("y")];
            event.append_all(&field("l"), &both).unwrap();
            assert_eq!(document(event), want, "{old}");
        });
    }
}

#[test]
fn tags_are_a_set() {
    for (tags, want) in [
        (r"{}", r#"{"tags":["t"]}"#),
        (r#"{"tags":null}"#, r#"{"tags":["t"]}"#),
        (r#"{"tags":[]}"#, r#"{"tags":["t"]}"#),
        (r#"{"tags":[ ]}"#, r#"{"tags":["t"]}"#),
        (r#"{"tags":"a"}"#, r#"{"tags":["a","t"]}"#),
        (r#"{"tags":"t"}"#, r#"{"tags":"t"}"#),
        (r#"{"tags":["a","t"]}"#, r#"{"tags":["a","t"]}"#),
        (r#"{"tags":"\u0074"}"#, r#"{"tags":"\u0074"}"#),
        (r#"{"tags":["\u0074"]}"#, r#"{"tags":["\u0074"]}"#),
        (r#"{"tags":["a"]}"#, r#"{"tags":["a","t"]}"#),
        (r#"{"tags":7}"#, r#"{"tags":[7,"t"]}"#),
        (r#"{"tags":{"x":1}}"#, r#"{"tags":[{"x":1},"t"]}"#),
    ] {
        with(tags, |event| {
            event.add_tag(&field("tags"), "t").unwrap();
            assert_eq!(document(event), want, "{tags}");
        });
    }
}

#[test]
fn white_space_cannot_break_the_line() {
    let text = "\n{\t\"a\"\r\n:\n[\n1\n,\n2\n]\n,\"b\":{\n}\n}\n";
    let line = with(text, |event| document(event));
    assert!(!line.bytes().any(|byte| byte < 0x20), "{line:?}");
    let got: Json = serde_json::from_str(&line).unwrap();
    assert_eq!(got, json!({"a": [1, 2], "b": {}}));
}

#[test]
fn what_is_no_event_is_refused_with_its_reason() {
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(200), "]".repeat(200));
    let wide = format!("{{{}\"z\":1}}", "\"z\":1,".repeat(5000));
    for (text, want) in [
        (&b""[..], "the event is cut off after 0 bytes"),
        (b"[1]", "the event is an array, not an object"),
        (b"\"x\"", "the event is a string, not an object"),
        (b"12", "the event is a number, not an object"),
        (b"null", "the event is null, not an object"),
        (b"hello", "not JSON: expected `{` at byte 0"),
        (b"{\"a\":1", "the event is cut off after 6 bytes"),
        (b"{\"a\":1}}", "text after the event's object at byte 7"),
        (
            b"{\"a\":1}{\"b\":1}",
            "text after the event's object at byte 7",
        ),
        (
            b"{\"a\":\"x\ny\"}",
            "raw control byte 0x0a inside a string at byte 7",
        ),
        (b"{\"a\":\"\xff\"}", "invalid UTF-8 at byte 6"),
        (b"{\"a\":nope}", "not JSON: expected a value at byte 5"),
        (deep.as_bytes(), "nested deeper than 128 levels at byte 132"),
        (wide.as_bytes(), "more than 4096 top-level members"),
    ] {
        assert_eq!(parse_error(text).to_string(), want);
    }
}

/// Any JSON whose objects have no equal keys.
fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        ".{0,12}".prop_map(Json::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::vec(("[a-e\"\\\\é]{0,9}", inner), 0..4)
                .prop_map(|members| Json::Object(members.into_iter().collect())),
        ]
    })
}

fn any_object() -> impl Strategy<Value = Json> {
    prop::collection::vec(("[a-e\"\\\\é]{0,9}", any_json()), 0..6)
        .prop_map(|members| Json::Object(members.into_iter().collect()))
}

proptest! {
    /// The overlay does what the same edit does to a tree.
    #[test]
    fn a_spliced_text_equals_the_edited_tree(
        mut tree in any_object(),
        edits in prop::collection::vec((prop::collection::vec("[a-e]", 1..3), ".{0,6}", any::<bool>()), 0..6),
    ) {
        let text = tree.to_string();
        let got = with(&text, |event| {
            for (path, value, keep) in &edits {
                let reference = field(&format!("[{}]", path.join("][")));
                if *keep {
                    let set = event.set_string(&reference, value);
                    assert_eq!(set.is_ok(), set_in_tree(&mut tree, path, value));
                } else {
                    event.remove(&reference);
                    remove_from_tree(&mut tree, path);
                }
            }
            document(event)
        });
        prop_assert_eq!(serde_json::from_str::<Json>(&got).unwrap(), tree);
    }

    /// We take exactly the objects that serde_json takes (but for its limit of depth).
    #[test]
    fn the_scanner_agrees_with_serde_json(text in r#"[\{\}\[\],:"\\a1\-.eE0 utrlsn]{0,24}"#) {
        let text = format!("{{\"a\":{text}}}");
        let ours = Event::parse(&mut text.clone().into_bytes(), &mut Tables::default(), &Limits::default()).is_ok();
        let theirs = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
        prop_assert_eq!(ours, theirs, "{}", text);
    }

    #[test]
    fn no_bytes_make_it_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        bytes.insert(0, b'{');
        let mut tables = Tables::default();
        if let Ok(event) = Event::parse(&mut bytes, &mut tables, &Limits::default()) {
            let mut out = Vec::new();
            event.encode(&mut out);
        }
    }
}

fn set_in_tree(tree: &mut Json, path: &[String], value: &str) -> bool {
    let mut at = tree;
    for (step, key) in path.iter().enumerate() {
        let Json::Object(members) = at else {
            return false;
        };
        let last = step + 1 == path.len();
        let next = members.entry(key.clone()).or_insert(Json::Null);
        if last {
            *next = Json::from(value);
            return true;
        }
        if next.is_null() {
            *next = json!({});
        }
        at = next;
    }
    false
}

fn remove_from_tree(tree: &mut Json, path: &[String]) {
    if let Some((last, way)) = path.split_last() {
        let parent = way.iter().try_fold(tree, |at, key| at.get_mut(key));
        if let Some(Json::Object(members)) = parent {
            members.shift_remove(last);
        }
    }
}
