//! Under which `_id` an event is stored.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sawmill_elasticsearch_out::DocumentId;
use sawmill_event::{Event, FieldRef, FieldRefError, Value};
use twox_hash::XxHash3_64;

use crate::dead_letter::Reason;

/// Where the `_id` of an event comes from that brings none of its own in `[@metadata][_id]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DocumentIds {
    /// From Elasticsearch, which makes a new one each time: an event that is sent again is stored again.
    #[default]
    Auto,
    /// From where the event was read: the agent, the file and the offset in it, and its message. An event that is sent
    /// again has the same one. An event that was not read from a file, or has no message, has none.
    Origin,
}

/// Where events say it.
pub(crate) struct IdFields {
    from: DocumentIds,
    metadata: FieldRef,
    own: FieldRef,
    agent: FieldRef,
    /// What makes a file this file, the best first.
    files: [[FieldRef; 2]; 3],
    offset: FieldRef,
    message: FieldRef,
}

/// The `_id` of the event at hand.
#[derive(Default)]
pub(crate) struct Ids {
    /// Empty if it has none.
    id: String,
    /// `[@metadata]` of an event before that had no `_id` in it. Mostly the next one says the same, in the same words.
    idless: String,
    /// The parts of a file's identity, one behind the other.
    source: Vec<u8>,
}

impl IdFields {
    pub(crate) fn new(from: DocumentIds) -> Result<Self, FieldRefError> {
        let field = FieldRef::parse;
        Ok(Self {
            from,
            metadata: field("[@metadata]")?,
            own: field("[@metadata][_id]")?,
            agent: field("[agent][id]")?,
            files: [
                [
                    field("[log][file][fingerprint]")?,
                    field("[log][file][fingerprint]")?,
                ],
                [
                    field("[log][file][device_id]")?,
                    field("[log][file][inode]")?,
                ],
                [field("[log][file][path]")?, field("[log][file][path]")?],
            ],
            offset: field("[log][offset]")?,
            message: field("message")?,
        })
    }
}

impl Ids {
    /// Makes the id of an event from where it was read, if that is asked for. To be called before filters change anything.
    #[inline]
    pub(crate) fn receive(&mut self, event: &Event<'_>, fields: &IdFields) {
        self.id.clear();
        if fields.from == DocumentIds::Origin {
            self.read_origin(event, fields);
        }
    }

    /// The id to store the event under: its own, or else that of its origin.
    #[inline]
    pub(crate) fn of(
        &mut self,
        event: &Event<'_>,
        fields: &IdFields,
    ) -> Result<Option<DocumentId<'_>>, Reason> {
        match event.get(&fields.metadata) {
            None => {}
            Some(Value::Object(Some(text))) if text == self.idless => {}
            Some(metadata) => self.read_own(event, fields, metadata)?,
        }
        if self.id.is_empty() {
            return Ok(None);
        }
        Ok(Some(DocumentId::new(&self.id)?))
    }

    #[inline(never)]
    fn read_own(
        &mut self,
        event: &Event<'_>,
        fields: &IdFields,
        metadata: Value<'_>,
    ) -> Result<(), Reason> {
        match event.get(&fields.own) {
            None | Some(Value::Null) => {
                if let Value::Object(Some(text)) = metadata {
                    text.clone_into(&mut self.idless);
                }
            }
            Some(Value::String(text)) => {
                self.id.clear();
                text.append_to(&mut self.id);
                // What is empty is no id, and Elasticsearch would say so of the whole request.
                DocumentId::new(&self.id)?;
            }
            Some(Value::Number(digits)) => digits.clone_into(&mut self.id),
            Some(Value::Array(_) | Value::Bool(_) | Value::Object(_)) => {
                return Err(Reason::IdKind);
            }
        }
        Ok(())
    }

    /// `FILE.OFFSET.MESSAGE`: two hashes and a number, so that only lines of the same file at the same offset could ever
    /// be taken for each other. Ids of one file have the same beginning, which Lucene likes.
    #[inline(never)]
    fn read_origin(&mut self, event: &Event<'_>, fields: &IdFields) {
        // Without it another line at the same offset of a file that began anew would be taken for this one, and lost.
        let Some(message) = text(event, &fields.message) else {
            return;
        };
        let Some(Value::Number(offset)) = event.get(&fields.offset) else {
            return;
        };
        let file = { fields.files.iter() }
            .find_map(|[one, other]| Some([text(event, one)?, text(event, other)?]));
        let Some([one, other]) = file else {
            return;
        };
        self.source.clear();
        let agent = text(event, &fields.agent).unwrap_or_default();
        for part in [agent, one, other] {
            self.source.extend_from_slice(part.as_bytes());
            self.source.push(0);
        }
        self.write_hash(XxHash3_64::oneshot(&self.source));
        self.id.push('.');
        self.id.push_str(offset);
        self.id.push('.');
        self.write_hash(XxHash3_64::oneshot(message.as_bytes()));
    }

    fn write_hash(&mut self, hash: u64) {
        BASE64_URL_SAFE_NO_PAD.encode_string(hash.to_be_bytes(), &mut self.id);
    }
}

