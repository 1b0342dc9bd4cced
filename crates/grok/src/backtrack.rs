//! The engine for what is not regular: backtracking, with a limit on its steps.

use std::fmt::Write;

use fancy_regex::{Regex, RegexBuilder};

use crate::node::{Around, Assert, Greed, Node, Repeat, Side, Wants};

/// An expression with look-around, atomic groups or back-references, compiled.
#[derive(Debug)]
pub(crate) struct Backtrack {
    regex: Regex,
    /// For each group of the engine, the capture it stands for.
    captures: Vec<usize>,
}

/// The engine gave up.
pub(crate) struct GaveUp;

impl Backtrack {
    pub(crate) fn new(node: &Node, steps_max: usize) -> Result<Self, String> {
        let mut printer = Printer::default();
        printer.print(node);
        let regex = RegexBuilder::new(&printer.text)
            .backtrack_limit(steps_max)
            .build();
        let regex = regex.map_err(|error| error.to_string())?;
        Ok(Self {
            regex,
            captures: printer.captures,
        })
    }

    /// Finds the first match and writes its captures to `spans`.
    pub(crate) fn find(
        &self,
        text: &str,
        spans: &mut [Option<(usize, usize)>],
    ) -> Result<bool, GaveUp> {
        // Too many steps, or its stack is full: the same thing, seen from outside.
        let found = self.regex.captures(text).map_err(|_| GaveUp)?;
        let Some(found) = found else { return Ok(false) };
        for (group, capture) in self.captures.iter().enumerate() {
            if let Some(span) = found.get(group + 1) {
                spans[*capture] = Some((span.start(), span.end()));
            }
        }
        Ok(true)
    }
}

/// Writes an expression in the engine's own dialect, leaving nothing to its defaults.
#[derive(Default)]
struct Printer {
    text: String,
    captures: Vec<usize>,
}

impl Printer {
    fn print(&mut self, node: &Node) {
        match node {
            Node::Empty => self.text.push_str("(?:)"),
            Node::Set(set) if set.ranges().is_empty() => self.text.push_str("(?!)"),
            Node::Set(set) => self.set(set),
            Node::Assert(assert) => self.text.push_str(spelling(*assert)),
            Node::Group(capture, node) => {
                self.captures.push(*capture);
                self.wrap("(", node);
            }
            Node::Concat(nodes) => nodes.iter().for_each(|node| self.print(node)),
            Node::Alt(nodes) => self.alternatives(nodes),
            Node::Repeat(repeat) => self.repeat(repeat),
            Node::Around(around) => self.wrap(opening(around), &around.node),
            Node::Atomic(node) => self.wrap("(?>", node),
            Node::Backref(groups) => self.backref(groups),
            Node::IfGroup(group, branches) => self.if_group(*group, branches),
        }
    }

    fn wrap(&mut self, opening: &str, node: &Node) {
        self.text.push_str(opening);
        self.print(node);
        self.text.push(')');
    }

    fn alternatives(&mut self, nodes: &[Node]) {
        for (index, node) in nodes.iter().enumerate() {
            self.text.push_str(if index == 0 { "(?:" } else { "|" });
            self.print(node);
        }
        self.text.push(')');
    }

    fn set(&mut self, set: &regex_syntax::hir::ClassUnicode) {
        self.text.push('[');
        for range in set.ranges() {
            let (from, to) = (u32::from(range.start()), u32::from(range.end()));
            // Writing to a `String` cannot fail.
            let _ = write!(self.text, r"\x{{{from:x}}}-\x{{{to:x}}}");
        }
        self.text.push(']');
    }

    fn repeat(&mut self, repeat: &Repeat) {
        self.wrap("(?:", &repeat.node);
        let max = repeat.max.map_or_else(String::new, |max| max.to_string());
        let _ = write!(self.text, "{{{},{max}}}", repeat.min);
        if repeat.greed == Greed::Lazy {
            self.text.push('?');
        }
    }

    /// Of groups with one name, Ruby tries the last that took part first.
    fn backref(&mut self, groups: &[usize]) {
        for (index, group) in groups.iter().rev().enumerate() {
            self.text.push_str(if index == 0 { "(?:" } else { "|" });
            match self.number(*group) {
                Some(number) => {
                    let _ = write!(self.text, r"\{number}");
                }
                None => self.text.push_str("(?!)"),
            }
        }
        self.text.push(')');
    }

    fn if_group(&mut self, group: usize, branches: &[Node; 2]) {
        let [yes, no] = branches;
        match self.number(group) {
            Some(number) => {
                let _ = write!(self.text, "(?({number})");
                self.wrap("(?:", yes);
                self.wrap("|(?:", no);
                self.text.push(')');
            }
            None => self.print(no),
        }
    }

    /// The engine's number of a group that was printed already.
    fn number(&self, group: usize) -> Option<usize> {
        self.captures
            .iter()
            .rposition(|capture| *capture == group)
            .map(|index| index + 1)
    }
}

fn spelling(assert: Assert) -> &'static str {
    match assert {
        Assert::LineStart => r"(?:\A|(?<=\n)(?!\z))",
        Assert::LineStartInside => "(?m:^)",
        Assert::LineEnd => "(?m:$)",
        Assert::TextStart => r"\A",
        Assert::TextEnd => r"\z",
        Assert::LastLineEnd => r"(?=\n?\z)",
        Assert::WordBoundary => r"\b",
        Assert::NotWordBoundary => r"\B",
    }
}

fn opening(around: &Around) -> &'static str {
    match (around.side, around.wants) {
        (Side::Ahead, Wants::Match) => "(?=",
        (Side::Ahead, Wants::NoMatch) => "(?!",
        (Side::Behind, Wants::Match) => "(?<=",
        (Side::Behind, Wants::NoMatch) => "(?<!",
    }
}
