//! Why a pattern does not match a text: how far it got.

use std::ops::Range;

use crate::error::GrokError;
use crate::expand::next_reference;
use crate::grok::{Grok, Options};
use crate::library::Library;

/// How far a pattern got in a text that it does not match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation<'p> {
    /// The longest beginning of the pattern that still matches.
    pub matched: &'p str,
    /// Where that beginning matches.
    pub range: Range<usize>,
    /// The element after it: a reference, or the text between two.
    pub missing: &'p str,
}

/// Finds the longest beginning of `pattern`, cut between its elements, that matches `text`.
///
/// `None` if the whole pattern matches. Beginnings that are no expression of their own (a cut through a group) are
/// passed over. This compiles the pattern many times over: it is for people who wait, not for the flow of events.
pub fn explain<'p>(
    library: &Library,
    pattern: &'p str,
    text: &str,
    options: &Options,
) -> Result<Option<Explanation<'p>>, GrokError> {
    if prefix_match(library, pattern, text, options)?.is_some() {
        return Ok(None);
    }
    let cuts = cuts(pattern);
    for (index, cut) in cuts.iter().enumerate().rev().skip(1) {
        let matched = &pattern[..*cut];
        if let Ok(Some(range)) = prefix_match(library, matched, text, options) {
            let missing = &pattern[*cut..cuts[index + 1]];
            return Ok(Some(Explanation {
                matched,
                range,
                missing,
            }));
        }
    }
    let missing = &pattern[..cuts.get(1).copied().unwrap_or(pattern.len())];
    Ok(Some(Explanation {
        matched: "",
        range: 0..0,
        missing,
    }))
}

/// Where `prefix` matches; a match that takes too many steps is none.
fn prefix_match(
    library: &Library,
    prefix: &str,
    text: &str,
    options: &Options,
) -> Result<Option<Range<usize>>, GrokError> {
    // The name cannot be that of a reference, which has a colon or is the name of a pattern.
    let grok = Grok::compile(library, &[format!("(?<matched prefix>{prefix})")], options)?;
    let mut scratch = grok.scratch();
    let found = grok.find(text, &mut scratch).ok().flatten();
    Ok(found
        .and_then(|found| found.captures().next())
        .and_then(|(_, range)| range))
}

/// The places before, between and after the elements of `pattern`.
fn cuts(pattern: &str) -> Vec<usize> {
    let (mut cuts, mut at) = (vec![0], 0);
    while let Some(reference) = next_reference(pattern, at) {
        cuts.extend([reference.start, reference.end]);
        at = reference.end;
    }
    cuts.push(pattern.len());
    cuts.dedup();
    cuts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::library::Flavor;

    #[test]
    fn the_first_element_that_is_missing_is_named() {
        let pattern = r"^%{WORD:level}\|%{DATA:logger}\|%{INT:ms}\|(?:%{INT:a}|%{WORD:b})$";
        for (text, want) in [
            ("INFO|a.b|12|x", None),
            ("- INFO", Some(("^", 0..0, "%{WORD:level}"))),
            ("INFO a.b", Some(("^%{WORD:level}", 0..4, r"\|"))),
            (
                "INFO|a.b|x",
                Some((r"^%{WORD:level}\|%{DATA:logger}\|", 0..9, "%{INT:ms}")),
            ),
            (
                "INFO|a.b|12|-",
                Some((
                    r"^%{WORD:level}\|%{DATA:logger}\|%{INT:ms}",
                    0..11,
                    r"\|(?:",
                )),
            ),
        ] {
            let library = Library::new(Flavor::EcsV1);
            let got = explain(&library, pattern, text, &Options::default()).unwrap();
            let got = got.map(|found| (found.matched, found.range, found.missing));
            assert_eq!(got, want, "{text}");
        }
    }

    #[test]
    fn a_bad_pattern_is_an_error() {
        let library = Library::new(Flavor::EcsV1);
        assert!(explain(&library, "%{NOPE}", "", &Options::default()).is_err());
    }
}
