//! One compiled pattern: its captures and the engine that runs it.

use std::collections::HashMap;

use crate::backtrack::{Backtrack, GaveUp};
use crate::error::GrokError;
use crate::expand::{expand, next_reference};
use crate::fields::{Fields, Outcome};
use crate::fold::{fold, known_rewriting, obstacle};
use crate::grok::{Capture, Coerce, Engine, EngineChoice, Options};
use crate::library::Library;
use crate::linear::{Linear, LinearScratch};
use crate::node::{Around, Assert, Node, Side, Wants};
use crate::parse::{Problem, parse};

/// Bytes of the expression that an error message quotes.
const QUOTE_BYTES: usize = 40;

/// A compiled pattern.
#[derive(Debug)]
pub(crate) struct Pattern {
    /// The captures in the order in which Logstash handles them.
    pub(crate) captures: Vec<Capture>,
    /// The group of each capture.
    pub(crate) groups: Vec<usize>,
    /// Number of groups, those without a name included.
    group_count: usize,
    fields: Option<Fields>,
    matcher: Matcher,
}

#[derive(Debug)]
enum Matcher {
    Linear(Box<Linear>),
    Backtrack {
        engine: Box<Backtrack>,
        steps_max: usize,
        reason: &'static str,
    },
}

/// The buffers one thread needs for one pattern.
#[derive(Debug)]
pub(crate) struct PatternScratch {
    linear: Option<LinearScratch>,
    /// Where each group matched, after a successful `find`.
    pub(crate) spans: Vec<Option<(usize, usize)>>,
}

impl Pattern {
    pub(crate) fn compile(
        library: &Library,
        pattern: &str,
        options: &Options,
    ) -> Result<Self, GrokError> {
        let rewrite = match options.engine {
            EngineChoice::Best | EngineChoice::Regex => known_rewriting,
            EngineChoice::Backtracking => |_: &str| None,
        };
        let expanded = expand(library, pattern, options.captures, rewrite)?;
        let parsed =
            parse(&expanded).map_err(|problem| blame(library, pattern, &expanded, problem))?;
        let matcher = Matcher::new(&parsed.node, options).map_err(|problem| GrokError::Engine {
            pattern: pattern.to_owned(),
            problem,
        })?;
        let (captures, groups) = captures(&parsed.groups);
        let fields = match options.engine {
            EngineChoice::Best => Fields::recognize(library, pattern, options.captures),
            EngineChoice::Regex | EngineChoice::Backtracking => None,
        };
        Ok(Self {
            fields,
            captures,
            groups,
            group_count: parsed.groups.len(),
            matcher,
        })
    }

    pub(crate) fn engine(&self) -> Engine {
        match &self.matcher {
            _ if self.fields.is_some() => Engine::Fields,
            Matcher::Linear(_) => Engine::Linear,
            Matcher::Backtrack {
                steps_max, reason, ..
            } => Engine::Backtracking {
                steps_max: *steps_max,
                reason,
            },
        }
    }

    pub(crate) fn scratch(&self) -> PatternScratch {
        let linear = match &self.matcher {
            Matcher::Linear(linear) => Some(linear.scratch()),
            Matcher::Backtrack { .. } => None,
        };
        PatternScratch {
            linear,
            spans: vec![None; self.group_count],
        }
    }

    /// As `find`, for a text that stands in JSON, if that can be told without undoing its escapes.
    pub(crate) fn find_escaped(
        &self,
        text: &str,
        plain_bytes: usize,
        scratch: &mut PatternScratch,
    ) -> Option<()> {
        scratch.spans.fill(None);
        let fields = self.fields.as_ref()?;
        fields.find_escaped(text, plain_bytes, &mut scratch.spans)
    }

    /// Finds the first match and leaves its groups in `scratch.spans`; an error is the limit that was reached.
    pub(crate) fn find(&self, text: &str, scratch: &mut PatternScratch) -> Result<bool, usize> {
        let PatternScratch { linear, spans } = scratch;
        spans.fill(None);
        match self.fields.as_ref().map(|fields| fields.find(text, spans)) {
            Some(Outcome::Match) => return Ok(true),
            Some(Outcome::NoMatch) => return Ok(false),
            Some(Outcome::Undecided) | None => {}
        }
        match (&self.matcher, linear) {
            (Matcher::Linear(engine), Some(scratch)) => Ok(engine.find(text, scratch, spans)),
            (Matcher::Linear(engine), None) => Ok(engine.find(text, &mut engine.scratch(), spans)),
            (
                Matcher::Backtrack {
                    engine, steps_max, ..
                },
                _,
            ) => engine.find(text, spans).map_err(|GaveUp| *steps_max),
        }
    }
}

