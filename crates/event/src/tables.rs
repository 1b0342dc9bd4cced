//! The reusable half of an event: what came, where it stands, and what was put over it.

use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroU32;

use hashbrown::HashTable;

use crate::compact::{self, Cuts, Verdict};
use crate::error::EventError;
use crate::names::{Names, Slot};
use crate::print::Print;
use crate::scan::{Member, Scanner, Stop};

/// What an event may be at most.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Nesting of objects and arrays, in levels.
    pub depth_max: u32,
    /// Members of the event's own object.
    pub members_max: usize,
}

impl Default for Limits {
    /// 128 levels, one more than `serde_json` makes trees of, and 4,096 members, four times what Elasticsearch maps.
    fn default() -> Self {
        Self {
            depth_max: 128,
            members_max: 4096,
        }
    }
}

/// The reusable half of an event: its member table and the buffer that new values are written to.
///
/// Made when all settings are read: what they name is found at once then, and anything else by a search.
#[derive(Debug)]
pub struct Tables {
    pub(crate) names: Names,
    cuts: Cuts,
    /// Members that came with the event, in order, then members that were added and members of opened objects.
    pub(crate) nodes: Vec<Node>,
    /// How many of them came with the event.
    pub(crate) came: usize,
    /// Members of the event's own object that were added.
    pub(crate) added: Vec<Id>,
    /// The member of each slot.
    slots: Vec<Option<Id>>,
    strangers: Strangers,
    /// The text of the names, then keys and values that filters wrote, in JSON form.
    pub(crate) arena: String,
    /// For values that are put together from others.
    pub(crate) scratch: String,
}

/// The number of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Id(NonZeroU32);

/// A piece of the event's text or of what was written to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) home: Home,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Home {
    Text,
    Arena,
    /// A key in the arena, which stands there as `,"key":`.
    Key,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    /// The key's content, without quotes, in its shortest form.
    pub(crate) key: Span,
    pub(crate) content: Content,
    /// The next member of the same opened object.
    pub(crate) next: Option<Id>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Content {
    /// The content of a string, without its quotes.
    Bare(Span),
    /// Removed.
    Gone,
    /// JSON text that was put here.
    Json(Span),
    /// An object that a filter reached into.
    Open { first: Option<Id> },
    /// As it came: key and value stand in the text one after the other.
    Original(Span),
}

/// Where a field's value was found.
pub(crate) enum Place {
    Bare(Span),
    Json(Span),
    Open(Option<Id>),
}

impl Span {
    /// The part of this span from byte `start` to byte `end`, counted from its own start.
    ///
    /// Meant for the content of a string that has no escapes, where bytes of the text are bytes
    /// of the span.
    #[must_use]
    pub fn part(self, start: usize, end: usize) -> Self {
        debug_assert!(
            start <= end && end <= (self.end - self.start) as usize,
            "part of a span"
        );
        Self {
            start: self.start + start as u32,
            end: self.start + end as u32,
            home: self.home,
        }
    }

    fn of_text(start: usize, end: usize) -> Self {
        Self {
            start: start as u32,
            end: end as u32,
            home: Home::Text,
        }
    }
}

impl Default for Tables {
    fn default() -> Self {
        let (names, arena) = Names::known();
        Self {
            slots: vec![None; names.slots],
            names,
            cuts: Cuts::default(),
            nodes: Vec::new(),
            came: 0,
            added: Vec::new(),
            strangers: Strangers::default(),
            arena,
            scratch: String::new(),
        }
    }
}

impl Tables {
    /// Fills the tables with the members of the event's object. Tells whether a key has escapes.
    pub(crate) fn load(&mut self, text: &mut [u8], limits: &Limits) -> Result<bool, Stop> {
        self.nodes.clear();
        self.added.clear();
        self.arena.truncate(self.names.bytes);
        match compact::cut(text, limits.depth_max, &mut self.cuts) {
            Verdict::Object if self.cuts.members() <= limits.members_max => {
                self.nodes.extend(self.cuts.each(text).map(Node::original));
                Ok(false)
            }
            Verdict::Object | Verdict::Unsure => self.scan(text, limits),
        }
    }

    /// The same with all that JSON allows, and with words for what it does not.
    fn scan(&mut self, text: &mut [u8], limits: &Limits) -> Result<bool, Stop> {
        let mut escapes = false;
        let mut scanner = Scanner::new(text, limits.depth_max);
        scanner.white_space();
        if let Some(found) = scanner.peek().and_then(kind_of_non_object) {
            scanner.value()?;
            return Err(Stop::from(EventError::NotAnObject { found }));
        }
        scanner.object(|_, member| {
            let limit = limits.members_max;
            if self.nodes.len() == limit {
                return Err(Stop::from(EventError::TooManyMembers { limit }));
            }
            escapes |= member.key.escaped;
            self.nodes.push(Node::original(member));
            Ok(())
        })?;
        scanner.white_space();
        match scanner.peek() {
            None => Ok(escapes),
            Some(_) => Err(Stop::from(EventError::TrailingText { at: scanner.at })),
        }
    }

