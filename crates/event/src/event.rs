//! The event itself: the sender's text, a table of its members, and what the filters changed.

use std::collections::HashSet;
use std::ops::Range;

use crate::error::{EventError, SetError};
use crate::field::{FieldRef, Step, shortest};
use crate::index::Print;
use crate::scan::Stop;
use crate::tables::{Content, Home, Limits, Node, Place, Span, Tables};
use crate::text::escape_into;
use crate::value::{Str, Value, each_member, find_inside};

/// One event, alive from its parse to its encoding.
#[derive(Debug)]
pub struct Event<'a> {
    text: &'a str,
    tables: &'a mut Tables,
}

impl<'a> Event<'a> {
    /// Checks `text` and finds its members.
    ///
    /// White space that would break the line becomes blanks in place. Of equal top-level keys the
    /// last counts and the others are dropped, as Logstash has it.
    pub fn parse(
        text: &'a mut [u8],
        tables: &'a mut Tables,
        limits: &Limits,
    ) -> Result<Self, EventError> {
        tables.nodes.clear();
        tables.top.clear();
        tables.arena.clear();
        if u32::try_from(text.len()).is_err() {
            return Err(EventError::TooLarge {
                bytes: text.len(),
                limit: u32::MAX as usize,
            });
        }
        tables.load(text, limits).map_err(|Stop(error)| *error)?;
        let text = std::str::from_utf8(text).map_err(|error| EventError::Utf8 {
            at: error.valid_up_to(),
        })?;
        let mut event = Self { text, tables };
        event.index_members();
        Ok(event)
    }

    /// The event as it was received, but for line breaks between its tokens.
    pub fn text(&self) -> &str {
        self.text
    }

