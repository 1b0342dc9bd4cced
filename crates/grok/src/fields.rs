//! The fast way: patterns that are a row of fields between literal delimiters, matched without a regex engine.
//!
//! `^%{WORD:level}\|%{DATA:logger}\|%{GREEDYDATA:text}$` is three questions about bytes. Each element offers the ends
//! that its definition allows, in the order in which a backtracking engine tries them, and the rest of the row is
//! asked for each of them: the captures are the engine's by construction. Where bytes do not decide (a word boundary
//! beside a letter outside of ASCII) or the row takes too many steps, the answer is left to the engine.

mod element;
mod level;
mod timestamp;

use memchr::memchr;

use crate::expand::{CaptureMode, next_reference};
use crate::fields::element::Element;
use crate::library::Library;

/// Ends that may be tried in a text of no length; each byte adds one.
const TRIES: usize = 256;

/// A compiled row.
#[derive(Debug)]
pub(crate) struct Fields {
    start: Start,
    items: Vec<Item>,
    end: End,
}

#[derive(Debug)]
enum Item {
    /// Its first byte apart from the others: mostly it is the only one.
    Literal(u8, Vec<u8>),
    Field {
        element: Element,
        group: Option<usize>,
    },
}

#[derive(Debug, PartialEq)]
enum Start {
    Line,
    Text,
}

#[derive(Debug)]
enum End {
    Anywhere,
    Line,
    Text,
}

/// How an attempt went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Match,
    NoMatch,
    /// The engine must be asked.
    Undecided,
}

/// One attempt on one text.
struct Attempt<'a> {
    text: &'a [u8],
    spans: &'a mut [Option<(usize, usize)>],
    tries_left: usize,
}

impl Fields {
    /// The row that `pattern` is, if it is one.
    pub(crate) fn recognize(library: &Library, pattern: &str, mode: CaptureMode) -> Option<Self> {
        let (start, row) = match (pattern.strip_prefix('^'), pattern.strip_prefix(r"\A")) {
            (Some(row), _) => (Start::Line, row),
            (None, Some(row)) => (Start::Text, row),
            (None, None) => return None,
        };
        let (end, row) = match (row.strip_suffix('$'), row.strip_suffix(r"\z")) {
            // An escaped dollar is a literal one.
            (Some(row), _) if !row.ends_with('\\') => (End::Line, row),
            (_, Some(row)) if !row.ends_with('\\') => (End::Text, row),
            _ => (End::Anywhere, row),
        };
        let items = (mode == CaptureMode::Named)
            .then(|| items(library, row))
            .flatten()?;
        Some(Self { start, items, end })
    }

    /// Finds the first match and writes its groups to `spans`.
    pub(crate) fn find(&self, text: &str, spans: &mut [Option<(usize, usize)>]) -> Outcome {
        let text = text.as_bytes();
        if self
            .straight(text, spans)
            .is_some_and(|end| self.ends_at(end, text) == Outcome::Match)
        {
            return Outcome::Match;
        }
        spans.fill(None);
        let mut attempt = Attempt {
            text,
            spans,
            tries_left: TRIES + text.len(),
        };
        let mut at = 0;
        loop {
            let outcome = self.rest(0, at, &mut attempt);
            if outcome != Outcome::NoMatch || self.start == Start::Text {
                return outcome;
            }
            match memchr(b'\n', &text[at..]) {
                // Ruby's `^` is not at the end of a text that ends with a line break.
                Some(length) if at + length + 1 < text.len() => at += length + 1,
                Some(_) | None => return Outcome::NoMatch,
            }
        }
    }

    /// Matches the row at the head of a text that stands in JSON, with escapes behind its first `plain_bytes`.
    ///
    /// Only a last `%{GREEDYDATA}` may take escapes, which it does whatever they stand for. `None` when the text must be
    /// unescaped to be sure.
    pub(crate) fn find_escaped(
        &self,
        text: &str,
        plain_bytes: usize,
        spans: &mut [Option<(usize, usize)>],
    ) -> Option<()> {
        let (last, before) = self.items.split_last()?;
        let Item::Field {
            element: Element::GreedyData,
            group,
        } = last
        else {
            return None;
        };
        let plain = &text.as_bytes()[..plain_bytes];
        let mut at = 0;
        for (index, item) in before.iter().enumerate() {
            if let Item::Field { element, .. } = item
                && !element.is_settled_within(plain, at)
            {
                return None;
            }
            at = self.step(index, plain, at, spans)?;
        }
        if let Some(group) = group {
            spans[*group] = Some((at, text.len()));
        }
        Some(())
    }

