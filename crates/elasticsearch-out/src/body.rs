//! A bulk body under construction: the NDJSON text, and a table saying which bytes are which event's.

use crate::document_id::DocumentId;
use crate::stream::{StreamName, StreamNameError, StreamParts};

/// How many of the last names are compared before a name is checked anew. A window seldom mixes more services;
/// one that does costs a check per event, not a search through all names.
const STREAMS_COMPARED: usize = 8;

/// Memory of so many times the size of what is in it is too large. Below that, moving costs more than it saves.
const UNFIT: usize = 4;

/// Action and document lines, in the order the items were finished.
///
/// Written once per event on the hot path: nothing is allocated for an event once the buffers have grown, and
/// [`clear`](Self::clear) keeps them.
#[derive(Debug, Default)]
pub struct BulkBody {
    /// Whole items up to the last one's end, then the lines of an item begun.
    bytes: Vec<u8>,
    items: Vec<Item>,
    /// A name may stand here more than once, see [`STREAMS_COMPARED`].
    streams: Vec<StreamName>,
}

/// Where one event stands in its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    /// Start of the action line.
    pub action: usize,
    /// Start of the document line.
    pub document: usize,
    /// One past the document line's newline.
    pub end: usize,
    /// Which of the events that were received together it was, as the caller counts them.
    pub ordinal: u32,
    stream: u32,
}

impl BulkBody {
    /// An empty body that has allocated nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty body with room for so many bytes and items.
    pub fn with_capacity(bytes: usize, items: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(bytes),
            items: Vec::with_capacity(items),
            streams: Vec::new(),
        }
    }

    /// Forgets the items and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.items.clear();
        self.streams.clear();
    }

    /// Begins an item with its action line; the caller writes the document into the [`Draft`] and finishes it.
    pub fn begin(
        &mut self,
        stream: &StreamParts<'_>,
        id: Option<DocumentId<'_>>,
    ) -> Result<Draft<'_>, StreamNameError> {
        let stream = self.stream(stream)?;
        let action = self.bytes.len();
        self.bytes.extend_from_slice(br#"{"create":{"_index":""#);
        self.bytes
            .extend_from_slice(self.streams[stream].as_str().as_bytes());
        if let Some(id) = id {
            self.bytes.extend_from_slice(br#"","_id":""#);
            id.write(&mut self.bytes);
        }
        self.bytes.extend_from_slice(b"\"}}\n");
        let document = self.bytes.len();
        Ok(Draft {
            body: self,
            action,
            document,
            ordinal: 0,
            stream: stream as u32,
        })
    }

    /// Moves the items to memory of their own size if they take only a small part of what there is, since a body
    /// may wait long to be sent. Returns the large memory, as an empty body to be used again.
    pub fn fit(&mut self) -> Option<Self> {
        let taken = self.bytes.len() + size_of_val(self.items.as_slice());
        if self.memory_bytes() / UNFIT < taken.max(1) {
            return None;
        }
        let fitting = Self {
            bytes: self.bytes.clone(),
            items: self.items.clone(),
            streams: std::mem::take(&mut self.streams),
        };
        let mut large = std::mem::replace(self, fitting);
        large.clear();
        Some(large)
    }

    /// Gives back the memory beyond what the items take.
    pub fn shrink(&mut self) {
        self.bytes.shrink_to_fit();
        self.items.shrink_to_fit();
    }

    /// The memory that the body takes.
    pub fn memory_bytes(&self) -> usize {
        self.bytes.capacity() + self.items.capacity() * size_of::<Item>()
    }

    /// The text to send, ending in a newline as Elasticsearch demands.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The items, in the order of the text.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// Length of the text.
    pub fn len_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there is no item.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The data stream an item of this body is meant for.
    pub fn stream_name(&self, item: &Item) -> &str {
        self.streams[item.stream as usize].as_str()
    }

    /// An item's document, without its newline.
    pub fn document(&self, item: &Item) -> &[u8] {
        &self.bytes[item.document..item.end - 1]
    }

    /// An item's action and document lines.
    pub fn lines(&self, item: &Item) -> &[u8] {
        &self.bytes[item.action..item.end]
    }

    /// Index of the name, which is checked if it is not among the last ones.
    fn stream(&mut self, parts: &StreamParts<'_>) -> Result<usize, StreamNameError> {
        let recent = self.streams.iter().enumerate().rev().take(STREAMS_COMPARED);
        if let Some((index, _)) = { recent }.find(|(_, name)| name.is(parts)) {
            return Ok(index);
        }
        self.streams.push(StreamName::new(parts)?);
        Ok(self.streams.len() - 1)
    }
}

/// An item begun. Dropped without [`finish`](Self::finish), it leaves no trace in the body.
#[derive(Debug)]
pub struct Draft<'a> {
    body: &'a mut BulkBody,
    action: usize,
    document: usize,
    ordinal: u32,
    stream: u32,
}