    /// Gives each member that came its slot. Of equal keys the last one counts, and the others are dropped.
    pub(crate) fn index(&mut self, text: &str) {
        self.came = self.nodes.len();
        self.slots.fill(None);
        self.strangers.clear();
        for at in 0..self.came {
            let (id, key) = (Id::of(at), self.nodes[at].key);
            let home = home(&self.arena, text, key);
            let from_key = &home.as_bytes()[key.start as usize..];
            let print = Print::of_head(from_key, (key.end - key.start) as usize);
            let key = &from_key[..(key.end - key.start) as usize];
            let earlier = match self.names.slot(print, key, &self.arena) {
                Some(Slot(slot)) => self.slots[slot as usize].replace(id),
                None => {
                    let (nodes, arena) = (&self.nodes, &self.arena);
                    let key_of = |id: Id| {
                        let span = nodes[id.at()].key;
                        home_part(arena, text, span).as_bytes()
                    };
                    self.strangers.enter(print, key, id, key_of)
                }
            };
            if let Some(earlier) = earlier {
                self.nodes[earlier.at()].content = Content::Gone;
            }
        }
    }

    /// The member in a slot, if there is one; `Err` if these tables are older than the slot and have no such.
    #[inline]
    pub(crate) fn in_slot(&self, Slot(slot): Slot) -> Result<Option<Id>, SlotUnknown> {
        self.slots.get(slot as usize).copied().ok_or(SlotUnknown)
    }

    /// Puts a member into its slot, if these tables have it.
    #[inline]
    pub(crate) fn put_in_slot(&mut self, Slot(slot): Slot, id: Id) {
        if let Some(place) = self.slots.get_mut(slot as usize) {
            *place = Some(id);
        }
    }

    /// A span of the text of names and constants, if these tables are not older than it.
    #[inline]
    pub(crate) fn known(&self, span: Span) -> Option<Span> {
        (span.end as usize <= self.names.bytes).then_some(span)
    }

    #[inline]
    pub(crate) fn push(&mut self, key: Span, content: Content) -> Id {
        let id = Id::of(self.nodes.len());
        self.nodes.push(Node {
            key,
            content,
            next: None,
        });
        id
    }

    /// Adds a member to an opened object.
    pub(crate) fn add_child(&mut self, parent: Id, key: Span) -> Id {
        let child = self.push(key, Content::Gone);
        let parent = parent.at();
        let Content::Open {
            first: Some(mut last),
        } = self.nodes[parent].content
        else {
            self.nodes[parent].content = Content::Open { first: Some(child) };
            return child;
        };
        while let Some(next) = self.nodes[last.at()].next {
            last = next;
        }
        self.nodes[last.at()].next = Some(child);
        child
    }
}

impl Node {
    fn original(Member { key, start, end }: Member) -> Self {
        Self {
            key: Span::of_text(key.start, key.end),
            content: Content::Original(Span::of_text(start, end)),
            next: None,
        }
    }
}

/// The tables were made before the slot was.
#[derive(Debug)]
pub(crate) struct SlotUnknown;

impl Id {
    #[inline]
    pub(crate) fn of(at: usize) -> Self {
        // An event has at most u32::MAX bytes, and a node takes more than one of them.
        Self(NonZeroU32::MIN.saturating_add(at as u32))
    }

    #[inline]
    pub(crate) fn at(self) -> usize {
        self.0.get() as usize - 1
    }
}

/// The text that a span is a part of.
#[inline]
pub(crate) fn home<'t>(arena: &'t str, text: &'t str, span: Span) -> &'t str {
    match span.home {
        Home::Text => text,
        Home::Arena | Home::Key => arena,
    }
}

#[inline]
pub(crate) fn home_part<'t>(arena: &'t str, text: &'t str, span: Span) -> &'t str {
    &home(arena, text, span)[span.start as usize..span.end as usize]
}

/// Members that no setting names, to find equal keys among them.
#[derive(Debug, Default)]
struct Strangers {
    /// The first ones, by their prints.
    few: Vec<(Print, Id)>,
    /// The others, by hashes that a sender cannot foresee.
    many: HashTable<Id>,
    hasher: RandomState,
}

/// So many prints are compared one by one.
const FEW: usize = 16;

impl Strangers {
    fn clear(&mut self) {
        self.few.clear();
        if !self.many.is_empty() {
            self.many.clear();
        }
    }

    /// Enters a member. Returns the one with an equal key whose place it takes, if there is one.
    #[inline]
    fn enter<'k>(
        &mut self,
        print: Print,
        key: &[u8],
        id: Id,
        key_of: impl Fn(Id) -> &'k [u8],
    ) -> Option<Id> {
        let is_it = |&&mut (other, id): &&mut (Print, Id)| {
            other == print && (print.is_whole() || key_of(id) == key)
        };
        if let Some((_, earlier)) = self.few.iter_mut().find(is_it) {
            return Some(std::mem::replace(earlier, id));
        }
        if self.few.len() < FEW {
            self.few.push((print, id));
            return None;
        }
        self.enter_many(key, id, key_of)
    }

    #[inline(never)]
    fn enter_many<'k>(
        &mut self,
        key: &[u8],
        id: Id,
        key_of: impl Fn(Id) -> &'k [u8],
    ) -> Option<Id> {
        let hash = self.hasher.hash_one(key);
        if let Some(earlier) = self.many.find_mut(hash, |id| key_of(*id) == key) {
            return Some(std::mem::replace(earlier, id));
        }
        self.many
            .insert_unique(hash, id, |id| self.hasher.hash_one(key_of(*id)));
        None
    }
}

fn kind_of_non_object(byte: u8) -> Option<&'static str> {
    match byte {
        b'[' => Some("an array"),
        b'"' => Some("a string"),
        b'-' | b'0'..=b'9' => Some("a number"),
        b't' | b'f' => Some("a boolean"),
        b'n' => Some("null"),
        _ => None,
    }
}
