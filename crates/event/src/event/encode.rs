//! The event as a document.

use crate::event::Event;
use crate::field::FieldRef;
use crate::tables::{Content, Home, Id, Node, Place, Span};

impl Event<'_> {
    /// Appends the document to `out`: the event as one line of JSON without a line break, without
    /// `@metadata`.
    #[inline]
    pub fn encode(&self, out: &mut Vec<u8>) {
        let tables = &*self.tables;
        let (came, rest) = tables.nodes.split_at(tables.came);
        let metadata = tables.in_slot(tables.names.metadata).ok().flatten();
        let metadata = metadata.map(Id::at);
        let start = out.len();
        // Members that stand as they came and side by side are copied in one piece.
        let mut run: Option<Span> = None;
        for (at, node) in came.iter().enumerate() {
            match node.content {
                Content::Original(value) if metadata != Some(at) => match &mut run {
                    Some(run) => run.end = value.end,
                    None => {
                        run = Some(Span {
                            start: node.key.start - 1,
                            ..value
                        });
                    }
                },
                _ => {
                    self.write_run(run.take(), out);
                    if metadata != Some(at) {
                        self.write_member(node, out);
                    }
                }
            }
        }
        self.write_run(run, out);
        for id in &tables.added {
            if metadata != Some(id.at()) {
                self.write_member(&rest[id.at() - tables.came], out);
            }
        }
        close_object(out, start);
    }

    /// Writes the JSON text of `field` to `out`; nothing when the field is missing.
    pub fn write_json(&self, field: &FieldRef, out: &mut Vec<u8>) {
        match self.locate(field) {
            Some(Place::Bare(span)) => self.write_content(Content::Bare(span), out),
            Some(Place::Json(span)) => self.write_content(Content::Json(span), out),
            Some(Place::Open(first)) => self.write_content(Content::Open { first }, out),
            None => {}
        }
    }

    #[inline]
    fn write_run(&self, run: Option<Span>, out: &mut Vec<u8>) {
        if let Some(run) = run {
            out.push(b',');
            out.extend_from_slice(self.at(run).as_bytes());
        }
    }

    /// Writes a comma, the key and the value of a member, or nothing if it was removed.
    #[inline]
    fn write_member(&self, node: &Node, out: &mut Vec<u8>) {
        if matches!(node.content, Content::Gone) {
            return;
        }
        let Span { start, end, home } = node.key;
        match home {
            Home::Key => put(
                out,
                self.home(node.key),
                start as usize - 2,
                end as usize + 2,
            ),
            Home::Text | Home::Arena => {
                out.push(b',');
                put(
                    out,
                    self.home(node.key),
                    start as usize - 1,
                    end as usize + 1,
                );
                out.push(b':');
            }
        }
        self.write_content(node.content, out);
    }

    #[inline]
    fn write_content(&self, content: Content, out: &mut Vec<u8>) {
        match content {
            Content::Gone => out.extend_from_slice(b"null"),
            Content::Original(span) | Content::Json(span) => self.put_span(span, out),
            Content::Bare(span) => {
                out.push(b'"');
                self.put_span(span, out);
                out.push(b'"');
            }
            Content::Open { first } => {
                let start = out.len();
                for (_, node) in self.members(first) {
                    self.write_member(node, out);
                }
                close_object(out, start);
            }
        }
    }

    #[inline]
    fn put_span(&self, span: Span, out: &mut Vec<u8>) {
        put(out, self.home(span), span.start as usize, span.end as usize);
    }
}

/// Makes an object of the members written from `start` on: each begins with a comma, and the first one's becomes the brace.
#[inline]
fn close_object(out: &mut Vec<u8>, start: usize) {
    match out.get_mut(start) {
        Some(comma) => *comma = b'{',
        None => out.push(b'{'),
    }
    out.push(b'}');
}

/// Appends a part of a text. Most parts are short: copying a chunk of fixed size and cutting it back needs no call.
#[inline]
fn put(out: &mut Vec<u8>, text: &str, start: usize, end: usize) {
    const CHUNK_BYTES: usize = 32;
    let from_start = &text.as_bytes()[start..];
    let length = end - start;
    match from_start.first_chunk::<CHUNK_BYTES>() {
        Some(chunk) if length <= CHUNK_BYTES => {
            let at = out.len();
            out.extend_from_slice(chunk);
            out.truncate(at + length);
        }
        Some(_) | None => out.extend_from_slice(&from_start[..length]),
    }
}
