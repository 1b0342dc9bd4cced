//! `categorize`: a chain of `if … else if` on one field, as a table.
//!
//! However many rules there are, an event costs one look into a memo, since the same texts come again and again. A text
//! that is new costs one look into a hash table, one walk over an automaton of all prefixes, and, where rules need them,
//! one look for the suffixes and one pass of all expressions together. The rule that stands first wins, as in the chain
//! it replaces.

use std::collections::HashMap;

use aho_corasick::{AhoCorasick, AhoCorasickKind, Anchored, Input, MatchKind, StartKind};
use regex::{RegexSet, RegexSetBuilder};
use sawmill_event::{Event, FieldRef, Value};

use crate::assign::Assignments;
use crate::build::KeyError;
use crate::chain::{Filter, Scratch, Verdict, parse_field};
use crate::config::{CategorizeConfig, RuleConfig};

pub(crate) struct Categorize {
    field: FieldRef,
    table: Table,
    /// What each rule sets.
    rules: Vec<Assignments>,
    otherwise: Assignments,
    slot: usize,
}

/// The rules by their kind. Every kind answers with the first rule of its own that is met.
#[derive(Default)]
struct Table {
    equals: HashMap<Box<str>, usize>,
    prefixes: Affixes,
    /// Reversed, so that they are prefixes of the reversed text.
    suffixes: Affixes,
    /// Positions among the rules, in order, and the expressions in the same order.
    matches: Vec<usize>,
    regexes: RegexSet,
}

/// Prefixes in the order of their rules.
#[derive(Default)]
struct Affixes {
    rules: Vec<usize>,
    automaton: Option<AhoCorasick>,
}

enum Test<'a> {
    Equals(&'a str),
    Matches(&'a str),
    Prefix(&'a str),
    Suffix(&'a str),
}

impl Categorize {
    /// Builds the filter; `slot` is its place among the categorize filters of the chain.
    pub(crate) fn build(config: &CategorizeConfig, slot: usize) -> Result<Self, KeyError> {
        let rules = config
            .rules
            .iter()
            .enumerate()
            .map(|(at, rule)| Assignments::build(&format!("rules.{at}.set"), &rule.set))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            field: parse_field("field", &config.field)?,
            table: Table::build(&config.rules)?,
            rules,
            otherwise: Assignments::build("otherwise", &config.otherwise)?,
            slot,
        })
    }
}

impl Filter for Categorize {
    fn apply(&self, event: &mut Event<'_>, scratch: &mut Scratch) -> Verdict {
        let memo = &mut scratch.categorize[self.slot];
        let rule = match event.get(&self.field) {
            Some(Value::String(text)) => {
                memo.answer(text.text(&mut scratch.text), |text| self.table.first(text))
            }
            _ => None,
        };
        let assignments = rule.map_or(&self.otherwise, |rule| &self.rules[rule]);
        assignments.apply(event, &mut scratch.text);
        Verdict::Keep
    }
}

impl Table {
    fn build(rules: &[RuleConfig]) -> Result<Self, KeyError> {
        let mut table = Self::default();
        let (mut prefixes, mut suffixes, mut patterns) = (Vec::new(), Vec::new(), Vec::new());
        for (at, rule) in rules.iter().enumerate() {
            match test_of(rule).map_err(|reason| KeyError::new(format!("rules.{at}"), reason))? {
                Test::Equals(text) => {
                    table.equals.entry(text.into()).or_insert(at);
                }
                Test::Matches(pattern) => {
                    regex::Regex::new(pattern)
                        .map_err(|error| KeyError::new(format!("rules.{at}.matches"), error))?;
                    table.matches.push(at);
                    patterns.push(pattern);
                }
                Test::Prefix(text) => prefixes.push((at, text.as_bytes().to_vec())),
                Test::Suffix(text) => suffixes.push((at, text.bytes().rev().collect())),
            }
        }
        table.prefixes = Affixes::build(prefixes)?;
        table.suffixes = Affixes::build(suffixes)?;
        table.regexes = RegexSetBuilder::new(patterns)
            // Ruby's dialect, as in conditions: `^` and `$` stand at line ends.
            .multi_line(true)
            .size_limit(REGEX_BYTES_MAX)
            .build()
            .map_err(|error| KeyError::new("rules", error))?;
        Ok(table)
    }

    /// The first rule that `text` meets.
    #[inline]
    fn first(&self, text: &str) -> Option<usize> {
        let mut best = self.equals.get(text).copied();
        let mut found = |rule: Option<usize>| {
            best = match (best, rule) {
                (Some(best), Some(rule)) => Some(best.min(rule)),
                (one, other) => one.or(other),
            };
            best
        };
        found(self.prefixes.first(text.as_bytes()));
        let best = found(self.suffixes.first_reversed(text));
        // Expressions are the dearest: only those that stand before the best so far matter.
        let earlier = self
            .matches
            .first()
            .is_some_and(|first| best.is_none_or(|best| *first < best));
        if earlier {
            found(
                self.regexes
                    .matches(text)
                    .iter()
                    .next()
                    .map(|at| self.matches[at]),
            )
        } else {
            best
        }
    }
}

/// Compiled size of all expressions together, enough for thousands of rules.
const REGEX_BYTES_MAX: usize = 64 << 20;

impl Affixes {
    fn build(affixes: Vec<(usize, Vec<u8>)>) -> Result<Self, KeyError> {
        if affixes.is_empty() {
            return Ok(Self::default());
        }
        let (rules, texts): (Vec<_>, Vec<_>) = affixes.into_iter().unzip();
        // Leftmost-first, anchored: of all texts that fit at the start, the one listed first.
        let automaton = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::DFA))
            .match_kind(MatchKind::LeftmostFirst)
            .start_kind(StartKind::Anchored)
            .build(texts)
            .map_err(|error| KeyError::new("rules", error))?;
        Ok(Self {
            rules,
            automaton: Some(automaton),
        })
    }

    #[inline]
    fn first(&self, text: &[u8]) -> Option<usize> {
        let automaton = self.automaton.as_ref()?;
        let found = automaton.find(Input::new(text).anchored(Anchored::Yes))?;
        Some(self.rules[found.pattern().as_usize()])
    }

    fn first_reversed(&self, text: &str) -> Option<usize> {
        let automaton = self.automaton.as_ref()?;
        let longest = automaton.max_pattern_len().min(text.len());
        let tail = &text.as_bytes()[text.len() - longest..];
        let mut reversed = [0; SUFFIX_BYTES_MAX];
        let reversed = reversed.get_mut(..longest)?;
        reversed
            .iter_mut()
            .zip(tail.iter().rev())
            .for_each(|(to, from)| *to = *from);
        self.first(reversed)
    }
}

