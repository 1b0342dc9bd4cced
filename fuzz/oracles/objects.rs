//! Which texts are events, told by `serde_json` and a count of brackets.

use std::fmt;

use sawmill_event::Limits;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value as Json;
use serde_json::value::RawValue;

/// Whether `text` is one JSON object within the limits.
///
/// It is read as `RawValue`: that checks the grammar and nothing else. What makes a tree refuse numbers too large for a
/// float and half surrogates, and those are JSON all the same.
pub(crate) fn is_event(text: &[u8], limits: &Limits) -> bool {
    let Ok(object) = serde_json::from_slice::<&RawValue>(text) else {
        return false;
    };
    let is_object = object.get().starts_with('{');
    is_object && depth(object.get()) <= limits.depth_max && members(text) <= limits.members_max
}

/// The tree of an object, unless a number or a surrogate in it is one that no tree takes, or its depth is.
pub(crate) fn tree(text: &[u8]) -> Option<Json> {
    serde_json::from_slice(text)
        .inspect_err(|error| {
            let error = error.to_string();
            let known = ["out of range", "surrogate", "hex escape", "recursion limit"];
            assert!(known.iter().any(|known| error.contains(known)), "{error}");
        })
        .ok()
}

/// How many members the object's text has, equal keys counted one by one.
pub(crate) fn members(text: &[u8]) -> usize {
    let Members(count) = serde_json::from_slice(text).expect("an object");
    count
}

/// How deep brackets nest in a text that is JSON.
fn depth(text: &str) -> u32 {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0_u32, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_string => depth -= 1,
            _ => {}
        }
    }
    deepest
}

struct Members(usize);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Count;
        impl<'de> Visitor<'de> for Count {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut count = 0;
                while map.next_entry::<&RawValue, &RawValue>()?.is_some() {
                    count += 1;
                }
                Ok(Members(count))
            }
        }
        deserializer.deserialize_map(Count)
    }
}

/// A tree without `@metadata`, as a document has it.
pub(crate) fn without_metadata(mut tree: Json) -> Json {
    if let Json::Object(members) = &mut tree {
        members.remove("@metadata");
    }
    tree
}
