//! A regular expression as a tree, between the reader of Ruby's dialect and the engines.

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

/// One piece of a regular expression.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    /// Matches nothing, everywhere.
    Empty,
    /// One character of a set; a literal is a set of one.
    Set(ClassUnicode),
    /// A condition on the place between two characters.
    Assert(Assert),
    /// A capture group, numbered from 0.
    Group(usize, Box<Node>),
    /// One after the other.
    Concat(Vec<Node>),
    /// The first that leads to a match.
    Alt(Vec<Node>),
    /// Again and again.
    Repeat(Repeat),
    /// What stands before or after, without taking it.
    Around(Around),
    /// A match that is not reconsidered: `(?>…)` and possessive repetition.
    Atomic(Box<Node>),
    /// The text of the last of these groups that took part.
    Backref(Vec<usize>),
    /// The first of two if the group took part, else the second: `(?(<name>)yes|no)`.
    IfGroup(usize, Box<[Node; 2]>),
}

/// A condition on the place between two characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Assert {
    /// `^`: at the start, or after a line break that is not the last character.
    LineStart,
    /// `^` where a character is known to follow, so that the exception above cannot apply.
    LineStartInside,
    /// `$`: at the end, or before a line break.
    LineEnd,
    /// `\A`.
    TextStart,
    /// `\z`.
    TextEnd,
    /// `\Z`: at the end, or before a line break that is the last character.
    LastLineEnd,
    /// `\b`.
    WordBoundary,
    /// `\B`.
    NotWordBoundary,
}

/// A repetition.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Repeat {
    pub(crate) node: Box<Node>,
    pub(crate) min: u32,
    /// `None` is without end.
    pub(crate) max: Option<u32>,
    pub(crate) greed: Greed,
}

/// Whether a repetition tries to be long or short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Greed {
    Greedy,
    Lazy,
}

/// A look-around.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Around {
    pub(crate) side: Side,
    pub(crate) wants: Wants,
    pub(crate) node: Box<Node>,
}

/// Where a look-around looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Ahead,
    Behind,
}

/// Whether a look-around must match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wants {
    Match,
    NoMatch,
}

impl Node {
    /// One given character.
    pub(crate) fn char(c: char) -> Self {
        Self::Set(set_of([(c, c)]))
    }

    /// What no text matches.
    pub(crate) fn fail() -> Self {
        Self::Set(ClassUnicode::empty())
    }

    /// One after the other, without needless nesting.
    pub(crate) fn concat(nodes: Vec<Self>) -> Self {
        let mut flat = Vec::with_capacity(nodes.len());
        for node in nodes {
            match node {
                Self::Empty => {}
                Self::Concat(nodes) => flat.extend(nodes),
                node => flat.push(node),
            }
        }
        match flat.len() {
            0 => Self::Empty,
            1 => flat.remove(0),
            _ => Self::Concat(flat),
        }
    }

    /// The first that matches, without needless nesting.
    pub(crate) fn alt(mut nodes: Vec<Self>) -> Self {
        if nodes.len() == 1 {
            nodes.remove(0)
        } else {
            Self::Alt(nodes)
        }
    }

    /// The nodes inside this one.
    pub(crate) fn children(&self) -> &[Self] {
        match self {
            Self::Empty | Self::Set(_) | Self::Assert(_) | Self::Backref(_) => &[],
            Self::Concat(nodes) | Self::Alt(nodes) => nodes,
            Self::Group(_, node) | Self::Atomic(node) => std::slice::from_ref(node),
            Self::Repeat(repeat) => std::slice::from_ref(&repeat.node),
            Self::Around(around) => std::slice::from_ref(&around.node),
            Self::IfGroup(_, branches) => &branches[..],
        }
    }
}

/// The set of the characters in `ranges`.
pub(crate) fn set_of<const N: usize>(ranges: [(char, char); N]) -> ClassUnicode {
    ClassUnicode::new(ranges.map(|(from, to)| ClassUnicodeRange::new(from, to)))
}

/// Every character.
pub(crate) fn every() -> ClassUnicode {
    set_of([('\0', char::MAX)])
}

/// Whether two sets have no character in common.
pub(crate) fn disjoint(a: &ClassUnicode, b: &ClassUnicode) -> bool {
    let mut both = a.clone();
    both.intersect(b);
    both.ranges().is_empty()
}

/// Whether all of `a` is in `b`.
pub(crate) fn within(a: &ClassUnicode, b: &ClassUnicode) -> bool {
    let mut rest = a.clone();
    rest.difference(b);
    rest.ranges().is_empty()
}

/// The characters that are not in `set`.
pub(crate) fn complement(set: &ClassUnicode) -> ClassUnicode {
    let mut set = set.clone();
    set.negate();
    set
}