impl Matcher {
    fn new(node: &Node, options: &Options) -> Result<Self, String> {
        let steps_max = options.steps_max;
        let backtrack = |node: &Node, reason| {
            let engine = Box::new(Backtrack::new(node, steps_max)?);
            Ok(Self::Backtrack {
                engine,
                steps_max,
                reason,
            })
        };
        match options.engine {
            EngineChoice::Backtracking => backtrack(node, "asked for"),
            EngineChoice::Best | EngineChoice::Regex => {
                let node = fold(node);
                match obstacle(&node) {
                    Some(obstacle) => backtrack(&node, reason(obstacle)),
                    None => Linear::new(&node).map(|linear| Self::Linear(Box::new(linear))),
                }
            }
        }
    }
}

/// What keeps an expression from the linear engine, for people to read.
fn reason(obstacle: &Node) -> &'static str {
    match obstacle {
        Node::Around(Around {
            side: Side::Ahead,
            wants: Wants::Match,
            ..
        }) => "look-ahead (?=…)",
        Node::Around(Around {
            side: Side::Ahead,
            wants: Wants::NoMatch,
            ..
        }) => "look-ahead (?!…)",
        Node::Around(Around {
            side: Side::Behind,
            wants: Wants::Match,
            ..
        }) => "look-behind (?<=…)",
        Node::Around(Around {
            side: Side::Behind,
            wants: Wants::NoMatch,
            ..
        }) => "look-behind (?<!…)",
        Node::Atomic(_) => "atomic group (?>…)",
        Node::Backref(_) => "back-reference",
        Node::IfGroup(..) => "condition on a group",
        Node::Assert(Assert::LineStart) => "`^` where the text may end",
        Node::Assert(_) => "`\\Z` inside of the pattern",
        Node::Empty
        | Node::Set(_)
        | Node::Group(..)
        | Node::Concat(_)
        | Node::Alt(_)
        | Node::Repeat(_) => "not regular",
    }
}

/// The named groups in Logstash's order: by the first group of each name.
///
/// A name is taken apart at its colons (`NAME:field:type`; one part is the field itself), and of several groups
/// with one name only the first is coerced: both as jls-grok does it.
fn captures(names: &[String]) -> (Vec<Capture>, Vec<usize>) {
    let mut first_of = HashMap::new();
    for (index, name) in names.iter().enumerate() {
        first_of.entry(name.as_str()).or_insert(index);
    }
    let mut groups: Vec<usize> = (0..names.len())
        .filter(|index| !names[*index].is_empty())
        .collect();
    groups.sort_by_key(|index| (first_of[names[*index].as_str()], *index));
    let capture = |index: &usize| {
        let name = &names[*index];
        let mut parts = name.split(':');
        let whole = parts.next().unwrap_or_default();
        let field = parts.next().unwrap_or(whole);
        let first = first_of[name.as_str()] == *index;
        let coerce = parts.next().filter(|_| first).and_then(Coerce::named);
        Capture {
            name: field.to_owned(),
            coerce,
        }
    };
    (groups.iter().map(capture).collect(), groups)
}

/// Finds the definition that is at fault for a syntax error.
fn blame(library: &Library, pattern: &str, expanded: &str, problem: Problem) -> GrokError {
    let mut waiting = vec![pattern.to_owned()];
    let mut seen = std::collections::HashSet::new();
    while let Some(text) = waiting.pop() {
        let mut at = 0;
        while let Some(reference) = next_reference(&text, at) {
            at = reference.end;
            let Some(definition) = library.get(reference.name) else {
                continue;
            };
            if !seen.insert(reference.name.to_owned()) {
                continue;
            }
            if let Err(problem) = parse(&without_references(definition)) {
                let near = quote(definition, problem.at);
                let definition = Some(reference.name.to_owned());
                let pattern = pattern.to_owned();
                return GrokError::Syntax {
                    pattern,
                    definition,
                    problem: problem.what,
                    near,
                };
            }
            waiting.push(definition.to_owned());
        }
    }
    let near = quote(expanded, problem.at);
    GrokError::Syntax {
        pattern: pattern.to_owned(),
        definition: None,
        problem: problem.what,
        near,
    }
}

/// A definition with its references blanked out by something harmless of the same length.
fn without_references(definition: &str) -> String {
    let mut text = definition.to_owned();
    while let Some(reference) = next_reference(&text, 0) {
        let range = reference.start..reference.end;
        text.replace_range(range.clone(), &"x".repeat(range.len()));
    }
    text
}

/// A few characters of `text` around byte `at`.
fn quote(text: &str, at: usize) -> String {
    let edge = |at: usize| (0..=at.min(text.len())).rfind(|at| text.is_char_boundary(*at));
    let start = edge(at.saturating_sub(QUOTE_BYTES / 2)).unwrap_or(0);
    let end = edge(at.saturating_add(QUOTE_BYTES / 2)).unwrap_or(text.len());
    text[start..end].to_owned()
}
