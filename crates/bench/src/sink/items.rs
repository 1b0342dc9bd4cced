//! The answers to bulk requests: cut from one prepared text, or written item by item where they differ.

use std::io::Write;

use bytes::Bytes;

use super::lines::Action;

/// Items in the prepared text; a bigger request's answer repeats it.
const PREPARED_ITEMS: usize = 4096;

const HEAD: &[u8] = br#"{"errors":false,"items":["#;
const TAIL: &[u8] = b"]}";
/// About the length of an item in a full answer.
const FULL_BYTES: usize = 230;

/// Prepared texts of good items, as `filter_path=errors,items.*.status,items.*.error` leaves them.
#[derive(Debug)]
pub(crate) struct Prepared {
    create: Vec<u8>,
    index: Vec<u8>,
}

impl Prepared {
    pub(crate) fn new() -> Self {
        let text = |action: Action| good(action).repeat(PREPARED_ITEMS);
        Self {
            create: text(Action::Create),
            index: text(Action::Index),
        }
    }

    /// The answer to a request of which all items are stored.
    pub(crate) fn all_stored(&self, action: Action, items: usize) -> Bytes {
        let text = match action {
            Action::Create => &self.create,
            Action::Index => &self.index,
        };
        let mut left = items * (text.len() / PREPARED_ITEMS);
        let mut answer = Vec::with_capacity(HEAD.len() + left + TAIL.len());
        answer.extend_from_slice(HEAD);
        while left > 0 {
            let cut = left.min(text.len());
            answer.extend_from_slice(&text[..cut]);
            left -= cut;
        }
        if items > 0 {
            // The last item's comma.
            answer.pop();
        }
        answer.extend_from_slice(TAIL);
        answer.into()
    }

    /// The same, with some items refused: their places, in order, and statuses.
    pub(crate) fn some_rejected(
        &self,
        action: Action,
        items: usize,
        rejected: &[(usize, u16)],
    ) -> Bytes {
        if rejected.is_empty() {
            return self.all_stored(action, items);
        }
        let good = good(action);
        let mut statuses = Statuses::new(rejected);
        let mut answer = br#"{"errors":true,"items":["#.to_vec();
        for place in 0..items {
            match statuses.of(place) {
                None => answer.extend_from_slice(&good),
                Some(status) => {
                    let error = item_error(status);
                    let key = action.key();
                    answer.extend_from_slice(
                        format!(r#"{{"{key}":{{"status":{status},"error":{error}}}}},"#).as_bytes(),
                    );
                }
            }
        }
        close(answer)
    }
}

/// The whole answer, for who does not ask to have it filtered: some 200 bytes an item.
///
/// `indices` has the item's index or data stream by place, of characters that JSON does not escape; `first_number` numbers the documents of a run.
pub(crate) fn full(
    action: Action,
    indices: &[&str],
    rejected: &[(usize, u16)],
    first_number: u64,
) -> Bytes {
    let key = action.key();
    let mut statuses = Statuses::new(rejected);
    let errors = !rejected.is_empty();
    let mut answer = Vec::with_capacity(indices.len() * FULL_BYTES);
    let _ = write!(answer, r#"{{"errors":{errors},"took":1,"items":["#);
    for (place, index) in indices.iter().enumerate() {
        let number = first_number + place as u64;
        // Writing into a vector cannot fail.
        let _ = match statuses.of(place) {
            None => write!(
                answer,
                r#"{{"{key}":{{"_index":"{index}","_id":"{number:020}","_version":1,"result":"created","_shards":{{"total":2,"successful":1,"failed":0}},"_seq_no":{number},"_primary_term":1,"status":201}}}},"#
            ),
            Some(status) => write!(
                answer,
                r#"{{"{key}":{{"_index":"{index}","_id":"{number:020}","status":{status},"error":{}}}}},"#,
                item_error(status)
            ),
        };
    }
    close(answer)
}

/// The answer to a request that fails as a whole.
pub(crate) fn request_error(status: u16, reason: &str) -> Bytes {
    let kind = kind(status);
    format!(
        r#"{{"error":{{"root_cause":[{{"type":"{kind}","reason":"{reason}"}}],"type":"{kind}","reason":"{reason}"}},"status":{status}}}"#
    )
    .into()
}

fn good(action: Action) -> Vec<u8> {
    format!(r#"{{"{}":{{"status":201}}}},"#, action.key()).into_bytes()
}

fn close(mut answer: Vec<u8>) -> Bytes {
    if answer.last() == Some(&b',') {
        answer.pop();
    }
    answer.extend_from_slice(TAIL);
    answer.into()
}

fn item_error(status: u16) -> String {
    format!(
        r#"{{"type":"{}","reason":"asked for with --reject"}}"#,
        kind(status)
    )
}

/// The type that Elasticsearch gives with a status.
fn kind(status: u16) -> &'static str {
    match status {
        400 => "document_parsing_exception",
        403 => "security_exception",
        404 => "index_not_found_exception",
        409 => "version_conflict_engine_exception",
        429 => "es_rejected_execution_exception",
        503 => "unavailable_shards_exception",
        _ => "exception",
    }
}

/// Finds the statuses of places that are asked for in order.
struct Statuses<'a> {
    left: &'a [(usize, u16)],
}

impl<'a> Statuses<'a> {
    fn new(rejected: &'a [(usize, u16)]) -> Self {
        Self { left: rejected }
    }

    fn of(&mut self, place: usize) -> Option<u16> {
        let (&(rejected, status), left) = self.left.split_first()?;
        (rejected == place).then(|| {
            self.left = left;
            status
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(answer: &Bytes) -> Value {
        serde_json::from_slice(answer).unwrap()
    }

    #[test]
    fn the_prepared_answer_has_as_many_items_as_the_request() {
        let prepared = Prepared::new();
        for items in [
            0,
            1,
            2,
            2048,
            PREPARED_ITEMS,
            PREPARED_ITEMS + 1,
            3 * PREPARED_ITEMS,
        ] {
            for action in [Action::Create, Action::Index] {
                let answer = read(&prepared.all_stored(action, items));
                let item = json!({ action.key(): { "status": 201 } });
                assert_eq!(answer, json!({"errors": false, "items": vec![item; items]}));
            }
        }
    }

    #[test]
    fn rejected_documents_stand_in_their_places() {
        let answer = read(&Prepared::new().some_rejected(Action::Create, 4, &[(0, 400), (2, 429)]));
        assert_eq!(answer["errors"], true);
        let statuses: Vec<_> = answer["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| &item["create"]["status"])
            .collect();
        assert_eq!(statuses, [400, 201, 429, 201]);
        assert_eq!(
            answer["items"][2]["create"]["error"]["type"],
            "es_rejected_execution_exception"
        );
        assert_eq!(answer["items"][1]["create"], json!({"status": 201}));
    }

    #[test]
    fn the_full_answer_names_each_items_index() {
        let answer = read(&full(Action::Index, &["a", "b", "a"], &[(1, 409)], 7));
        let item = &answer["items"][2]["index"];
        assert_eq!(
            (&item["_index"], &item["_seq_no"], &item["status"]),
            (&json!("a"), &json!(9), &json!(201))
        );
        assert_eq!(
            answer["items"][1]["index"]["error"]["type"],
            "version_conflict_engine_exception"
        );
        assert_eq!(answer["items"].as_array().unwrap().len(), 3);
    }

    #[test]
    fn a_requests_error_is_json() {
        let answer = read(&request_error(429, "asked for"));
        assert_eq!(answer["status"], 429);
        assert_eq!(answer["error"]["reason"], "asked for");
    }
}