impl Draft<'_> {
    /// Where to append the document's JSON text: one line, no newline. What stands there already is not ours.
    pub fn text(&mut self) -> &mut Vec<u8> {
        &mut self.body.bytes
    }

    /// Says which of the events that were received together it is; without it the first, number 0.
    pub fn number(&mut self, ordinal: u32) {
        self.ordinal = ordinal;
    }

    /// Ends the document's line and makes the item part of the body.
    pub fn finish(self) {
        debug_assert!(
            !self.body.bytes[self.document..].contains(&b'\n'),
            "a newline within a document would let its sender write bulk actions"
        );
        self.body.bytes.push(b'\n');
        let end = self.body.bytes.len();
        self.body.items.push(Item {
            action: self.action,
            document: self.document,
            end,
            ordinal: self.ordinal,
            stream: self.stream,
        });
    }
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        let end = self.body.items.last().map_or(0, |item| item.end);
        self.body.bytes.truncate(end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DJANGO: StreamParts<'_> = StreamParts {
        kind: "logs",
        dataset: "django",
        namespace: "pt",
    };
    const CELERY: StreamParts<'_> = StreamParts {
        kind: "logs",
        dataset: "celery",
        namespace: "pt",
    };

    fn push(body: &mut BulkBody, stream: &StreamParts<'_>, id: Option<&str>, document: &str) {
        let id = id.map(|id| DocumentId::new(id).unwrap());
        let mut draft = body.begin(stream, id).unwrap();
        draft.text().extend_from_slice(document.as_bytes());
        draft.finish();
    }

    #[test]
    fn a_body_is_ndjson_and_its_table_finds_every_line() {
        let mut body = BulkBody::with_capacity(1000, 10);
        push(&mut body, &DJANGO, None, r#"{"a":1}"#);
        push(&mut body, &CELERY, Some("x\"1"), r#"{"b":2}"#);
        push(&mut body, &DJANGO, None, r#"{"c":3}"#);
        let text = concat!(
            r#"{"create":{"_index":"logs-django-pt"}}"#,
            "\n",
            r#"{"a":1}"#,
            "\n",
            r#"{"create":{"_index":"logs-celery-pt","_id":"x\"1"}}"#,
            "\n",
            r#"{"b":2}"#,
            "\n",
            r#"{"create":{"_index":"logs-django-pt"}}"#,
            "\n",
            r#"{"c":3}"#,
            "\n",
        );
        assert_eq!(str::from_utf8(body.bytes()).unwrap(), text);
        let seen: Vec<_> = body
            .items()
            .iter()
            .map(|item| {
                (
                    body.stream_name(item),
                    str::from_utf8(body.document(item)).unwrap(),
                )
            })
            .collect();
        assert_eq!(
            seen,
            [
                ("logs-django-pt", r#"{"a":1}"#),
                ("logs-celery-pt", r#"{"b":2}"#),
                ("logs-django-pt", r#"{"c":3}"#)
            ]
        );
        let lines: Vec<u8> = body
            .items()
            .iter()
            .flat_map(|item| body.lines(item).to_vec())
            .collect();
        assert_eq!(lines, body.bytes());
        assert_eq!(body.streams.len(), 2, "a known name is not entered again");
    }

    #[test]
    fn an_abandoned_item_leaves_no_trace() {
        let mut body = BulkBody::new();
        push(&mut body, &DJANGO, None, "{}");
        let before = body.bytes().to_vec();
        let mut draft = body.begin(&CELERY, None).unwrap();
        draft.text().extend_from_slice(b"{\"half");
        drop(draft);
        assert_eq!(body.bytes(), before);
        assert_eq!(body.items().len(), 1);
    }

    #[test]
    fn a_bad_stream_name_leaves_no_trace() {
        let mut body = BulkBody::new();
        assert!(
            body.begin(
                &StreamParts {
                    dataset: "Django",
                    ..DJANGO
                },
                None
            )
            .is_err()
        );
        assert!(body.is_empty() && body.bytes().is_empty());
    }

    #[test]
    fn a_cleared_body_keeps_its_memory_and_nothing_else() {
        let mut body = BulkBody::new();
        push(
            &mut body,
            &DJANGO,
            None,
            &format!("{{\"a\":\"{}\"}}", "x".repeat(1000)),
        );
        let capacity = body.bytes.capacity();
        body.clear();
        assert!(body.is_empty() && body.len_bytes() == 0);
        assert_eq!(body.bytes.capacity(), capacity);
        push(&mut body, &CELERY, None, "{}");
        assert_eq!(body.stream_name(&body.items()[0]), "logs-celery-pt");
    }

    #[test]
    fn a_few_items_do_not_keep_the_memory_of_many() {
        let mut body = BulkBody::with_capacity(100_000, 10);
        push(&mut body, &DJANGO, None, r#"{"a":1}"#);
        let text = body.bytes().to_vec();
        let large = body.fit().expect("it is far too large");
        assert!(large.is_empty() && large.memory_bytes() >= 100_000);
        assert_eq!(body.bytes(), text);
        assert_eq!(body.stream_name(&body.items()[0]), "logs-django-pt");
        assert!(body.memory_bytes() < 200, "{}", body.memory_bytes());
        assert!(body.fit().is_none(), "now it fits");
    }

    #[test]
    fn more_names_than_are_compared_still_find_their_own() {
        let mut body = BulkBody::new();
        let names: Vec<String> = (0..20).map(|n| format!("service{n}")).collect();
        for dataset in names.iter().chain(&names) {
            push(&mut body, &StreamParts { dataset, ..DJANGO }, None, "{}");
        }
        for (item, dataset) in body.items().iter().zip(names.iter().chain(&names)) {
            assert_eq!(body.stream_name(item), format!("logs-{dataset}-pt"));
        }
    }
}