/// A field's text in its escaped form, which one sender always writes in the same way.
fn text<'e>(event: &'e Event<'_>, field: &FieldRef) -> Option<&'e str> {
    match event.get(field)? {
        Value::String(text) => Some(text.escaped()),
        Value::Number(digits) => Some(digits),
        Value::Array(_) | Value::Bool(_) | Value::Null | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use sawmill_event::{Limits, Tables};

    use super::*;

    /// The id of an event, or why it has none that is good.
    fn id(from: DocumentIds, json: &str) -> Result<Option<String>, Reason> {
        let fields = IdFields::new(from).unwrap();
        let (mut tables, mut ids) = (Tables::default(), Ids::default());
        let mut json = json.as_bytes().to_vec();
        let event = Event::parse(&mut json, &mut tables, &Limits::default()).unwrap();
        ids.receive(&event, &fields);
        let id = ids.of(&event, &fields)?;
        Ok(id.map(|id| id.as_str().to_owned()))
    }

    fn origin(json: &str) -> Option<String> {
        id(DocumentIds::Origin, json).unwrap()
    }

    const LINE: &str = r#"{"message":"INFO|a","agent":{"id":"A"},"log":{"offset":17,"file":{"path":"/a","device_id":"8","inode":"9"}}}"#;

    #[test]
    fn a_line_sent_again_has_the_same_id_and_another_line_another() {
        let first = origin(LINE).unwrap();
        let parts: Vec<_> = first.split('.').collect();
        assert_eq!((parts.len(), parts[1]), (3, "17"));
        // Read again after a restart of the agent, or after the file was renamed.
        for (from, to) in [
            ("\"/a\"", "\"/a.1\""),
            (r#""message""#, r#""@timestamp":"2025","message""#),
        ] {
            assert_eq!(origin(&LINE.replace(from, to)).unwrap(), first, "{to}");
        }
        for (from, to) in [
            ("17", "18"),
            ("INFO", "WARN"),
            (r#":"9""#, r#":"10""#),
            (r#":"8""#, r#":"7""#),
            (r#""A""#, r#""B""#),
        ] {
            assert_ne!(origin(&LINE.replace(from, to)).unwrap(), first, "{to}");
        }
    }

    #[test]
    fn a_file_is_known_by_its_fingerprint_or_its_inode_or_its_path() {
        let file = |file: &str| {
            origin(&format!(
                r#"{{"message":"a","log":{{"offset":0,"file":{{{file}}}}}}}"#
            ))
        };
        let path = file(r#""path":"/a""#).unwrap();
        let inode = file(r#""path":"/a","device_id":"8","inode":"9""#).unwrap();
        let fingerprint =
            file(r#""path":"/a","device_id":"8","inode":"9","fingerprint":"f""#).unwrap();
        assert!(path != inode && inode != fingerprint && path != fingerprint);
        assert_eq!(
            file(r#""path":"/b","inode":"10","fingerprint":"f""#).unwrap(),
            fingerprint
        );
        assert_eq!(file(""), None);
        assert_eq!(origin(r#"{"message":"from a socket"}"#), None);
        let decoded = LINE.replace("\"message\"", "\"level\"");
        assert_eq!(
            origin(&decoded),
            None,
            "nothing tells it from the next file's"
        );
    }

    #[test]
    fn an_events_own_id_comes_first() {
        let own = |own: &str| {
            let metadata = format!("{{\"@metadata\":{{\"_id\":{own}}},");
            id(DocumentIds::Origin, &LINE.replacen('{', &metadata, 1))
        };
        assert_eq!(own(r#""a\"b""#).unwrap().unwrap(), "a\"b");
        assert_eq!(own("12").unwrap().unwrap(), "12");
        assert_eq!(own("null").unwrap(), origin(LINE));
        assert_eq!(own("[1]"), Err(Reason::IdKind));
        assert!(own(r#""""#).unwrap_err().to_string().contains("empty"));
        let long = format!("\"{}\"", "x".repeat(513));
        assert!(own(&long).unwrap_err().to_string().contains("513 bytes"));
    }

    #[test]
    fn what_an_event_said_is_not_the_next_ones() {
        let fields = IdFields::new(DocumentIds::Auto).unwrap();
        let mut ids = Ids::default();
        for (json, want) in [
            (r#"{"@metadata":{"beat":"x"}}"#, None),
            (r#"{"@metadata":{"_id":"1"}}"#, Some("1")),
            (r#"{"@metadata":{"beat":"x"}}"#, None),
            (r#"{"a":1}"#, None),
        ] {
            let (mut json, mut tables) = (json.as_bytes().to_vec(), Tables::default());
            let event = Event::parse(&mut json, &mut tables, &Limits::default()).unwrap();
            ids.receive(&event, &fields);
            assert_eq!(
                ids.of(&event, &fields)
                    .unwrap()
                    .map(|id| id.as_str().to_owned()),
                want.map(str::to_owned)
            );
        }
    }
}
