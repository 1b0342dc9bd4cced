//! Takes look-around and atomic groups out of an expression where that changes nothing.
//!
//! Two in five library patterns reach a one-character look-around (`IPV4`, `TIME`, `BASE10NUM`). A neighbour that is
//! known decides most of them: in `[%{IP:ip}]` no digit can stand before or after the address. What stands at the
//! border of the expression is taken along instead, which is unseen because only the captures are of interest.
//! Each rewriting keeps the captures of every text; `tests/engines.rs` compares them with the unfolded expression.

use std::sync::LazyLock;

use regex_syntax::hir::ClassUnicode;

use crate::class::unicode;
use crate::edge::{Edge, after, after_second_choice, before};
use crate::node::{
    Around, Assert, Greed, Node, Repeat, Side, Wants, complement, disjoint, every, within,
};

/// How many kinds of character before the expression may be told apart; each costs a copy of the expression.
const LEADING_KINDS_MAX: usize = 4;

/// Simplifies a whole expression.
pub(crate) fn fold(node: &Node) -> Node {
    let folded = materialize(fold_in(node, &Edge::open(), &Edge::open()));
    if is_linear(&folded) {
        return folded;
    }
    match split_by_leading(node, &folded) {
        Some(split) if is_linear(&split) => split,
        Some(_) | None => folded,
    }
}

/// Whether the linear engine can run it.
pub(crate) fn is_linear(node: &Node) -> bool {
    obstacle(node).is_none()
}

/// The first part that the linear engine cannot run.
pub(crate) fn obstacle(node: &Node) -> Option<&Node> {
    match node {
        Node::Around(_)
        | Node::Atomic(_)
        | Node::Backref(_)
        | Node::IfGroup(..)
        | Node::Assert(Assert::LineStart | Assert::LastLineEnd) => Some(node),
        _ => node.children().iter().find_map(obstacle),
    }
}

fn fold_in(node: &Node, prev: &Edge, next: &Edge) -> Node {
    match node {
        Node::Empty | Node::Set(_) | Node::Backref(_) | Node::IfGroup(..) => node.clone(),
        Node::Assert(assert) => fold_assert(*assert, prev, next),
        Node::Group(index, node) => fold_group(*index, fold_in(node, prev, next)),
        Node::Concat(nodes) => fold_concat(nodes, prev, next),
        Node::Alt(nodes) => Node::Alt(nodes.iter().map(|node| fold_in(node, prev, next)).collect()),
        Node::Repeat(repeat) => fold_repeat(repeat, prev, next),
        Node::Around(around) => fold_around(around, prev, next),
        Node::Atomic(inner) => {
            let folded = fold_in(inner, prev, next);
            match after_second_choice(inner) {
                Some(set) if disjoint(&set, &next.set) => folded,
                Some(_) | None => Node::Atomic(Box::new(folded)),
            }
        }
    }
}

/// Moves look-around at the borders of a group out of it; it takes no text.
fn fold_group(index: usize, inner: Node) -> Node {
    let Node::Concat(mut nodes) = inner else {
        return Node::Group(index, Box::new(inner));
    };
    let is_around = |node: &Node| matches!(node, Node::Around(_));
    let start = nodes
        .iter()
        .position(|node| !is_around(node))
        .unwrap_or(nodes.len());
    let end = nodes
        .iter()
        .rposition(|node| !is_around(node))
        .map_or(start, |last| last + 1);
    let tail = nodes.split_off(end);
    let body = nodes.split_off(start);
    nodes.push(Node::Group(index, Box::new(Node::concat(body))));
    nodes.extend(tail);
    Node::concat(nodes)
}

fn fold_concat(nodes: &[Node], prev: &Edge, next: &Edge) -> Node {
    let mut nexts = vec![next.clone()];
    for node in nodes.iter().skip(1).rev() {
        let next = before(node, &nexts[nexts.len() - 1]);
        nexts.push(next);
    }
    let mut prev = prev.clone();
    let mut folded = Vec::with_capacity(nodes.len());
    for (node, next) in nodes.iter().zip(nexts.iter().rev()) {
        folded.push(fold_in(node, &prev, next));
        prev = after(node, &prev);
    }
    join_neighbours(Node::concat(folded))
}

