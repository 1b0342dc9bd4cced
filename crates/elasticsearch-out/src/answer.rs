//! Reads what Elasticsearch answers, borrowing from the answer's bytes.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use serde::de::IgnoredAny;
use thiserror::Error;

/// As much of an answer that is not Elasticsearch's as an error repeats.
const EXCERPT_CHARS_MAX: usize = 200;

/// An HTTP answer, unread.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// How long the answer asks to wait before the next try.
    pub retry_after: Option<Duration>,
    /// The body.
    pub bytes: Bytes,
}

impl Answer {
    /// An answer that asks for no delay.
    pub fn new(status: u16, bytes: impl Into<Bytes>) -> Self {
        Self {
            status,
            retry_after: None,
            bytes: bytes.into(),
        }
    }

    /// The items' answers, one for each of the `sent`, in the order of the request.
    pub(crate) fn items(&self, sent: usize) -> Result<Vec<ItemAnswer<'_>>, AnswerError> {
        let answer: BulkAnswer<'_> =
            serde_json::from_slice(&self.bytes).map_err(|source| AnswerError::NotBulk {
                excerpt: excerpt(&self.bytes),
                source,
            })?;
        match answer.items.len() {
            answered if answered == sent => Ok(answer.items),
            answered => Err(AnswerError::Count { sent, answered }),
        }
    }

    /// Whether this is to the letter what Elasticsearch answers when it stored all of the `sent` items. Nearly every
    /// answer is, and comparing takes a tenth of the time of reading.
    pub(crate) fn is_all_stored(&self, sent: usize) -> bool {
        const HEAD: &[u8] = br#"{"errors":false,"items":["#;
        const ITEM: &[u8] = br#"{"create":{"status":201}}"#;
        let items = self
            .bytes
            .strip_prefix(HEAD)
            .and_then(|rest| rest.strip_suffix(b"]}"));
        // With this length every chunk but the last ends in a comma's place.
        items.is_some_and(|items| {
            items.len() + 1 == sent * (ITEM.len() + 1)
                && items.chunks(ITEM.len() + 1).all(|chunk| {
                    let after = chunk.strip_prefix(ITEM);
                    after.is_some_and(|after| after.is_empty() || after == b",")
                })
        })
    }

    /// Whether the items have answers of their own.
    pub(crate) fn is_good(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The error of a whole request; without type and with the body's beginning if it is not Elasticsearch's.
    pub(crate) fn error(&self) -> ItemError<'_> {
        match serde_json::from_slice::<RequestError<'_>>(&self.bytes) {
            Ok(answer) => answer.error,
            Err(_) => ItemError {
                kind: Cow::Borrowed(""),
                reason: Some(excerpt(&self.bytes).into()),
            },
        }
    }
}

/// One item of an answer. We send no other action than `create`.
#[derive(Debug, Deserialize)]
pub(crate) struct ItemAnswer<'a> {
    #[serde(borrow)]
    pub(crate) create: ItemStatus<'a>,
}

/// An item's status, and its error if it has one. Boxed, because nearly none has.
#[derive(Debug, Deserialize)]
pub(crate) struct ItemStatus<'a> {
    pub(crate) status: u16,
    #[serde(borrow, default)]
    pub(crate) error: Option<Box<ItemError<'a>>>,
}

/// An error's type and reason in Elasticsearch's words.
#[derive(Debug, Deserialize)]
pub(crate) struct ItemError<'a> {
    #[serde(borrow, rename = "type")]
    pub(crate) kind: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) reason: Option<Cow<'a, str>>,
}

impl ItemError<'_> {
    pub(crate) fn reason(&self) -> &str {
        self.reason.as_deref().unwrap_or_default()
    }
}

/// Why an answer with a good status says nothing of the items: the request is sent again.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// Elasticsearch answers every item, in order; anything else cannot be matched to what was sent.
    #[error("{sent} items were sent and {answered} answered")]
    Count {
        /// Items in the request.
        sent: usize,
        /// Items in the answer.
        answered: usize,
    },
    /// A proxy's page, or an answer cut off.
    #[error("{source}, in an answer that begins `{excerpt}`")]
    NotBulk {
        /// The answer's beginning.
        excerpt: String,
        /// Where reading it failed.
        source: serde_json::Error,
    },
}

/// Why there is no answer. What was sent may have been stored all the same.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendError {
    /// No connection, or it was lost before the answer was complete.
    #[error("{host}: {reason}")]
    Lost {
        /// Where to.
        host: String,
        /// The network's words.
        reason: String,
    },
    /// The answer did not come in time.
    #[error("{host}: no answer within {} s", after.as_secs_f32())]
    TimedOut {
        /// Where to.
        host: String,
        /// The request timeout.
        after: Duration,
    },
}

#[derive(Deserialize)]
struct BulkAnswer<'a> {
    /// Must be there, which tells an answer to a bulk request from other JSON; each item's status is what counts.
    #[serde(rename = "errors")]
    _errors: bool,
    #[serde(borrow)]
    items: Vec<ItemAnswer<'a>>,
}

