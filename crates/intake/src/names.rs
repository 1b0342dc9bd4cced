//! Which data stream an event belongs to.

use sawmill_elasticsearch_out::StreamParts;
use sawmill_event::{Event, FieldRef, FieldRefError, Value};

/// Where an event says it.
pub(crate) struct NameFields {
    /// `[data_stream]`
    all: FieldRef,
    parts: [FieldRef; 3],
}

/// What the last event said. Mostly the next one says the same, in the same words.
#[derive(Default)]
pub(crate) struct Names {
    /// The text of its `[data_stream]`, empty if it has no text of its own.
    text: String,
    kind: String,
    dataset: String,
    namespace: String,
}

impl NameFields {
    pub(crate) fn new() -> Result<Self, FieldRefError> {
        Ok(Self {
            all: FieldRef::parse("[data_stream]")?,
            parts: [
                FieldRef::parse("[data_stream][type]")?,
                FieldRef::parse("[data_stream][dataset]")?,
                FieldRef::parse("[data_stream][namespace]")?,
            ],
        })
    }
}

impl Names {
    /// The name of the event's data stream. Parts that it lacks are `logs`, `generic` and `default`, as in Logstash.
    #[inline]
    pub(crate) fn of(&mut self, event: &Event<'_>, fields: &NameFields) -> StreamParts<'_> {
        let text = match event.get(&fields.all) {
            Some(Value::Object(Some(text))) => text,
            _ => "",
        };
        if text.is_empty() || text != self.text {
            self.read(event, fields, text);
        }
        StreamParts {
            kind: &self.kind,
            dataset: &self.dataset,
            namespace: &self.namespace,
        }
    }

    #[inline(never)]
    fn read(&mut self, event: &Event<'_>, fields: &NameFields, text: &str) {
        text.clone_into(&mut self.text);
        let parts = [
            (&mut self.kind, "logs"),
            (&mut self.dataset, "generic"),
            (&mut self.namespace, "default"),
        ];
        for ((part, default), field) in parts.into_iter().zip(&fields.parts) {
            part.clear();
            match event.get(field) {
                Some(Value::String(text)) => text.append_to(part),
                _ => part.push_str(default),
            }
        }
    }
}
