//! What an answer says of its items, read as any JSON.

use serde_json::Value as Json;

/// What an answer says of one item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    /// It is there, by this request.
    Stored,
    /// It is there, by an earlier one.
    StoredBefore,
    /// It will not be taken.
    Refused,
    /// Nothing, or that it is not there.
    Nothing,
}

/// What a good answer says of each of the `sent` items, for whoever looks at nothing but the items' words.
///
/// `None` if the text is JSON of the kind that no tree takes: then there is nothing to compare with.
pub(crate) fn words_of_text(answer: &[u8], sent: usize) -> Option<Vec<Word>> {
    // What is passed over need not be UTF-8.
    match serde_json::from_str(&String::from_utf8_lossy(answer)) {
        Ok(json) => Some(words(&json, sent)),
        Err(error) => {
            let error = error.to_string();
            let kinds = ["out of range", "surrogate", "hex escape", "recursion limit"];
            let is_json = kinds.iter().any(|kind| error.contains(kind));
            (!is_json).then(|| vec![Word::Nothing; sent])
        }
    }
}

/// What a good answer says of each of the `sent` items.
pub(crate) fn words(answer: &Json, sent: usize) -> Vec<Word> {
    match member(answer, "items", 1).and_then(Json::as_array) {
        Some(items) if items.len() == sent => items.iter().map(word).collect(),
        _ => vec![Word::Nothing; sent],
    }
}

fn word(item: &Json) -> Word {
    let create = member(item, "create", 0).unwrap_or(&Json::Null);
    let kind = member(create, "error", 1)
        .and_then(|error| member(error, "type", 0))
        .and_then(Json::as_str);
    match (
        member(create, "status", 0).and_then(Json::as_u64),
        kind.unwrap_or_default(),
    ) {
        (Some(200..=299), _) => Word::Stored,
        (Some(409), "version_conflict_engine_exception") => Word::StoredBefore,
        (Some(400), "index_closed_exception" | "validation_exception") => Word::Nothing,
        (Some(401 | 403 | 404 | 408 | 409 | 429), _) => Word::Nothing,
        (Some(400..=499), _) => Word::Refused,
        _ => Word::Nothing,
    }
}

/// A member by its name. Serde takes a list in a struct's place too, with the members in their order; no Elasticsearch
/// sends one.
fn member<'j>(json: &'j Json, name: &str, position: usize) -> Option<&'j Json> {
    json.get(name).or_else(|| json.get(position))
}
