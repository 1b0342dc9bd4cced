//! The names and constants that settings speak of.
//!
//! They are known before the first event comes, so each is written down once, here, and every event's arena begins with
//! a copy: a filter that sets a field to a constant copies nothing. A name that fields begin with has a slot besides, under
//! which an event's member of that name is found without a search.
//!
//! Only settings are written down, never what comes from outside: the list has an end.

use std::collections::HashMap;
use std::sync::{LazyLock, PoisonError, RwLock};

use crate::print::Print;
use crate::tables::{Home, Span};

static REGISTER: LazyLock<RwLock<Register>> = LazyLock::new(RwLock::default);

#[derive(Default)]
struct Register {
    /// Names as `,"name":` and constants as they are, one after the other.
    text: String,
    /// By their quoted text.
    names: HashMap<Box<str>, Span>,
    constants: HashMap<Box<str>, Span>,
    /// Names that fields begin with.
    first: Vec<Span>,
    slots: HashMap<Box<str>, Slot>,
}

/// The number of a name that fields begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot(pub(crate) u32);

/// What stands before a name in the text, and behind it.
const BEFORE: &str = ",";
const BEHIND: &str = ":";

/// Where the content of a quoted name stands in the text.
pub(crate) fn name(quoted: &str) -> Span {
    let mut register = REGISTER.write().unwrap_or_else(PoisonError::into_inner);
    register.name(quoted)
}

/// The slot of a quoted name.
pub(crate) fn slot(quoted: &str) -> Slot {
    let mut register = REGISTER.write().unwrap_or_else(PoisonError::into_inner);
    if let Some(slot) = register.slots.get(quoted) {
        return *slot;
    }
    let name = register.name(quoted);
    let slot = Slot(register.first.len() as u32);
    register.first.push(name);
    register.slots.insert(quoted.into(), slot);
    slot
}

/// Where a constant stands in the text.
pub(crate) fn constant(json: &str) -> Span {
    let mut register = REGISTER.write().unwrap_or_else(PoisonError::into_inner);
    if let Some(span) = register.constants.get(json) {
        return *span;
    }
    let span = register.write(json);
    register.constants.insert(json.into(), span);
    span
}

impl Register {
    fn name(&mut self, quoted: &str) -> Span {
        if let Some(span) = self.names.get(quoted) {
            return *span;
        }
        self.text.push_str(BEFORE);
        let span = Span {
            home: Home::Key,
            ..self.write(quoted).part(1, quoted.len() - 1)
        };
        self.text.push_str(BEHIND);
        self.names.insert(quoted.into(), span);
        span
    }

    fn write(&mut self, text: &str) -> Span {
        let start = self.text.len() as u32;
        self.text.push_str(text);
        Span {
            start,
            end: self.text.len() as u32,
            home: Home::Arena,
        }
    }
}

/// What Filebeat writes beside the fields that settings mostly name. An event of known names alone is the cheapest.
const FILEBEATS: [&str; 10] = [
    "@metadata",
    "@timestamp",
    "agent",
    "ecs",
    "event",
    "fields",
    "host",
    "input",
    "log",
    "message",
];

/// A copy of what is known, for one thread.
#[derive(Debug)]
pub(crate) struct Names {
    /// How much of an arena it takes.
    pub(crate) bytes: usize,
    /// How many slots there are.
    pub(crate) slots: usize,
    /// That of `@metadata`, which is never sent.
    pub(crate) metadata: Slot,
    /// A hash table with open addressing: a power of two, nearly empty, so that the first place is the right one.
    table: Box<[Option<Entry>]>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    print: Print,
    name: Span,
    slot: Slot,
}

impl Names {
    /// All that is known now, and its text.
    pub(crate) fn known() -> (Self, String) {
        let [metadata, ..] = FILEBEATS.map(|name| slot(&format!("\"{name}\"")));
        let register = REGISTER.read().unwrap_or_else(PoisonError::into_inner);
        let size = (8 * register.first.len()).next_power_of_two();
        let mut names = Self {
            bytes: register.text.len(),
            slots: register.first.len(),
            metadata,
            table: vec![None; size].into(),
        };
        for (slot, name) in register.first.iter().enumerate() {
            let text = &register.text[name.start as usize..name.end as usize];
            let print = Print::of(text);
            let at = names.probe(print, |_| false);
            names.table[at] = Some(Entry {
                print,
                name: *name,
                slot: Slot(slot as u32),
            });
        }
        (names, register.text.clone())
    }

    /// The slot of a key that stands at the head of `key_and_more`.
    #[inline]
    pub(crate) fn slot(&self, print: Print, key: &[u8], text: &str) -> Option<Slot> {
        let is_it = |entry: &Entry| {
            print.is_whole()
                || text.as_bytes()[entry.name.start as usize..entry.name.end as usize] == *key
        };
        let at = self.probe(print, is_it);
        self.table[at].map(|entry| entry.slot)
    }

    /// Where the name with this print that `is_it` stands, or the empty place where it would.
    #[inline]
    fn probe(&self, print: Print, is_it: impl Fn(&Entry) -> bool) -> usize {
        let mask = self.table.len() - 1;
        let mut at = print.hash() as usize & mask;
        while let Some(entry) = &self.table[at]
            && !(entry.print == print && is_it(entry))
        {
            at = (at + 1) & mask;
        }
        at
    }
}
