//! One line of the file: a letter as it is on disk.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// An event's text, and how far it got.
pub(crate) enum Text {
    /// As it was received; empty where it was too large to be read.
    Received(Vec<u8>),
    /// As it was sent to Elasticsearch, filtered.
    Sent(Vec<u8>),
}

/// A letter's members.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Line<'a> {
    /// When it was written.
    #[serde(rename = "@timestamp", borrow)]
    pub(super) timestamp: Cow<'a, str>,
    /// Who sent the event.
    #[serde(borrow)]
    pub(super) peer: Cow<'a, str>,
    /// Why it could not be stored.
    #[serde(borrow)]
    pub(super) reason: Cow<'a, str>,
    /// Elasticsearch's status, where it was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<u16>,
    /// The data stream it was meant for, where it got that far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) data_stream: Option<Cow<'a, str>>,
    /// The event as it was received.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) event: Option<Cow<'a, str>>,
    /// The event as it was sent to Elasticsearch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) document: Option<Cow<'a, str>>,
}

impl<'a> Line<'a> {
    /// Puts the text where it belongs. Bytes that are no UTF-8 become U+FFFD: the file is JSON.
    pub(super) fn with(mut self, text: &'a Text) -> Self {
        match text {
            Text::Received(bytes) => self.event = Some(String::from_utf8_lossy(bytes)),
            Text::Sent(bytes) => self.document = Some(String::from_utf8_lossy(bytes)),
        }
        self
    }

    /// The event's text, if there is any.
    pub(super) fn text(&self) -> Option<&str> {
        let text = self.event.as_deref().or(self.document.as_deref());
        text.filter(|text| !text.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn bare() -> Line<'static> {
        Line {
            timestamp: "2026-01-02T03:04:05.678Z".into(),
            peer: "127.0.0.1:1".into(),
            reason: "because".into(),
            status: None,
            data_stream: None,
            event: None,
            document: None,
        }
    }

    #[test]
    fn what_was_received_is_an_event_and_what_was_sent_a_document() {
        for (text, member, other) in [
            (Text::Received(b"caf\xe9".to_vec()), "event", "document"),
            (Text::Sent(b"caf\xe9".to_vec()), "document", "event"),
        ] {
            let line = bare().with(&text);
            assert_eq!(line.text(), Some("caf\u{FFFD}"));
            let written = serde_json::to_value(line).unwrap();
            assert_eq!(written[member], json!("caf\u{FFFD}"));
            assert!(written.get(other).is_none(), "{written}");
        }
    }

    #[test]
    fn an_event_too_large_to_be_read_has_a_member_and_no_text() {
        let text = Text::Received(Vec::new());
        let line = bare().with(&text);
        assert_eq!((line.event.as_deref(), line.text()), (Some(""), None));
    }
}