#[derive(Deserialize)]
struct RequestError<'a> {
    #[serde(borrow)]
    error: ItemError<'a>,
    /// Tells Elasticsearch's errors from those of others that have an `error`, too.
    #[serde(rename = "status")]
    _status: IgnoredAny,
}

fn excerpt(bytes: &[u8]) -> String {
    let beginning = &bytes[..bytes.len().min(4 * EXCERPT_CHARS_MAX)];
    String::from_utf8_lossy(beginning)
        .trim()
        .chars()
        .take(EXCERPT_CHARS_MAX)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIXED: &[u8] = br#"{"errors":true,"items":[{"create":{"status":201}},
        {"create":{"status":400,"error":{"type":"document_parsing_exception","reason":"failed to parse \"x\"",
            "caused_by":{"type":"date_time_parse_exception","reason":"nope"}}}},
        {"create":{"status":429,"error":{"type":"es_rejected_execution_exception","reason":null}}}]}"#;

    #[test]
    fn every_item_has_its_status_and_its_error() {
        let answer = Answer::new(200, MIXED);
        let items = answer.items(3).unwrap();
        let seen: Vec<_> = items
            .iter()
            .map(|item| {
                let error = item.create.error.as_deref();
                (
                    item.create.status,
                    error.map(|error| (error.kind.as_ref(), error.reason())),
                )
            })
            .collect();
        assert_eq!(
            seen,
            [
                (201, None),
                (
                    400,
                    Some(("document_parsing_exception", "failed to parse \"x\""))
                ),
                (429, Some(("es_rejected_execution_exception", ""))),
            ]
        );
    }

    #[test]
    fn an_answer_that_does_not_fit_the_request_is_an_error() {
        for (bytes, sent, want) in [
            (MIXED, 2, "2 items were sent and 3 answered"),
            (MIXED, 4, "4 items were sent and 3 answered"),
            (&MIXED[..100], 3, "EOF while parsing"),
            (
                b"<html><body>Welcome to nginx</body></html>",
                1,
                "begins `<html><body>Welcome",
            ),
            (b"", 1, "EOF while parsing"),
            (
                br#"{"name":"lab-1","tagline":"You Know, for Search"}"#,
                1,
                "missing field `errors`",
            ),
            (br#"{"errors":false}"#, 1, "missing field `items`"),
            (
                br#"{"errors":false,"items":[{"index":{"status":201}}]}"#,
                1,
                "missing field `create`",
            ),
            (
                br#"{"errors":false,"items":[{"create":{"status":70000}}]}"#,
                1,
                "invalid value",
            ),
            (b"\xff\xfe", 1, "begins"),
        ] {
            let error = Answer::new(200, bytes).items(sent).unwrap_err();
            assert!(error.to_string().contains(want), "{error}");
        }
    }

    #[test]
    fn an_answer_that_all_is_stored_is_known_by_its_letters() {
        let one = br#"{"errors":false,"items":[{"create":{"status":201}}]}"#.as_slice();
        let two =
            br#"{"errors":false,"items":[{"create":{"status":201}},{"create":{"status":201}}]}"#
                .as_slice();
        let other =
            br#"{"errors":false,"items":[{"create":{"status":201}};{"create":{"status":201}}]}"#
                .as_slice();
        let bad =
            br#"{"errors":false,"items":[{"create":{"status":201}},{"create":{"status":400}}]}"#
                .as_slice();
        for (bytes, sent, want) in [
            (one, 1, true),
            (two, 2, true),
            (one, 2, false),
            (two, 1, false),
            (two, 3, false),
            (other, 2, false),
            (bad, 2, false),
            (MIXED, 3, false),
            (br#"{"errors":false,"items":[]}"#, 0, false),
            (&two[..two.len() - 1], 2, false),
            (b"", 0, false),
        ] {
            assert_eq!(Answer::new(200, bytes).is_all_stored(sent), want, "{sent}");
        }
    }

    #[test]
    fn a_whole_requests_error_is_elasticsearchs_or_the_bodys_beginning() {
        for (bytes, kind, reason) in [
            (
                br#"{"error":{"root_cause":[],"type":"security_exception","reason":"no"},"status":401}"#.as_slice(),
                "security_exception",
                "no",
            ),
            (b"Unauthorized\n", "", "Unauthorized"),
            (b"", "", ""),
            (br#"{"error":"Incorrect HTTP method","status":405}"#, "", r#"{"error":"Incorrect HTTP method","status":405}"#),
            (br#"{"error":{"type":"teapot","reason":"no"}}"#, "", r#"{"error":{"type":"teapot","reason":"no"}}"#),
        ] {
            let answer = Answer::new(400, bytes);
            let error = answer.error();
            assert_eq!((error.kind.as_ref(), error.reason()), (kind, reason));
        }
    }

    #[test]
    fn the_excerpt_of_a_long_page_is_short() {
        let page = "é".repeat(100_000);
        let answer = Answer::new(502, page.into_bytes());
        assert_eq!(answer.error().reason().chars().count(), EXCERPT_CHARS_MAX);
    }
}
