//! The event itself: the sender's text, a table of its members, and what the filters changed.

mod encode;
mod open;

use crate::constant::Constant;
use crate::error::{EventError, SetError};
use crate::field::{FieldRef, Step, shortest};
use crate::scan::Stop;
use crate::tables::{
    Content, Home, Id, Limits, Node, Place, SlotUnknown, Span, Tables, home, home_part,
};
use crate::text::escape_into;
use crate::value::{Str, Value, find_inside};

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
        if u32::try_from(text.len()).is_err() {
            return Err(EventError::TooLarge {
                bytes: text.len(),
                limit: u32::MAX as usize,
            });
        }
        let escaped_keys = tables.load(text, limits).map_err(|Stop(error)| *error)?;
        let text = simdutf8::compat::from_utf8(text).map_err(|error| EventError::Utf8 {
            at: error.valid_up_to(),
        })?;
        let mut event = Self { text, tables };
        if escaped_keys {
            event.shorten_keys();
        }
        event.tables.index(text);
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

    /// Sets `field` to a constant, which is copied once, to the document.
    #[inline]
    pub fn set_constant(&mut self, field: &FieldRef, constant: &Constant) -> Result<(), SetError> {
        let node = self.node_for(field)?;
        match self.tables.known(constant.span) {
            Some(span) => self.tables.nodes[node].content = Content::Json(span),
            None => self.put_json(node, &constant.json),
        }
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
    #[inline]
    pub fn append(&mut self, field: &FieldRef, content: Span) -> Result<(), SetError> {
        // Mostly the field is the event's own and not there yet.
        if let ([_], None) = (&*field.steps, self.find_top(field)) {
            let id = self.add_top(field);
            self.tables.nodes[id.at()].content = Content::Bare(content);
            return Ok(());
        }
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
        let there = match self.get(field) {
            None | Some(Value::Null) => {
                self.remove(field);
                false
            }
            Some(Value::String(old)) => old.is(tag),
            Some(list @ Value::Array(_)) => {
                let mut there = false;
                list.for_each_element(|element| there |= Value::of(element).is_str(tag));
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
        if let Some(id) = self.find_top(field) {
            self.tables.nodes[id.at()].content = Content::Gone;
        }
    }

    #[inline]
    fn at(&self, span: Span) -> &str {
        home_part(&self.tables.arena, self.text, span)
    }

    /// The text that a span is a part of.
    #[inline]
    fn home(&self, span: Span) -> &str {
        home(&self.tables.arena, self.text, span)
    }

    fn arena_from(&self, start: usize) -> Span {
        Span {
            start: start as u32,
            end: self.tables.arena.len() as u32,
            home: Home::Arena,
        }
    }

    /// The member of the event's own object that `field` leads through.
    #[inline]
    fn find_top(&self, field: &FieldRef) -> Option<Id> {
        match self.tables.in_slot(field.slot) {
            Ok(found) => found,
            Err(SlotUnknown) => self.search_top(field),
        }
    }

    #[cold]
    fn search_top(&self, field: &FieldRef) -> Option<Id> {
        let key = field.steps.first()?.key();
        let Tables {
            added, came, nodes, ..
        } = &*self.tables;
        let came = (0..*came).rev().map(Id::of);
        let mut all = added.iter().rev().copied().chain(came);
        all.find(|id| self.at(nodes[id.at()].key) == key)
    }

    fn members(&self, first: Option<Id>) -> impl Iterator<Item = (Id, &Node)> {
        let with_id = |id: Id| (id, &self.tables.nodes[id.at()]);
        std::iter::successors(first.map(with_id), move |(_, node)| node.next.map(with_id))
    }

    fn child(&self, first: Option<Id>, step: &Step) -> Option<Id> {
        let name = self.tables.known(step.name);
        self.members(first)
            .find(|(_, node)| Some(node.key) == name || self.at(node.key) == step.key())
            .map(|(id, _)| id)
    }

    #[inline]
    fn locate(&self, field: &FieldRef) -> Option<Place> {
        let id = self.find_top(field)?;
        let below = &field.steps[1..];
        match self.tables.nodes[id.at()].content {
            Content::Bare(span) if below.is_empty() => Some(Place::Bare(span)),
            Content::Json(span) | Content::Original(span) if below.is_empty() => {
                Some(Place::Json(span))
            }
            content => self.locate_below(content, below),
        }
    }

    fn locate_below(&self, mut content: Content, mut steps: &[Step]) -> Option<Place> {
        loop {
            match content {
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
                        content = self.tables.nodes[self.child(first, step)?.at()].content;
                        steps = rest;
                    }
                },
            }
        }
    }

    /// The node of `field`, made with all objects on its way when it is missing.
    #[inline]
    fn node_for(&mut self, field: &FieldRef) -> Result<usize, SetError> {
        let mut id = match self.find_top(field) {
            Some(id) => id,
            None => self.add_top(field),
        };
        for step in &field.steps[1..] {
            let first = self.open(id, field)?;
            id = match self.child(first, step) {
                Some(child) => child,
                None => {
                    let key = self.key_of(step);
                    self.tables.add_child(id, key)
                }
            };
        }
        Ok(id.at())
    }

    /// Adds a member to the event's own object, which has none with this key.
    #[inline]
    fn add_top(&mut self, field: &FieldRef) -> Id {
        let key = self.key_of(&field.steps[0]);
        let id = self.tables.push(key, Content::Gone);
        self.tables.put_in_slot(field.slot, id);
        self.tables.added.push(id);
        id
    }

    /// The step's key, for a new member.
    #[inline]
    fn key_of(&mut self, step: &Step) -> Span {
        match self.tables.known(step.name) {
            Some(name) => name,
            None => self.keep_key(&step.quoted),
        }
    }

    /// Writes a key beside the event's fields, as names are written.
    fn keep_key(&mut self, quoted: &str) -> Span {
        self.tables.arena.push(',');
        let start = self.tables.arena.len();
        self.tables.arena.push_str(quoted);
        let span = self.arena_from(start).part(1, quoted.len() - 1);
        self.tables.arena.push(':');
        Span {
            home: Home::Key,
            ..span
        }
    }

    /// Rewrites keys that came with escapes, so that equal keys are equal bytes.
    #[cold]
    fn shorten_keys(&mut self) {
        for at in 0..self.tables.nodes.len() {
            let Node { key, content, .. } = self.tables.nodes[at];
            if memchr::memchr(b'\\', self.at(key).as_bytes()).is_none() {
                continue;
            }
            let quoted = shortest(self.at(key));
            self.tables.nodes[at].key = self.keep_key(&quoted);
            if let Content::Original(value) = content {
                // Key and value do not stand in the text one after the other any more.
                self.tables.nodes[at].content = Content::Json(value);
            }
        }
    }
}

#[cfg(test)]
mod tests;