    /// What `field` holds, or `None` when it is missing.
    #[inline]
    pub fn get(&self, field: &FieldRef) -> Option<Value<'_>> {
        Some(match self.locate(field)? {
            Place::Bare(span) => Value::String(Str(self.at(span))),
            Place::Json(span) => Value::of(self.at(span)),
            Place::Open(_) => Value::Object(None),
        })
    }

    /// Where the content of a string field stands, for [`Self::set_span`]; `None` when the field
    /// is missing or no string.
    #[inline]
    pub fn string_span(&self, field: &FieldRef) -> Option<Span> {
        match self.locate(field)? {
            Place::Bare(span) => Some(span),
            Place::Json(span) if self.at(span).starts_with('"') => Some(Span {
                start: span.start + 1,
                end: span.end - 1,
                ..span
            }),
            Place::Json(_) | Place::Open(_) => None,
        }
    }

    /// The content of a string, in its escaped form.
    #[inline]
    pub fn str(&self, span: Span) -> Str<'_> {
        Str(self.at(span))
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

    /// Sets `field` to the string `text`. Objects on the way are made.
    #[inline]
    pub fn set_string(&mut self, field: &FieldRef, text: &str) -> Result<(), SetError> {
        let node = self.node_for(field)?;
        let start = self.tables.arena.len();
        escape_into(text, &mut self.tables.arena);
        self.tables.nodes[node].content = Content::Bare(self.arena_from(start));
        Ok(())
    }

    /// Sets `field` to a JSON text, which must be valid and one line.
    #[inline]
    pub fn set_json(&mut self, field: &FieldRef, json: &str) -> Result<(), SetError> {
        let node = self.node_for(field)?;
        self.put_json(node, json);
        Ok(())
    }

    #[inline]
    fn put_json(&mut self, node: usize, json: &str) {
        let start = self.tables.arena.len();
        self.tables.arena.push_str(json);
        self.tables.nodes[node].content = Content::Json(self.arena_from(start));
    }

    /// Sets `field` to the string whose content stands at `span`, without copying it.
    #[inline]
    pub fn set_span(&mut self, field: &FieldRef, span: Span) -> Result<(), SetError> {
        let node = self.node_for(field)?;
        self.tables.nodes[node].content = Content::Bare(span);
        Ok(())
    }

    /// Adds the string whose content (escaped) is `content` to `field` as grok does: a missing
    /// field is set, a list gets one more element, a string becomes a list of two; a field of
    /// any other kind stays as it is.
    pub fn append(&mut self, field: &FieldRef, content: Span) -> Result<(), SetError> {
        self.append_all(field, &[content])
    }

    /// As [`Self::append`], for several strings; the list is written once, however many there are.
    pub fn append_all(&mut self, field: &FieldRef, contents: &[Span]) -> Result<(), SetError> {
        let node = self.node_for(field)?;
        if let (Value::Null, [content]) = (self.value_at(node), contents) {
            self.tables.nodes[node].content = Content::Bare(*content);
            return Ok(());
        }
        let mut list = std::mem::take(&mut self.tables.scratch);
        list.clear();
        self.begin_list(node, &mut list);
        if !list.is_empty() && !contents.is_empty() {
            for content in contents {
                list.push_str(if list.len() > 1 { ",\"" } else { "\"" });
                list.extend([self.at(*content), "\""]);
            }
            list.push(']');
            self.put_json(node, &list);
        }
        self.tables.scratch = list;
        Ok(())
    }

    /// Writes a list without its end that holds what the node holds, if that can be in a list.
    fn begin_list(&self, node: usize, list: &mut String) {
        match self.value_at(node) {
            Value::Null => list.push('['),
            Value::Array(json) => list.push_str(json[..json.len() - 1].trim_end()),
            Value::String(old) => list.extend(["[\"", old.escaped(), "\""]),
            Value::Bool(_) | Value::Number(_) | Value::Object(_) => {}
        }
    }

    /// What a node holds; null when it holds nothing.
    fn value_at(&self, node: usize) -> Value<'_> {
        match self.tables.nodes[node].content {
            Content::Gone => Value::Null,
            Content::Bare(span) => Value::String(Str(self.at(span))),
            Content::Json(span) | Content::Original(span) => Value::of(self.at(span)),
            Content::Open { .. } => Value::Object(None),
        }
    }

    /// Writes `text` beside the event's fields, for [`Self::append`] and [`Self::set_span`].
    pub fn keep(&mut self, text: &str) -> Span {
        let start = self.tables.arena.len();
        escape_into(text, &mut self.tables.arena);
        self.arena_from(start)
    }

    /// Adds `tag` to the list `field` unless it is there. A string becomes the list's first
    /// element; so does a value of any other kind, so that nothing is lost.
    pub fn add_tag(&mut self, field: &FieldRef, tag: &str) -> Result<(), SetError> {
        let content = self.keep(tag);
        let wanted = self.str(content);
        let there = match self.get(field) {
            None | Some(Value::Null) => {
                self.remove(field);
                false
            }
            Some(Value::String(old)) => old == wanted,
            Some(list @ Value::Array(_)) => {
                let mut there = false;
                list.for_each_element(|element| there |= Value::of(element).is_str(wanted));
                there
            }
            Some(Value::Bool(_) | Value::Number(_) | Value::Object(_)) => {
                self.wrap_in_list(field)?;
                false
            }
        };
        if there {
            Ok(())
        } else {
            self.append_to_list(field, content)
        }
    }

    /// Appends to a list, making one where there is none.
    fn append_to_list(&mut self, field: &FieldRef, content: Span) -> Result<(), SetError> {
        if self.get(field).is_none() {
            self.set_json(field, "[]")?;
        }
        self.append(field, content)
    }

    fn wrap_in_list(&mut self, field: &FieldRef) -> Result<(), SetError> {
        let mut list = vec![b'['];
        self.write_json(field, &mut list);
        list.push(b']');
        self.set_json(field, &String::from_utf8_lossy(&list))
    }

    /// Removes `field` and tells whether it was there.
    pub fn remove(&mut self, field: &FieldRef) -> bool {
        let there = self.locate(field).is_some();
        if there && let Ok(node) = self.node_for(field) {
            self.tables.nodes[node].content = Content::Gone;
        }
        there
    }

    /// Removes the top-level member that `field` leads through, whatever it holds.
    pub fn remove_top(&mut self, field: &FieldRef) {
        let top = field
            .steps
            .first()
            .and_then(|step| self.find_top(step.print, step.key()));
        if let Some(node) = top.and_then(|id| self.tables.nodes.get_mut(id as usize)) {
            node.content = Content::Gone;
        }
    }

    /// Appends the document to `out`: the event as one line of JSON without a line break, without
    /// `@metadata`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        const METADATA: &str = "@metadata";
        let metadata = self.find_top(Print::of(METADATA), METADATA);
        let nodes = &self.tables.nodes;
        out.push(b'{');
        let empty = out.len();
        let mut at = 0;
        while let Some(&id) = self.tables.top.get(at) {
            at += 1;
            let node = &nodes[id as usize];
            if metadata == Some(id) {
                continue;
            }
            match node.content {
                Content::Gone => {}
                Content::Original(value) => {
                    let mut end = value.end;
                    while let Some(next) =
                        self.untouched(at).filter(|_| metadata != Some(at as u32))
                    {
                        end = next.end;
                        at += 1;
                    }
                    comma(out, empty);
                    let run = &self.text[node.key.start as usize - 1..end as usize];
                    out.extend_from_slice(run.as_bytes());
                }
                Content::Bare(_) | Content::Json(_) | Content::Open { .. } => {
                    comma(out, empty);
                    self.write_member(node, out);
                }
            }
        }
        out.push(b'}');
    }

    /// The value of the top-level member at `at` if it stands as it came.
    #[inline]
    fn untouched(&self, at: usize) -> Option<Span> {
        // Members that came with the event are the first nodes, in order.
        match (self.tables.top.get(at), self.tables.nodes.get(at)) {
            (
                Some(_),
                Some(Node {
                    content: Content::Original(value),
                    ..
                }),
            ) => Some(*value),
            _ => None,
        }
    }

    fn write_member(&self, node: &Node, out: &mut Vec<u8>) {
        let key = node.key;
        let quoted = &self.home(key)[key.start as usize - 1..=key.end as usize];
        out.extend_from_slice(quoted.as_bytes());
        out.push(b':');
        self.write_content(node.content, out);
    }

    fn write_content(&self, content: Content, out: &mut Vec<u8>) {
        match content {
            Content::Gone => out.extend_from_slice(b"null"),
            Content::Original(span) | Content::Json(span) => {
                out.extend_from_slice(self.at(span).as_bytes());
            }
            Content::Bare(span) => {
                out.push(b'"');
                out.extend_from_slice(self.at(span).as_bytes());
                out.push(b'"');
            }
            Content::Open { first } => {
                out.push(b'{');
                let empty = out.len();
                for (_, node) in self.members(first) {
                    if !matches!(node.content, Content::Gone) {
                        comma(out, empty);
                        self.write_member(node, out);
                    }
                }
                out.push(b'}');
            }
        }
    }

    #[inline]
    fn at(&self, span: Span) -> &str {
        &self.home(span)[span.start as usize..span.end as usize]
    }

    /// The text that a span is a part of.
    #[inline]
    fn home(&self, span: Span) -> &str {
        match span.home {
            Home::Text => self.text,
            Home::Arena => &self.tables.arena,
        }
    }

    fn arena_from(&self, start: usize) -> Span {
        Span {
            start: start as u32,
            end: self.tables.arena.len() as u32,
            home: Home::Arena,
        }
    }

    #[inline]
    fn find_top(&self, print: Print, key: &str) -> Option<u32> {
        self.tables
            .index
            .find(print, |id| self.has_key(id, print, key))
    }

    #[inline]
    fn has_key(&self, id: u32, print: Print, key: &str) -> bool {
        let node = &self.tables.nodes[id as usize];
        node.print == Some(print) && self.at(node.key) == key
    }

    fn members(&self, first: Option<u32>) -> impl Iterator<Item = (u32, &Node)> {
        let with_id = |id: u32| (id, &self.tables.nodes[id as usize]);
        std::iter::successors(first.map(with_id), move |(_, node)| node.next.map(with_id))
    }

    fn child(&self, first: Option<u32>, step: &Step) -> Option<u32> {
        self.members(first)
            .find(|(_, node)| self.at(node.key) == step.key())
            .map(|(id, _)| id)
    }

    #[inline]
    fn locate(&self, field: &FieldRef) -> Option<Place> {
        let (step, mut steps) = field.steps.split_first()?;
        let mut id = self.find_top(step.print, step.key())?;
        loop {
            match self.tables.nodes[id as usize].content {
                Content::Bare(span) => return steps.is_empty().then_some(Place::Bare(span)),
                Content::Gone => return None,
                Content::Json(span) | Content::Original(span) if steps.is_empty() => {
                    return Some(Place::Json(span));
                }
                Content::Json(span) | Content::Original(span) => {
                    let json = self.at(span);
                    let found = find_inside(json, steps)?;
                    let start = span.start + (found.as_ptr().addr() - json.as_ptr().addr()) as u32;
                    return Some(Place::Json(Span {
                        start,
                        end: start + found.len() as u32,
                        ..span
                    }));
                }
                Content::Open { first } => match steps.split_first() {
                    None => return Some(Place::Open(first)),
                    Some((step, rest)) => {
                        id = self.child(first, step)?;
                        steps = rest;
                    }
                },
            }
        }
    }

    /// The node of `field`, made with all objects on its way when it is missing.
    fn node_for(&mut self, field: &FieldRef) -> Result<usize, SetError> {
        let Some((step, steps)) = field.steps.split_first() else {
            return Err(SetError::BelowScalar {
                field: field.as_str().to_owned(),
            });
        };
        let mut id = match self.find_top(step.print, step.key()) {
            Some(id) => id,
            None => self.add_top(step),
        };
        for step in steps {
            let first = self.open(id, field)?;
            id = match self.child(first, step) {
                Some(child) => child,
                None => {
                    let key = self.keep_key(&step.quoted);
                    self.tables.add_child(id, key)
                }
            };
        }
        Ok(id as usize)
    }

    /// Adds a member to the event's own object, which has none with this key.
    fn add_top(&mut self, step: &Step) -> u32 {
        let key = self.keep_key(&step.quoted);
        let Tables { nodes, index, .. } = self.tables;
        index.grow(nodes);
        let id = self.tables.push(key, Some(step.print));
        self.tables.index.enter(step.print, id, |_| false);
        self.tables.top.push(id);
        id
    }

    /// Writes a key beside the event's fields. Every key stands between quotes, wherever it is, so that it can be
    /// copied with them.
    fn keep_key(&mut self, quoted: &str) -> Span {
        let start = self.tables.arena.len();
        self.tables.arena.push_str(quoted);
        self.arena_from(start).part(1, quoted.len() - 1)
    }

    /// Makes an object of the node so that members can be set, and returns its first member.
    fn open(&mut self, id: u32, field: &FieldRef) -> Result<Option<u32>, SetError> {
        let below_scalar = || SetError::BelowScalar {
            field: field.as_str().to_owned(),
        };
        let span = match self.tables.nodes[id as usize].content {
            Content::Open { first } => return Ok(first),
            Content::Bare(_) => return Err(below_scalar()),
            Content::Gone => None,
            Content::Json(span) | Content::Original(span) => Some(span),
        };
        let json = span.map_or("null", |span| self.at(span));
        match Value::of(json) {
            // Nothing is there, so an object may be: Logstash takes null as missing here.
            Value::Null => {
                self.tables.nodes[id as usize].content = Content::Open { first: None };
                Ok(None)
            }
            Value::Object(_) => {
                let Some(span) = span else {
                    return Err(below_scalar());
                };
                self.open_object(id, span);
                match self.tables.nodes[id as usize].content {
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

    /// Links the members of the object at `span` below the node `id`.
    fn open_object(&mut self, id: u32, span: Span) {
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
            let next = Some(nodes.len() as u32 + 1);
            nodes.push(Node {
                key: within(key),
                print: None,
                content: Content::Json(within(value)),
                next,
            });
        });
        let opened = first..nodes.len();
        if let Some(last) = nodes[opened.clone()].last_mut() {
            last.next = None;
        }
        let first = (!opened.is_empty()).then_some(opened.start as u32);
        nodes[id as usize].content = Content::Open { first };
        self.tables.nodes = nodes;
        for at in opened.clone() {
            let key = self.at(self.tables.nodes[at].key);
            if memchr::memchr(b'\\', key.as_bytes()).is_some() {
                let quoted = shortest(key);
                self.tables.nodes[at].key = self.keep_key(&quoted);
            }
        }
        self.drop_equal_keys(opened);
    }

    /// Of members of an opened object that have equal keys the last one counts.
    fn drop_equal_keys(&mut self, members: Range<usize>) {
        let mut seen = HashSet::with_capacity(members.len());
        let key = |at: &usize| self.at(self.tables.nodes[*at].key);
        let dropped: Vec<usize> = members.rev().filter(|at| !seen.insert(key(at))).collect();
        for at in dropped {
            self.tables.nodes[at].content = Content::Gone;
        }
    }

    /// Enters the members into the index. Of equal keys the last one counts, and the others are dropped.
    fn index_members(&mut self) {
        // Set aside while the nodes that it asks for are borrowed.
        let mut index = std::mem::take(&mut self.tables.index);
        index.reset(self.tables.top.len());
        for id in 0..self.tables.top.len() as u32 {
            let print = match self.tables.nodes[id as usize].print {
                Some(print) => print,
                None => self.shorten_key(id),
            };
            let key = self.at(self.tables.nodes[id as usize].key);
            if let Some(earlier) = index.enter(print, id, |other| self.has_key(other, print, key)) {
                self.tables.nodes[earlier as usize].content = Content::Gone;
            }
        }
        self.tables.index = index;
    }

    /// Rewrites a key that came with escapes, so that equal keys are equal bytes.
    fn shorten_key(&mut self, id: u32) -> Print {
        let quoted = shortest(self.at(self.tables.nodes[id as usize].key));
        let key = self.keep_key(&quoted);
        let print = Print::of(self.at(key));
        let node = &mut self.tables.nodes[id as usize];
        (node.key, node.print) = (key, Some(print));
        if let Content::Original(value) = node.content {
            // Key and value do not stand in the text one after the other any more.
            node.content = Content::Json(value);
        }
        print
    }
}

#[inline]
fn comma(out: &mut Vec<u8>, empty: usize) {
    if out.len() > empty {
        out.push(b',');
    }
}

#[cfg(test)]
mod tests;