    /// Matches the row at the head of the text with the first end of each element that its follower allows, never
    /// turning back: if that leads to the end of the row, it is what a backtracking engine finds first. Returns where
    /// the row ends.
    fn straight(&self, text: &[u8], spans: &mut [Option<(usize, usize)>]) -> Option<usize> {
        let step = |at, index| self.step(index, text, at, spans);
        (0..self.items.len()).try_fold(0, step)
    }

    /// Matches item number `index` at byte `at` and returns where it ends.
    #[inline]
    fn step(
        &self,
        index: usize,
        text: &[u8],
        at: usize,
        spans: &mut [Option<(usize, usize)>],
    ) -> Option<usize> {
        match &self.items[index] {
            Item::Literal(first, others) => {
                let found = text.get(at) == Some(first)
                    && (others.is_empty() || text[at + 1..].starts_with(others));
                found.then_some(at + 1 + others.len())
            }
            Item::Field { element, group } => {
                let follower = self.follower(index);
                let mut found = None;
                element.each_end(text, at, follower, &mut |end| {
                    if follower.is_some() && text.get(end).copied() != follower {
                        return Outcome::NoMatch;
                    }
                    found = Some(end);
                    Outcome::Match
                });
                let end = found?;
                if let Some(group) = group {
                    spans[*group] = Some((at, end));
                }
                Some(end)
            }
        }
    }

    /// The byte that must come behind item number `index`, if that is known.
    #[inline]
    fn follower(&self, index: usize) -> Option<u8> {
        match self.items.get(index + 1) {
            Some(Item::Literal(first, _)) => Some(*first),
            Some(Item::Field { .. }) | None => None,
        }
    }

    /// Matches the row from item number `index` on, at byte `at`.
    fn rest(&self, index: usize, at: usize, attempt: &mut Attempt<'_>) -> Outcome {
        let Some(left) = attempt.tries_left.checked_sub(1) else {
            return Outcome::Undecided;
        };
        attempt.tries_left = left;
        match self.items.get(index) {
            None => self.ends_at(at, attempt.text),
            Some(Item::Literal(first, others)) => {
                let found = attempt.text.get(at) == Some(first)
                    && (others.is_empty() || attempt.text[at + 1..].starts_with(others));
                if found {
                    self.rest(index + 1, at + 1 + others.len(), attempt)
                } else {
                    Outcome::NoMatch
                }
            }
            Some(Item::Field { element, group }) => {
                let follower = self.follower(index);
                let text = attempt.text;
                element.each_end(text, at, follower, &mut |end| {
                    if follower.is_some() && text.get(end).copied() != follower {
                        return Outcome::NoMatch;
                    }
                    let outcome = self.rest(index + 1, end, attempt);
                    if let (Outcome::Match, Some(group)) = (outcome, group) {
                        attempt.spans[*group] = Some((at, end));
                    }
                    outcome
                })
            }
        }
    }

    fn ends_at(&self, at: usize, text: &[u8]) -> Outcome {
        let ends = match self.end {
            End::Anywhere => true,
            End::Line => at == text.len() || text[at] == b'\n',
            End::Text => at == text.len(),
        };
        if ends {
            Outcome::Match
        } else {
            Outcome::NoMatch
        }
    }
}

/// The items of a row; `None` if there is anything but literal text and elements that are known.
fn items(library: &Library, row: &str) -> Option<Vec<Item>> {
    let (mut items, mut at, mut groups) = (vec![], 0, 0);
    while let Some(reference) = next_reference(row, at) {
        push_literal(&mut items, &row[at..reference.start])?;
        let label = reference.label.strip_prefix(reference.name)?;
        let group = label.starts_with(':').then_some(groups);
        groups += usize::from(group.is_some());
        let inline = reference.definition.is_some();
        let element = if inline {
            None
        } else {
            Element::named(library, reference.name)
        }?;
        items.push(Item::Field { element, group });
        at = reference.end;
    }
    push_literal(&mut items, &row[at..])?;
    Some(items)
}

/// Adds regex text that stands for itself.
fn push_literal(items: &mut Vec<Item>, text: &str) -> Option<()> {
    let mut literal = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => literal.push(chars.next().filter(char::is_ascii_punctuation)?),
            '^' | '$' | '.' | '|' | '?' | '*' | '+' | '(' | ')' | '[' | ']' | '{' | '}' => {
                return None;
            }
            c => literal.push(c),
        }
    }
    if let Some((first, others)) = literal.as_bytes().split_first() {
        items.push(Item::Literal(*first, others.to_vec()));
    }
    Some(())
}
