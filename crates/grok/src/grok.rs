//! A list of compiled patterns and what comes out of matching them.

use std::ops::Range;

use crate::error::{GrokError, Timeout};
use crate::expand::CaptureMode;
use crate::library::Library;
use crate::pattern::{Pattern, PatternScratch};

/// Steps a backtracking match may take unless told otherwise; some tenths of a second.
pub const STEPS_MAX: usize = 1_000_000;

/// How patterns are compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Which references become captures.
    pub captures: CaptureMode,
    /// Which engines may be used.
    pub engine: EngineChoice,
    /// Steps one match of a backtracking pattern may take.
    pub steps_max: usize,
}

impl Default for Options {
    fn default() -> Self {
        let (captures, engine) = (CaptureMode::default(), EngineChoice::default());
        Self {
            captures,
            engine,
            steps_max: STEPS_MAX,
        }
    }
}

/// Which engines may be used. All of them give the same captures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EngineChoice {
    /// The fastest that can run the pattern.
    #[default]
    Best,
    /// The fastest regex engine; never the hand-written matcher.
    Regex,
    /// The backtracking engine, with the expression as it was written.
    Backtracking,
}

/// What runs a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Engine {
    /// A hand-written matcher for fields between delimiters.
    Fields,
    /// A regex engine whose time is linear in the text.
    Linear,
    /// A backtracking engine with a limit.
    Backtracking {
        /// Steps after which a match is given up.
        steps_max: usize,
        /// What in the pattern needs backtracking.
        reason: &'static str,
    },
}

/// A field that a pattern captures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capture {
    /// The field as written: `client`, `[source][ip]`, `@metadata`.
    pub name: String,
    /// The type its text is to be turned into.
    pub coerce: Option<Coerce>,
}

/// The type a captured text is to be turned into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coerce {
    /// `:float`, as Ruby's `to_f`.
    Float,
    /// `:int`, as Ruby's `to_i`.
    Int,
}

impl Coerce {
    /// The type of that name; grok ignores other names.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "float" => Some(Self::Float),
            "int" => Some(Self::Int),
            _ => None,
        }
    }
}

/// Compiled patterns, tried in order; shared between threads.
#[derive(Debug)]
pub struct Grok {
    patterns: Vec<Pattern>,
    captures: Vec<Capture>,
    /// For each pattern, where its captures begin in `captures`.
    offsets: Vec<usize>,
}

/// The buffers of one thread; made by [`Grok::scratch`] for that `Grok`.
#[derive(Debug)]
pub struct Scratch {
    patterns: Vec<PatternScratch>,
}

impl Grok {
    /// Compiles `patterns` with the definitions of `library`.
    pub fn compile<S: AsRef<str>>(
        library: &Library,
        patterns: &[S],
        options: &Options,
    ) -> Result<Self, GrokError> {
        let compile = |pattern: &S| Pattern::compile(library, pattern.as_ref(), options);
        let patterns = patterns
            .iter()
            .map(compile)
            .collect::<Result<Vec<_>, _>>()?;
        let (mut captures, mut offsets) = (vec![], vec![]);
        for pattern in &patterns {
            offsets.push(captures.len());
            captures.extend_from_slice(&pattern.captures);
        }
        Ok(Self {
            patterns,
            captures,
            offsets,
        })
    }

    /// The captures of all patterns, one pattern after the other, each in the order in which Logstash sets them.
    pub fn captures(&self) -> &[Capture] {
        &self.captures
    }

    /// What runs each pattern.
    pub fn engines(&self) -> impl Iterator<Item = Engine> + '_ {
        self.patterns.iter().map(Pattern::engine)
    }

    /// Buffers for one thread.
    pub fn scratch(&self) -> Scratch {
        Scratch {
            patterns: self.patterns.iter().map(Pattern::scratch).collect(),
        }
    }

    /// The match of the first pattern that matches anywhere in `text`.
    pub fn find<'m>(
        &'m self,
        text: &str,
        scratch: &'m mut Scratch,
    ) -> Result<Option<Match<'m>>, Timeout> {
        self.find_from(0, text, scratch)
    }

    /// The match of the first pattern in a text that stands in JSON, `escaped` as it stands between its quotes, with no
    /// backslash in its first `plain_bytes`.
    ///
    /// `None` when the text must be unescaped to be sure. It need not be when all captures but a last `%{GREEDYDATA}` come
    /// before the first escape. The ranges are those of the escaped text.
    pub fn find_escaped<'m>(
        &'m self,
        escaped: &str,
        plain_bytes: usize,
        scratch: &'m mut Scratch,
    ) -> Option<Match<'m>> {
        let (pattern, scratch) = (self.patterns.first()?, scratch.patterns.first_mut()?);
        pattern.find_escaped(escaped, plain_bytes, scratch)?;
        Some(Match {
            pattern: 0,
            grok: self,
            spans: &scratch.spans,
        })
    }

    /// As [`Grok::find`], but beginning with the pattern number `first` (for `break_on_match => false`).
    pub fn find_from<'m>(
        &'m self,
        first: usize,
        text: &str,
        scratch: &'m mut Scratch,
    ) -> Result<Option<Match<'m>>, Timeout> {
        for (index, pattern) in self.patterns.iter().enumerate().skip(first) {
            let found = pattern.find(text, &mut scratch.patterns[index]);
            if found.map_err(|steps_max| Timeout {
                pattern: index,
                steps_max,
            })? {
                let spans = &scratch.patterns[index].spans;
                return Ok(Some(Match {
                    pattern: index,
                    grok: self,
                    spans,
                }));
            }
        }
        Ok(None)
    }
}

/// A match.
#[derive(Clone, Copy, Debug)]
pub struct Match<'m> {
    pattern: usize,
    grok: &'m Grok,
    spans: &'m [Option<(usize, usize)>],
}

impl<'m> Match<'m> {
    /// The number of the pattern that matched.
    pub fn pattern(&self) -> usize {
        self.pattern
    }

    /// Each capture of the pattern: its place in [`Grok::captures`], and where it matched.
    ///
    /// The range may be empty; there is none if the capture took no part in the match.
    pub fn captures(&self) -> impl Iterator<Item = (usize, Option<Range<usize>>)> + 'm {
        let (offset, spans) = (self.grok.offsets[self.pattern], self.spans);
        let groups = self.grok.patterns[self.pattern].groups.iter().enumerate();
        groups.map(move |(index, group)| (offset + index, spans[*group].map(|(from, to)| from..to)))
    }
}