/// A suffix is reversed on the stack, so it has a bound.
const SUFFIX_BYTES_MAX: usize = 256;

fn test_of(rule: &RuleConfig) -> Result<Test<'_>, String> {
    let RuleConfig {
        equals,
        matches,
        prefix,
        suffix,
        set: _,
    } = rule;
    let tests = [
        equals.as_deref().map(Test::Equals),
        matches.as_deref().map(Test::Matches),
        prefix.as_deref().map(Test::Prefix),
        suffix.as_deref().map(Test::Suffix),
    ];
    let mut tests = tests.into_iter().flatten();
    match (tests.next(), tests.next()) {
        (Some(Test::Suffix(text)), None) if text.len() > SUFFIX_BYTES_MAX => Err(format!(
            "a suffix has at most {SUFFIX_BYTES_MAX} bytes; use `matches`"
        )),
        (Some(test), None) => Ok(test),
        _ => Err("a rule needs exactly one of `equals`, `prefix`, `suffix`, `matches`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(kind: &str, text: &str) -> RuleConfig {
        let text = Some(text.to_owned());
        match kind {
            "equals" => RuleConfig {
                equals: text,
                ..RuleConfig::default()
            },
            "matches" => RuleConfig {
                matches: text,
                ..RuleConfig::default()
            },
            "prefix" => RuleConfig {
                prefix: text,
                ..RuleConfig::default()
            },
            _ => RuleConfig {
                suffix: text,
                ..RuleConfig::default()
            },
        }
    }

    fn table(rules: &[(&str, &str)]) -> Table {
        let rules: Vec<_> = rules.iter().map(|(kind, text)| rule(kind, text)).collect();
        Table::build(&rules).ok().unwrap()
    }

    #[test]
    fn the_rule_that_stands_first_wins_whatever_its_kind() {
        let table = table(&[
            ("prefix", "django."),
            ("equals", "werkzeug"),
            ("prefix", "apps.parcels"),
            ("matches", r"^boto\d?(\.|$)"),
            ("suffix", ".tasks"),
            ("prefix", "apps."),
            ("equals", "boto3"),
        ]);
        for (text, want) in [
            ("django.request", Some(0)),
            ("django", None),
            ("xdjango.request", None),
            ("werkzeug", Some(1)),
            ("werkzeug.x", None),
            ("apps.parcels.tasks", Some(2)),
            ("apps.other.tasks", Some(4)),
            ("other.tasks", Some(4)),
            (".tasks", Some(4)),
            ("tasks", None),
            ("apps.other", Some(5)),
            ("boto3", Some(3)),
            ("boto3.session", Some(3)),
            ("", None),
        ] {
            assert_eq!(table.first(text), want, "{text}");
        }
    }

    /// The chain that the table replaces, as a loop over the rules.
    #[test]
    fn the_table_says_what_the_chain_of_ifs_says() {
        let mut seed = 7_u64;
        let mut random = |below: usize| {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) as usize % below
        };
        for _ in 0..200 {
            let rules: Vec<(&str, String)> = (0..30)
                .map(|_| {
                    let kind = ["equals", "prefix", "suffix", "matches"][random(4)];
                    (
                        kind,
                        (0..random(4)).map(|_| ["a", "b", "."][random(3)]).collect(),
                    )
                })
                .collect();
            let borrowed: Vec<_> = rules
                .iter()
                .map(|(kind, text)| (*kind, text.as_str()))
                .collect();
            let table = table(&borrowed);
            for _ in 0..50 {
                let text: String = (0..random(6)).map(|_| ["a", "b", "."][random(3)]).collect();
                let chain = rules.iter().position(|(kind, rule)| match *kind {
                    "equals" => text == *rule,
                    "prefix" => text.starts_with(rule.as_str()),
                    "suffix" => text.ends_with(rule.as_str()),
                    _ => regex::Regex::new(rule).unwrap().is_match(&text),
                });
                assert_eq!(table.first(&text), chain, "{text} {rules:?}");
            }
        }
    }

    #[test]
    fn a_rule_has_exactly_one_test() {
        let both = RuleConfig {
            prefix: Some("a".into()),
            ..rule("equals", "a")
        };
        for bad in [RuleConfig::default(), both] {
            assert!(Table::build(&[bad]).is_err());
        }
    }
}