/// Narrows a set by a one-character look-around next to it: `(?![0-9]).` is `[^0-9]`.
fn join_neighbours(node: Node) -> Node {
    let Node::Concat(nodes) = node else {
        return node;
    };
    let mut joined: Vec<Node> = Vec::with_capacity(nodes.len());
    for node in nodes {
        let side = match joined.last() {
            Some(Node::Around(around)) => narrowed(around, Side::Ahead, &node),
            Some(last) => match &node {
                Node::Around(around) => narrowed(around, Side::Behind, last),
                _ => None,
            },
            None => None,
        };
        if side.is_some() {
            joined.pop();
        }
        joined.push(side.unwrap_or(node));
    }
    Node::concat(joined)
}

/// The set that is left of `neighbour` if the look-around looks at it.
fn narrowed(around: &Around, side: Side, neighbour: &Node) -> Option<Node> {
    let (Node::Set(asked), Node::Set(set)) = (&*around.node, neighbour) else {
        return None;
    };
    let mut set = set.clone();
    match around.wants {
        Wants::Match => set.intersect(asked),
        Wants::NoMatch => set.difference(asked),
    }
    (around.side == side).then_some(Node::Set(set))
}

fn fold_repeat(repeat: &Repeat, prev: &Edge, next: &Edge) -> Node {
    let (mut prev, mut next) = (prev.clone(), next.clone());
    if repeat.min > 1 {
        // The end of a round is not yet the end of the repetition.
        (prev, next) = (prev.conditional(), next.conditional());
    }
    if repeat.max != Some(1) {
        let (again_prev, again_next) = (after(&repeat.node, &prev), before(&repeat.node, &next));
        (prev, next) = (prev.or(&again_prev), next.or(&again_next));
    }
    let node = Box::new(fold_in(&repeat.node, &prev, &next));
    Node::Repeat(Repeat {
        node,
        ..repeat.clone()
    })
}

fn fold_assert(assert: Assert, prev: &Edge, next: &Edge) -> Node {
    match assert {
        Assert::LineStart if !next.may_be_text() => Node::Assert(Assert::LineStartInside),
        Assert::WordBoundary | Assert::NotWordBoundary => match (word(prev), word(next)) {
            (Some(a), Some(b)) if (a != b) == (assert == Assert::WordBoundary) => Node::Empty,
            (Some(_), Some(_)) => Node::fail(),
            (Some(_) | None, None) | (None, Some(_)) => Node::Assert(assert),
        },
        Assert::LineStart
        | Assert::LineStartInside
        | Assert::LineEnd
        | Assert::TextStart
        | Assert::TextEnd
        | Assert::LastLineEnd => Node::Assert(assert),
    }
}

/// Whether a word character is there, if that is certain.
fn word(edge: &Edge) -> Option<bool> {
    static WORDS: LazyLock<ClassUnicode> = LazyLock::new(|| unicode(r"\w").unwrap_or_else(every));
    if edge.open {
        None
    } else if disjoint(&edge.set, &WORDS) {
        Some(false)
    } else {
        (!edge.text && within(&edge.set, &WORDS)).then_some(true)
    }
}

fn fold_around(around: &Around, prev: &Edge, next: &Edge) -> Node {
    let (edge, inner) = match around.side {
        Side::Ahead => (next, before(&around.node, &Edge::open())),
        Side::Behind => (prev, after(&around.node, &Edge::open())),
    };
    // What is inside asks for a character that is never there.
    let never = !inner.may_be_text() && disjoint(&inner.set, &edge.set) && !edge.open;
    // What is inside is one character, and it is always there.
    let single = matches!(&*around.node, Node::Set(_));
    let always = single && within(&edge.set, &inner.set) && !edge.may_be_text();
    match (around.wants, always, never) {
        (Wants::NoMatch, _, true) | (Wants::Match, true, _) => Node::Empty,
        (Wants::NoMatch, true, _) | (Wants::Match, _, true) => Node::fail(),
        (Wants::NoMatch | Wants::Match, false, false) => {
            let node = Box::new(fold_in(&around.node, &Edge::unknown(), &Edge::unknown()));
            Node::Around(Around {
                node,
                ..around.clone()
            })
        }
    }
}

/// Tells apart what stands before the expression: `P` becomes `\AP₀ | [kind 1]P₁ | [kind 2]P₂ …`.
///
/// The search finds the first place where any of them matches, which is the first place of `P`, and the start of the
/// text comes first.
fn split_by_leading(node: &Node, folded: &Node) -> Option<Node> {
    let mut kinds = vec![every()];
    leading_sets(folded, &mut |set| {
        kinds = kinds.iter().flat_map(|kind| parted(kind, set)).collect();
    });
    if kinds.len() == 1 || kinds.len() > LEADING_KINDS_MAX {
        return None;
    }
    let copy = |edge: &Edge| materialize(fold_in(node, edge, &Edge::open()));
    let first = Node::concat(vec![Node::Assert(Assert::TextStart), copy(&Edge::text())]);
    let others = kinds.into_iter().map(|kind| {
        let copy = copy(&Edge::set(kind.clone()));
        Node::concat(vec![Node::Set(kind), copy])
    });
    Some(Node::Alt(std::iter::once(first).chain(others).collect()))
}

