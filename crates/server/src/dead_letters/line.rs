//! One line of the file: a letter as it is on disk.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

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
    /// The event as it was received; empty where it was too large to be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) event: Option<Cow<'a, str>>,
    /// The event as it was sent to Elasticsearch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) document: Option<Cow<'a, str>>,
}

impl Line<'_> {
    /// The text to send again, if there is any: as it was received rather than filtered.
    pub(super) fn text(&self) -> Option<&str> {
        let text = self.event.as_deref().or(self.document.as_deref());
        text.filter(|text| !text.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn what_was_received_is_sent_again_rather_than_what_was_sent() {
        for (event, document, want) in [
            (Some("event"), Some("document"), Some("event")),
            (Some("event"), None, Some("event")),
            (None, Some("document"), Some("document")),
            (Some(""), None, None),
            (None, None, None),
        ] {
            let line = Line {
                timestamp: "2026-01-02T03:04:05.678Z".into(),
                peer: "127.0.0.1:1".into(),
                reason: "because".into(),
                status: None,
                data_stream: None,
                event: event.map(Into::into),
                document: document.map(Into::into),
            };
            assert_eq!(line.text(), want);
            let written = serde_json::to_value(line).unwrap();
            let member = |name: &str| written.get(name).and_then(Value::as_str);
            assert_eq!((member("event"), member("document")), (event, document));
        }
    }
}
