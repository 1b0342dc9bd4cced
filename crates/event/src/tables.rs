//! The reusable half of an event: what came, where it stands, and what was put over it.

use crate::error::EventError;
use crate::index::{Index, Print};
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
    /// 128 levels, as `serde_json` has it, and 4,096 members, four times what Elasticsearch maps.
    fn default() -> Self {
        Self {
            depth_max: 128,
            members_max: 4096,
        }
    }
}

/// The reusable half of an event: its member table and the buffer that new values are written to.
#[derive(Debug, Default)]
pub struct Tables {
    /// Members of the root and of each opened object.
    pub(crate) nodes: Vec<Node>,
    /// The root's members in order.
    pub(crate) top: Vec<u32>,
    /// The root's members by their keys.
    pub(crate) index: Index,
    /// Keys and values that filters wrote, in JSON form.
    pub(crate) arena: String,
    /// For values that are put together from others.
    pub(crate) scratch: String,
}

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
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    /// The key's content, without quotes, in its shortest form.
    pub(crate) key: Span,
    /// The key's fingerprint. Members of opened objects have none, nor do keys that are not in their shortest form yet.
    pub(crate) print: Option<Print>,
    pub(crate) content: Content,
    /// The next member of the same opened object.
    pub(crate) next: Option<u32>,
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
    Open { first: Option<u32> },
    /// As it came: key and value stand in the text one after the other.
    Original(Span),
}

/// Where a field's value was found.
pub(crate) enum Place {
    Bare(Span),
    Json(Span),
    Open(Option<u32>),
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

impl Tables {
    /// Scans the event's object and fills the tables with its members.
    pub(crate) fn load(&mut self, text: &mut [u8], limits: &Limits) -> Result<(), Stop> {
        let mut scanner = Scanner::new(text, limits.depth_max);
        scanner.white_space();
        if let Some(found) = scanner.peek().and_then(kind_of_non_object) {
            scanner.value()?;
            return Err(Stop::from(EventError::NotAnObject { found }));
        }
        let members_max = limits.members_max;
        scanner.object(|scanner, Member { key, start, end }| {
            if self.top.len() == members_max {
                return Err(Stop::from(EventError::TooManyMembers {
                    limit: members_max,
                }));
            }
            self.top.push(self.nodes.len() as u32);
            self.nodes.push(Node {
                key: Span::of_text(key.start, key.end),
                print: (!key.escaped).then(|| scanner.print(key)),
                content: Content::Original(Span::of_text(start, end)),
                next: None,
            });
            Ok(())
        })?;
        scanner.white_space();
        match scanner.peek() {
            None => Ok(()),
            Some(_) => Err(Stop::from(EventError::TrailingText { at: scanner.at })),
        }
    }

    pub(crate) fn push(&mut self, key: Span, print: Option<Print>) -> u32 {
        self.nodes.push(Node {
            key,
            print,
            content: Content::Gone,
            next: None,
        });
        self.nodes.len() as u32 - 1
    }

    /// Adds a member to an opened object.
    pub(crate) fn add_child(&mut self, parent: u32, key: Span) -> u32 {
        let child = self.push(key, None);
        let Content::Open { first } = self.nodes[parent as usize].content else {
            self.nodes[parent as usize].content = Content::Open { first: Some(child) };
            return child;
        };
        match first {
            None => self.nodes[parent as usize].content = Content::Open { first: Some(child) },
            Some(mut last) => {
                while let Some(next) = self.nodes[last as usize].next {
                    last = next;
                }
                self.nodes[last as usize].next = Some(child);
            }
        }
        child
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
