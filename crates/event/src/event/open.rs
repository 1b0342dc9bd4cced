//! Objects that a filter reaches into: their members become nodes of their own.

use std::collections::HashSet;
use std::ops::Range;

use crate::error::SetError;
use crate::event::Event;
use crate::field::{FieldRef, shortest};
use crate::tables::{Content, Id, Node, Span};
use crate::value::{Value, each_member};

impl Event<'_> {
    /// Makes an object of the node so that members can be set, and returns its first member.
    pub(super) fn open(&mut self, id: Id, field: &FieldRef) -> Result<Option<Id>, SetError> {
        let below_scalar = || SetError::BelowScalar {
            field: field.as_str().to_owned(),
        };
        let span = match self.tables.nodes[id.at()].content {
            Content::Open { first } => return Ok(first),
            Content::Bare(_) => return Err(below_scalar()),
            Content::Gone => None,
            Content::Json(span) | Content::Original(span) => Some(span),
        };
        let json = span.map_or("null", |span| self.at(span));
        match Value::of(json) {
            // Nothing is there, so an object may be: Logstash takes null as missing here.
            Value::Null => {
                self.tables.nodes[id.at()].content = Content::Open { first: None };
                Ok(None)
            }
            Value::Object(_) => {
                let Some(span) = span else {
                    return Err(below_scalar());
                };
                self.open_object(id, span);
                match self.tables.nodes[id.at()].content {
                    Content::Open { first } => Ok(first),
                    _ => Err(below_scalar()),
                }
            }
            Value::Array(_) => Err(SetError::InsideList {
                field: field.as_str().to_owned(),
            }),
            Value::Bool(_) | Value::Number(_) | Value::String(_) => Err(below_scalar()),
        }
    }

    /// Puts the members of the object at `span` below the node `id`.
    fn open_object(&mut self, id: Id, span: Span) {
        // The nodes are set aside while the text that they are filled from is borrowed.
        let mut nodes = std::mem::take(&mut self.tables.nodes);
        let first = nodes.len();
        let json = self.at(span);
        let within = |part: &str| {
            let start = span.start + (part.as_ptr().addr() - json.as_ptr().addr()) as u32;
            Span {
                start,
                end: start + part.len() as u32,
                ..span
            }
        };
        each_member(json, |key, value| {
            nodes.push(Node {
                key: within(key),
                content: Content::Json(within(value)),
                next: None,
            });
        });
        let opened = first..nodes.len();
        self.tables.nodes = nodes;
        for at in opened.clone() {
            let key = self.at(self.tables.nodes[at].key);
            if memchr::memchr(b'\\', key.as_bytes()).is_some() {
                let quoted = shortest(key);
                self.tables.nodes[at].key = self.keep_key(&quoted);
            }
        }
        let first = self.link(opened);
        self.tables.nodes[id.at()].content = Content::Open { first };
    }

    /// Links the members of an opened object and returns the first. Of those with equal keys only the last is linked.
    fn link(&mut self, members: Range<usize>) -> Option<Id> {
        let mut seen = HashSet::with_capacity(members.len());
        let key = |at: &usize| self.at(self.tables.nodes[*at].key);
        let from_last: Vec<usize> = members.rev().filter(|at| seen.insert(key(at))).collect();
        let mut next = None;
        for at in from_last {
            self.tables.nodes[at].next = next;
            next = Some(Id::of(at));
        }
        next
    }
}