/// Calls `see` with the set of every one-character look-behind.
fn leading_sets(node: &Node, see: &mut impl FnMut(&ClassUnicode)) {
    if let Node::Around(Around {
        side: Side::Behind,
        node,
        ..
    }) = node
        && let Node::Set(set) = &**node
    {
        see(set);
    }
    for child in node.children() {
        leading_sets(child, see);
    }
}

/// The part of `kind` in `set` and the part outside of it, if there are both.
fn parted(kind: &ClassUnicode, set: &ClassUnicode) -> Vec<ClassUnicode> {
    let mut parts: Vec<_> = [set.clone(), complement(set)].into();
    for part in &mut parts {
        part.intersect(kind);
    }
    parts.retain(|part| !part.ranges().is_empty());
    parts
}

/// Turns look-ahead at the very end of the expression into taking the character, outside of any capture.
fn materialize(node: Node) -> Node {
    match node {
        Node::Concat(mut nodes) => {
            if let Some(last) = nodes.pop() {
                nodes.push(materialize(last));
            }
            Node::concat(nodes)
        }
        Node::Alt(nodes) => Node::Alt(nodes.into_iter().map(materialize).collect()),
        Node::Group(index, inner) => {
            let parts = cut_tail(&inner).into_iter().map(|(body, tail)| {
                Node::concat(vec![Node::Group(index, Box::new(body)), materialize(tail)])
            });
            Node::alt(parts.collect())
        }
        Node::Around(around) => tail_of(&around).unwrap_or(Node::Around(around)),
        Node::Assert(Assert::LastLineEnd) => {
            let node = Box::new(Node::char('\n'));
            let newline = Repeat {
                node,
                min: 0,
                max: Some(1),
                greed: Greed::Greedy,
            };
            Node::Concat(vec![Node::Repeat(newline), Node::Assert(Assert::TextEnd)])
        }
        node => node,
    }
}

/// `(?!s)` as `[^s]|\z`, `(?=s)` as `s`.
fn tail_of(around: &Around) -> Option<Node> {
    let (Side::Ahead, Node::Set(set)) = (around.side, &*around.node) else {
        return None;
    };
    Some(match around.wants {
        Wants::Match => Node::Set(set.clone()),
        Wants::NoMatch => Node::Alt(vec![
            Node::Set(complement(set)),
            Node::Assert(Assert::TextEnd),
        ]),
    })
}

/// The inside of a group as alternatives of a body and of what can be moved out behind the group.
fn cut_tail(node: &Node) -> Vec<(Node, Node)> {
    match node {
        Node::Alt(nodes) => nodes.iter().flat_map(cut_tail).collect(),
        Node::Concat(nodes) => match nodes.split_last() {
            Some((last @ (Node::Around(_) | Node::Assert(Assert::LastLineEnd)), body)) => {
                vec![(Node::concat(body.to_vec()), last.clone())]
            }
            _ => vec![(node.clone(), Node::Empty)],
        },
        Node::Group(index, inner) => {
            let wrap = |(body, tail)| (Node::Group(*index, Box::new(body)), tail);
            cut_tail(inner).into_iter().map(wrap).collect()
        }
        Node::Empty
        | Node::Set(_)
        | Node::Assert(_)
        | Node::Repeat(_)
        | Node::Around(_)
        | Node::Atomic(_)
        | Node::Backref(_)
        | Node::IfGroup(..) => vec![(node.clone(), Node::Empty)],
    }
}

/// Rewritings of single library definitions, for which the general rules are too simple.
///
/// Every quoted string has exactly one end for its start, so that nothing inside needs to be atomic.
pub(crate) fn known_rewriting(definition: &str) -> Option<&'static str> {
    const QUOTED: &str = r#"(?>(?<!\\)(?>"(?>\\.|[^\\"]+)+"|""|(?>'(?>\\.|[^\\']+)+')|''|(?>`(?>\\.|[^\\`]+)+`)|``))"#;
    const PLAIN: &str =
        r#"(?:(?<!\\)(?:"(?:\\.|[^\\"])+"|""|'(?:\\.|[^\\'])+'|''|`(?:\\.|[^\\`])+`|``))"#;
    (definition == QUOTED).then_some(PLAIN)
}
