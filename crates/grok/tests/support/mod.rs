//! What the comparing tests share.

#[allow(dead_code, reason = "each test takes its own")]
pub(crate) mod patterns;

use std::ops::Range;

use sawmill_grok::{EngineChoice, Flavor, Grok, Library, Options, Scratch};

/// A small generator of numbers (xorshift); the tests are the same on every run.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(0x5eed_0000 + seed)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }

    pub(crate) fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }
}

pub(crate) fn compile(pattern: &str, engine: EngineChoice) -> Grok {
    let options = Options {
        engine,
        ..Options::default()
    };
    Grok::compile(&Library::new(Flavor::EcsV1), &[pattern], &options).unwrap()
}

pub(crate) type Captures = Option<Vec<Option<Range<usize>>>>;

pub(crate) fn captures(grok: &Grok, text: &str, scratch: &mut Scratch) -> Captures {
    let found = grok.find(text, scratch).unwrap()?;
    Some(found.captures().map(|(_, range)| range).collect())
}
