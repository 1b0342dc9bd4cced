//! What may stand next to a place in an expression: the characters there, or the end of the text.
//!
//! All of it errs on the large side: an edge may name a character that never comes, never leave one out.

use regex_syntax::hir::ClassUnicode;

use crate::node::{Assert, Greed, Node, Repeat, disjoint, every, set_of};

/// What may be on one side of a place.
#[derive(Clone, Debug)]
pub(crate) struct Edge {
    /// The characters that may be there.
    pub(crate) set: ClassUnicode,
    /// The start or end of the text may be there.
    pub(crate) text: bool,
    /// The expression may be over there without asking for anything, so anything may be there.
    pub(crate) open: bool,
}

impl Edge {
    /// Beyond the expression.
    pub(crate) fn open() -> Self {
        Self {
            set: ClassUnicode::empty(),
            text: false,
            open: true,
        }
    }

    /// Nothing is known.
    pub(crate) fn unknown() -> Self {
        Self {
            set: every(),
            text: true,
            open: false,
        }
    }

    /// The start or end of the text.
    pub(crate) fn text() -> Self {
        Self {
            set: ClassUnicode::empty(),
            text: true,
            open: false,
        }
    }

    /// One of these characters.
    pub(crate) fn set(set: ClassUnicode) -> Self {
        Self {
            set,
            text: false,
            open: false,
        }
    }

    /// The start or end of a line.
    fn line() -> Self {
        Self {
            set: set_of([('\n', '\n')]),
            text: true,
            open: false,
        }
    }

    /// Either of two.
    pub(crate) fn or(mut self, other: &Self) -> Self {
        self.set.union(&other.set);
        Self {
            set: self.set,
            text: self.text || other.text,
            open: self.open || other.open,
        }
    }

    /// This edge, seen through a condition that may refuse it.
    pub(crate) fn conditional(&self) -> Self {
        if self.open {
            Self::unknown()
        } else {
            self.clone()
        }
    }

    /// Whether the text may be over here.
    pub(crate) fn may_be_text(&self) -> bool {
        self.text || self.open
    }
}

/// What may stand at the start of `node` if `next` may stand behind it.
pub(crate) fn before(node: &Node, next: &Edge) -> Edge {
    match node {
        Node::Concat(nodes) => nodes
            .iter()
            .rev()
            .fold(next.clone(), |next, node| before(node, &next)),
        Node::Assert(Assert::LineEnd | Assert::LastLineEnd) => Edge::line(),
        Node::Assert(Assert::TextEnd) => Edge::text(),
        _ => either_way(node, next, before),
    }
}

/// What may stand at the end of `node` if `prev` may stand in front of it.
pub(crate) fn after(node: &Node, prev: &Edge) -> Edge {
    match node {
        Node::Concat(nodes) => nodes
            .iter()
            .fold(prev.clone(), |prev, node| after(node, &prev)),
        Node::Assert(Assert::LineStart | Assert::LineStartInside) => Edge::line(),
        Node::Assert(Assert::TextStart) => Edge::text(),
        _ => either_way(node, prev, after),
    }
}

/// What both directions have in common.
fn either_way(node: &Node, far: &Edge, look: fn(&Node, &Edge) -> Edge) -> Edge {
    match node {
        Node::Empty => far.clone(),
        Node::Set(set) => Edge::set(set.clone()),
        Node::Group(_, node) | Node::Atomic(node) => look(node, far),
        Node::Concat(_) | Node::Backref(_) | Node::IfGroup(..) => Edge::unknown(),
        Node::Alt(nodes) => {
            let nothing = Edge::set(ClassUnicode::empty());
            nodes
                .iter()
                .fold(nothing, |edge, node| edge.or(&look(node, far)))
        }
        Node::Repeat(repeat) => {
            let edge = look(&repeat.node, far);
            if repeat.min == 0 { edge.or(far) } else { edge }
        }
        Node::Assert(_) | Node::Around(_) => far.conditional(),
    }
}

/// The characters that may follow a match of `node` which is not its preferred one; `None` if that is not known.
///
/// If what comes next can begin with none of them, a match once found is never reconsidered.
pub(crate) fn after_second_choice(node: &Node) -> Option<ClassUnicode> {
    match node {
        Node::Empty | Node::Set(_) | Node::Assert(_) => Some(ClassUnicode::empty()),
        Node::Group(_, node) | Node::Atomic(node) => after_second_choice(node),
        Node::Concat(nodes) => sequence(nodes),
        Node::Alt(nodes) => branches(nodes),
        Node::Repeat(repeat) => rounds(repeat),
        Node::Around(_) | Node::Backref(_) | Node::IfGroup(..) => None,
    }
}

fn sequence(nodes: &[Node]) -> Option<ClassUnicode> {
    let (mut all, mut next) = (ClassUnicode::empty(), Edge::open());
    for node in nodes.iter().rev() {
        let here = after_second_choice(node)?;
        if !disjoint(&here, &next.set) {
            return None;
        }
        // A second choice here is only the end of the whole if all that follows is empty.
        if next.open {
            all.union(&here);
        }
        next = before(node, &next);
    }
    Some(all)
}

/// Alternatives that begin with different characters do not compete.
fn branches(nodes: &[Node]) -> Option<ClassUnicode> {
    let (mut taken, mut all) = (ClassUnicode::empty(), ClassUnicode::empty());
    for node in nodes {
        let first = before(node, &Edge::open());
        if first.may_be_text() || !disjoint(&first.set, &taken) {
            return None;
        }
        taken.union(&first.set);
        all.union(&after_second_choice(node)?);
    }
    Some(all)
}

/// The second choice of a greedy repetition is a round less.
fn rounds(repeat: &Repeat) -> Option<ClassUnicode> {
    let first = before(&repeat.node, &Edge::open());
    let mut all = after_second_choice(&repeat.node)?;
    let clear = !first.may_be_text() && disjoint(&all, &first.set);
    if repeat.max != Some(repeat.min) {
        all.union(&first.set);
    }
    (clear && repeat.greed == Greed::Greedy).then_some(all)
}
