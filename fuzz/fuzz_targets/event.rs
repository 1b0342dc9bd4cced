//! Input: how many edits (one byte), the edits (four bytes each), then the text of an event.
//!
//! Holds for every input: a text is taken if, and only if, `serde_json` takes it as one object within the limits; edits
//! do what the same edits do to a tree; the document is that tree without `@metadata`, and is one line in which no key
//! stands twice. All of that with tables that know the edited fields and with tables that are older than they.

#![no_main]

#[path = "../oracles/objects.rs"]
mod objects;
#[path = "../oracles/tree.rs"]
mod tree;

use std::cell::RefCell;

use libfuzzer_sys::fuzz_target;
use sawmill_event::{Event, FieldRef, Limits, Tables};
use serde_json::{Value as Json, json};

/// What fields are made of. A name is kept for ever, so there is an end to them.
const NAMES: [&str; 16] = [
    "a",
    "b",
    "c",
    "0",
    "1",
    "-1",
    "list",
    "tags",
    "message",
    "event",
    "@metadata",
    "@timestamp",
    "\"\\",
    "é\n",
    "sixteen_bytes_ab",
    "a_name_of_more_than_sixteen_bytes",
];

const TEXTS: [&str; 7] = ["", "a", "a/", "false", "\"\\\u{1}\n", "é😀", "0"];

const JSONS: [&str; 11] = [
    "[\"\\u0061\\/\"]",
    "null",
    "true",
    "-1.50e2",
    "\"\"",
    "\"\\u0061\\/\"",
    "[]",
    "[1,\"a\",null]",
    "{}",
    "{\"a\":1,\"b\":{\"a\":[]},\"\\u0061\":2}",
    "{\"c\":null,\"list\":[{\"a\":1}]}",
];

