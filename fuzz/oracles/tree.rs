//! What edits of an event do, done to a tree: slow, and plain to see.

use serde_json::{Value as Json, json};

/// What is at the end of `path`: members of objects, and elements of lists by their number, negative from the end.
pub(crate) fn get<'t>(tree: &'t Json, path: &[&str]) -> Option<&'t Json> {
    path.iter().try_fold(tree, |at, step| match at {
        Json::Object(members) => members.get(*step),
        Json::Array(elements) => {
            let index: i64 = step.parse().ok()?;
            let from_end = usize::try_from(index.unsigned_abs()).ok()?;
            let at = usize::try_from(index).ok();
            elements.get(at.or_else(|| elements.len().checked_sub(from_end))?)
        }
        _ => None,
    })
}

/// The place at the end of `path`, with all objects on the way; `None` when a scalar or a list stands there.
pub(crate) fn place<'t>(tree: &'t mut Json, path: &[&str]) -> Option<&'t mut Json> {
    path.iter().try_fold(tree, |at, step| {
        if at.is_null() {
            *at = json!({});
        }
        let members = at.as_object_mut()?;
        Some(members.entry(*step).or_insert(Json::Null))
    })
}

/// Tells whether it was set.
pub(crate) fn set(tree: &mut Json, path: &[&str], value: Json) -> bool {
    place(tree, path).map(|place| *place = value).is_some()
}

/// Tells whether it was there. What is in a list stays.
pub(crate) fn remove(tree: &mut Json, path: &[&str]) -> bool {
    let there = get(tree, path).is_some();
    if there
        && let Some((last, way)) = path.split_last()
        && let Some(Json::Object(members)) = place(tree, way)
    {
        members.remove(*last);
    }
    there
}

/// Adds a string as grok does. Tells whether the path leads anywhere.
pub(crate) fn append(tree: &mut Json, path: &[&str], text: &str) -> bool {
    let Some(place) = place(tree, path) else {
        return false;
    };
    match place {
        Json::Null => *place = json!(text),
        Json::Array(elements) => elements.push(json!(text)),
        Json::String(old) => *place = json!([old, text]),
        Json::Bool(_) | Json::Number(_) | Json::Object(_) => {}
    }
    true
}

/// Adds a tag to what is a list from then on, unless it is there. Tells whether that could be done.
pub(crate) fn add_tag(tree: &mut Json, path: &[&str], tag: &str) -> bool {
    let old = get(tree, path).cloned().unwrap_or_default();
    let list = match old {
        Json::Null => json!([tag]),
        Json::String(old) if old == tag => return true,
        Json::Array(elements) if elements.contains(&json!(tag)) => return true,
        Json::Array(mut elements) => {
            elements.push(json!(tag));
            Json::Array(elements)
        }
        old => json!([old, tag]),
    };
    set(tree, path, list)
}
