//! The engine for what is regular: time linear in the text, no allocation when matching.

use regex_automata::Input;
use regex_automata::meta::{Cache, Config, Regex};
use regex_automata::util::primitives::NonMaxUsize;
use regex_syntax::hir::{Capture, Class, Hir, Look, Repetition};

use crate::node::{Assert, Greed, Node};

/// Bytes a compiled expression may have.
const PROGRAM_BYTES_MAX: usize = 32 << 20;

/// An expression without look-around, compiled.
#[derive(Debug)]
pub(crate) struct Linear {
    regex: Regex,
    /// For each group of the engine, the capture it stands for. Rewriting may have copied groups.
    captures: Vec<usize>,
}

/// The buffers one thread needs for one `Linear`.
#[derive(Debug)]
pub(crate) struct LinearScratch {
    cache: Cache,
    slots: Vec<Option<NonMaxUsize>>,
}

impl Linear {
    /// Compiles a folded expression; `node` must be free of what `fold::obstacle` finds.
    pub(crate) fn new(node: &Node) -> Result<Self, String> {
        let mut captures = vec![];
        let hir = lower(node, &mut captures);
        let config = Config::new().nfa_size_limit(Some(PROGRAM_BYTES_MAX));
        let regex = Regex::builder().configure(config).build_from_hir(&hir);
        let regex = regex.map_err(|error| error.to_string())?;
        Ok(Self { regex, captures })
    }

    pub(crate) fn scratch(&self) -> LinearScratch {
        let slots = vec![None; 2 * (self.captures.len() + 1)];
        LinearScratch {
            cache: self.regex.create_cache(),
            slots,
        }
    }

    /// Finds the first match and writes its captures to `spans`.
    pub(crate) fn find(
        &self,
        text: &str,
        scratch: &mut LinearScratch,
        spans: &mut [Option<(usize, usize)>],
    ) -> bool {
        let LinearScratch { cache, slots } = scratch;
        let input = Input::new(text);
        if self.regex.search_slots_with(cache, &input, slots).is_none() {
            return false;
        }
        for (capture, slot) in self.captures.iter().zip(slots[2..].chunks_exact(2)) {
            if let (Some(start), Some(end)) = (slot[0], slot[1]) {
                spans[*capture] = Some((start.get(), end.get()));
            }
        }
        true
    }
}

fn lower(node: &Node, captures: &mut Vec<usize>) -> Hir {
    match node {
        Node::Empty => Hir::empty(),
        Node::Set(set) => Hir::class(Class::Unicode(set.clone())),
        Node::Assert(assert) => Hir::look(look(*assert)),
        Node::Group(capture, node) => {
            captures.push(*capture);
            let index = captures.len() as u32;
            Hir::capture(Capture {
                index,
                name: None,
                sub: Box::new(lower(node, captures)),
            })
        }
        Node::Concat(nodes) => {
            Hir::concat(nodes.iter().map(|node| lower(node, captures)).collect())
        }
        Node::Alt(nodes) => {
            Hir::alternation(nodes.iter().map(|node| lower(node, captures)).collect())
        }
        Node::Repeat(repeat) => {
            let sub = Box::new(lower(&repeat.node, captures));
            let greedy = repeat.greed == Greed::Greedy;
            Hir::repetition(Repetition {
                min: repeat.min,
                max: repeat.max,
                greedy,
                sub,
            })
        }
        // Not reached: these are obstacles. They match nothing rather than something wrong.
        Node::Around(_) | Node::Atomic(_) | Node::Backref(_) | Node::IfGroup(..) => Hir::fail(),
    }
}

fn look(assert: Assert) -> Look {
    match assert {
        Assert::LineStart | Assert::LineStartInside => Look::StartLF,
        Assert::LineEnd => Look::EndLF,
        Assert::TextStart => Look::Start,
        Assert::TextEnd | Assert::LastLineEnd => Look::End,
        Assert::WordBoundary => Look::WordUnicode,
        Assert::NotWordBoundary => Look::WordUnicodeNegate,
    }
}
