//! Patterns run by Oniguruma, whose port to Java is Logstash's own engine.

use std::collections::HashMap;
use std::ops::Range;

use onig::{MatchParam, Regex, RegexOptions, Region, SearchOptions, Syntax};
use sawmill_grok::Library;

/// Retries after which a line is given up.
const RETRIES_MAX: u32 = 200_000;

/// A pattern, compiled.
pub(crate) struct Oniguruma {
    regex: Regex,
    /// The group of each capture, in Logstash's order.
    groups: Vec<usize>,
}

impl Oniguruma {
    /// Expands the references of a pattern and compiles it.
    pub(crate) fn new(library: &Library, pattern: &str) -> Self {
        let (mut labels, mut text) = (Vec::new(), String::new());
        expand(library, pattern, &mut labels, &mut text);
        // As Logstash has it: `.` takes line breaks.
        let multiline = RegexOptions::REGEX_OPTION_MULTILINE;
        let regex = Regex::with_options(&text, multiline, Syntax::ruby()).expect("Ruby's dialect");
        let mut names = Vec::new();
        regex.foreach_name(|name, numbers| {
            let label = name.strip_prefix("label_").and_then(|at| at.parse().ok());
            let label = label.map_or(name, |at: usize| labels[at].as_str());
            names.extend(
                numbers
                    .iter()
                    .map(|number| (*number as usize, label.to_owned())),
            );
            true
        });
        names.sort();
        let mut first_of = HashMap::new();
        for (number, label) in &names {
            first_of.entry(label.clone()).or_insert(*number);
        }
        names.sort_by_key(|(number, label)| (first_of[label], *number));
        let groups = names.into_iter().map(|(number, _)| number).collect();
        Self { regex, groups }
    }

    /// The captures; an error when it gave up.
    pub(crate) fn find(&self, line: &str) -> Result<Option<Vec<Option<Range<usize>>>>, ()> {
        let mut limits = MatchParam::default();
        limits.set_retry_limit_in_match(RETRIES_MAX);
        let mut region = Region::new();
        let none = SearchOptions::SEARCH_OPTION_NONE;
        let found =
            self.regex
                .search_with_param(line, 0, line.len(), none, Some(&mut region), limits);
        let found = found.map_err(|_| ())?;
        let range = |group: &usize| region.pos(*group).map(|(start, end)| start..end);
        Ok(found.map(|_| self.groups.iter().map(range).collect()))
    }
}

/// Writes a pattern with its references replaced. A field's name becomes a number, since it may hold brackets.
fn expand(library: &Library, pattern: &str, labels: &mut Vec<String>, out: &mut String) {
    let mut rest = pattern;
    while let Some((before, from_name)) = rest.split_once("%{") {
        out.push_str(before);
        let (label, behind) = from_name.split_once('}').unwrap_or((from_name, ""));
        let name = label.split(':').next().unwrap_or_default();
        match library.get(name) {
            Some(definition) if label.contains(':') => {
                *out += &format!("(?<label_{}>", labels.len());
                labels.push(label.to_owned());
                expand(library, definition, labels, out);
                out.push(')');
            }
            Some(definition) => {
                out.push_str("(?:");
                expand(library, definition, labels, out);
                out.push(')');
            }
            None => *out += &format!("%{{{label}}}"),
        }
        rest = behind;
    }
    out.push_str(rest);
}