/// One change of an event.
#[derive(Clone, Debug)]
enum Edit {
    AddTag(&'static str),
    Append(&'static str),
    CopyFrom(Vec<&'static str>),
    Remove,
    RemoveTop,
    SetJson(&'static str),
    SetString(&'static str),
}

thread_local! {
    /// Made before any field is named.
    static OLDER: RefCell<Tables> = RefCell::default();
}

fuzz_target!(|data: &[u8]| {
    let Some((count, rest)) = data.split_first() else {
        return;
    };
    let edits_bytes = 4 * usize::from(count % 16);
    let Some((edits, text)) = rest.split_at_checked(edits_bytes) else {
        return;
    };
    let edits: Vec<_> = edits.as_chunks().0.iter().copied().map(edit).collect();
    OLDER.with_borrow_mut(|older| check(text, &edits, older));
    check(text, &edits, &mut Tables::default());
});

/// A field and what becomes of it.
fn edit([kind, outer, inner, what]: [u8; 4]) -> (Vec<&'static str>, Edit) {
    let pick = |from: &[&'static str], byte: u8| from[usize::from(byte) % from.len()];
    let mut path = vec![pick(&NAMES, outer)];
    // The higher bits say how long the path is.
    for _ in 0..(outer >> 4) % 3 {
        path.push(pick(&NAMES, inner.wrapping_mul(path.len() as u8)));
    }
    let edit = match kind % 7 {
        0 => Edit::AddTag(pick(&TEXTS, what)),
        1 => Edit::Append(pick(&TEXTS, what)),
        2 => Edit::CopyFrom(vec![pick(&NAMES, what)]),
        3 => Edit::Remove,
        4 => Edit::RemoveTop,
        5 => Edit::SetJson(pick(&JSONS, what)),
        _ => Edit::SetString(pick(&TEXTS, what)),
    };
    (path, edit)
}

fn field(path: &[&str]) -> FieldRef {
    FieldRef::parse(&format!("[{}]", path.join("]["))).expect("names without brackets")
}

fn check(text: &[u8], edits: &[(Vec<&'static str>, Edit)], tables: &mut Tables) {
    let limits = Limits::default();
    let mut bytes = text.to_vec();
    let parsed = Event::parse(&mut bytes, tables, &limits);
    assert_eq!(
        parsed.is_ok(),
        objects::is_event(text, &limits),
        "{parsed:?}"
    );
    let Ok(mut event) = parsed else {
        return;
    };
    let Some(mut tree) = objects::tree(text) else {
        apply_blindly(&mut event, edits);
        return;
    };
    compare(&event, &tree);
    for (path, edit) in edits {
        let field = field(path);
        assert_eq!(json_of(&event, &field), tree::get(&tree, path).cloned());
        apply(&mut event, &field, &mut tree, path, edit);
        assert_eq!(
            json_of(&event, &field),
            tree::get(&tree, path).cloned(),
            "{edit:?} of {path:?}"
        );
        compare(&event, &tree);
    }
}

/// Does to an event what is done to a tree, and compares whether it could be done.
fn apply(
    event: &mut Event<'_>,
    field: &FieldRef,
    tree: &mut Json,
    path: &[&'static str],
    edit: &Edit,
) {
    let (ours, trees) = match edit {
        Edit::AddTag(tag) => (
            event.add_tag(field, tag).is_ok(),
            tree::add_tag(tree, path, tag),
        ),
        Edit::Append(text) => {
            let content = event.keep(text);
            (
                event.append(field, content).is_ok(),
                tree::append(tree, path, text),
            )
        }
        Edit::CopyFrom(from) => {
            let span = event.string_span(&self::field(from));
            let text = tree::get(tree, from).and_then(Json::as_str);
            let text = text.map(str::to_owned);
            assert_eq!(span.is_some(), text.is_some());
            let (Some(span), Some(text)) = (span, text) else {
                return;
            };
            (
                event.set_span(field, span).is_ok(),
                tree::set(tree, path, json!(text)),
            )
        }
        Edit::Remove => (event.remove(field), tree::remove(tree, path)),
        Edit::RemoveTop => {
            event.remove_top(field);
            tree::remove(tree, &path[..1]);
            return;
        }
        Edit::SetJson(json) => {
            let value = serde_json::from_str(json).expect("JSON");
            (
                event.set_json(field, json).is_ok(),
                tree::set(tree, path, value),
            )
        }
        Edit::SetString(text) => (
            event.set_string(field, text).is_ok(),
            tree::set(tree, path, json!(text)),
        ),
    };
    assert_eq!(ours, trees, "{edit:?} of {path:?}");
}

/// Edits where there is no tree to compare with.
fn apply_blindly(event: &mut Event<'_>, edits: &[(Vec<&'static str>, Edit)]) {
    for (path, edit) in edits {
        let field = field(path);
        match edit {
            Edit::AddTag(tag) => drop(event.add_tag(&field, tag)),
            Edit::Append(text) => {
                let content = event.keep(text);
                drop(event.append(&field, content));
            }
            Edit::CopyFrom(_) => {}
            Edit::Remove => drop(event.remove(&field)),
            Edit::RemoveTop => event.remove_top(&field),
            Edit::SetJson(json) => drop(event.set_json(&field, json)),
            Edit::SetString(text) => drop(event.set_string(&field, text)),
        }
    }
    let document = document(event);
    assert!(objects::is_event(&document, &LIMITLESS));
}

const LIMITLESS: Limits = Limits {
    depth_max: u32::MAX,
    members_max: usize::MAX,
};

/// The document is the tree, in one line, and no key stands twice in it.
fn compare(event: &Event<'_>, tree: &Json) {
    let document = document(event);
    let want = objects::without_metadata(tree.clone());
    let members = want.as_object().map(serde_json::Map::len);
    assert_eq!(Some(objects::members(&document)), members);
    if let Some(got) = objects::tree(&document) {
        assert_eq!(got, want);
    }
}

fn document(event: &Event<'_>) -> Vec<u8> {
    let mut document = b"before".to_vec();
    event.encode(&mut document);
    assert!(document.starts_with(b"before{"));
    assert!(document.iter().all(|byte| *byte >= b' '));
    document.split_off(b"before".len())
}

fn json_of(event: &Event<'_>, field: &FieldRef) -> Option<Json> {
    event.get(field)?;
    let mut json = Vec::new();
    event.write_json(field, &mut json);
    Some(serde_json::from_slice(&json).expect("what is in an event is JSON"))
}
