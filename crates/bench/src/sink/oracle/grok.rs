//! `grok`, by one regular expression a pattern.

use regex::Regex;
use serde_json::{Map, Value};

use super::field::Field;
use super::read::OracleError;

/// The names that `pipeline.toml` uses, as the `ecs-v1` library defines them, with their own names put in.
/// `\d` and `\w` are ASCII in Ruby's dialect; atomic groups do not matter where digits are counted in pairs.
const NAMES: [(&str, &str); 5] = [
    ("DATA", r".*?"),
    ("GREEDYDATA", r".*"),
    ("INT", r"[+-]?[0-9]+"),
    (
        "TIMESTAMP_ISO8601",
        r"(?:[0-9]{2}){1,2}-(?:0?[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01]|[1-9])[T ](?:2[0123]|[01]?[0-9]):?[0-5][0-9](?::?(?:[0-5]?[0-9]|60)(?:[:.,][0-9]+)?)?(?:Z|[+-](?:2[0123]|[01]?[0-9]):?[0-5][0-9])?",
    ),
    ("WORD", r"\b[0-9A-Za-z_]+\b"),
];

#[derive(Debug)]
pub(super) struct Grok {
    field: Field,
    patterns: Vec<Pattern>,
    tags: Vec<String>,
}

#[derive(Debug)]
struct Pattern {
    regex: Regex,
    /// The field of each group, in order.
    captures: Vec<Field>,
}

impl Grok {
    pub(super) fn new(
        field: &str,
        patterns: &[String],
        tags: Vec<String>,
    ) -> Result<Self, OracleError> {
        let patterns = patterns.iter().map(|pattern| Pattern::parse(pattern));
        Ok(Self {
            field: Field::parse(field)?,
            patterns: patterns.collect::<Result<_, _>>()?,
            tags,
        })
    }

    pub(super) fn apply(&self, event: &mut Map<String, Value>) {
        let texts = texts(self.field.get(event));
        let mut matched = false;
        for text in texts {
            matched |= self
                .patterns
                .iter()
                .any(|pattern| pattern.apply(&text, event));
        }
        if !matched {
            for tag in &self.tags {
                super::tag(event, tag);
            }
        }
    }
}

impl Pattern {
    fn parse(pattern: &str) -> Result<Self, OracleError> {
        let refused = || OracleError::Pattern {
            pattern: pattern.to_owned(),
        };
        // `^` and `$` are at line ends in Ruby's dialect, and grok's `.` takes a line break.
        let mut regex = String::from("(?ms)");
        let mut captures = Vec::new();
        let mut rest = pattern;
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix("%{") {
                let (inner, after) = after.split_once('}').ok_or_else(refused)?;
                let (name, field) = inner.split_once(':').ok_or_else(refused)?;
                let known = NAMES.iter().find(|(known, _)| *known == name);
                let (_, text) = known.ok_or_else(refused)?;
                regex.extend(["(", text, ")"]);
                captures.push(Field::parse(field)?);
                rest = after;
            } else {
                let length = literal(rest).ok_or_else(refused)?;
                regex.push_str(&rest[..length]);
                rest = &rest[length..];
            }
        }
        let regex = Regex::new(&regex).map_err(|_| refused())?;
        Ok(Self { regex, captures })
    }

    /// Sets what the groups hold, if the text matches. An empty group sets nothing.
    fn apply(&self, text: &str, event: &mut Map<String, Value>) -> bool {
        let Some(found) = self.regex.captures(text) else {
            return false;
        };
        for (field, group) in self.captures.iter().zip(found.iter().skip(1)) {
            if let Some(group) = group.filter(|group| !group.is_empty()) {
                add(field, event, group.as_str());
            }
        }
        true
    }
}

/// Length of the piece that means the same in both dialects of regular expressions, if `rest` begins with one.
fn literal(rest: &str) -> Option<usize> {
    let mut characters = rest.chars();
    match characters.next()? {
        '\\' if matches!(characters.next()?, '|' | '.' | '[' | ']' | '(' | ')') => Some(2),
        '^' | '$' | ' ' | ':' | '-' | '_' | '=' | '"' => Some(1),
        character if character.is_ascii_alphanumeric() => Some(1),
        _ => None,
    }
}

/// A capture of a field that is there already makes a list with it.
fn add(field: &Field, event: &mut Map<String, Value>, text: &str) {
    let new = match field.get(event).cloned() {
        None | Some(Value::Null) => text.into(),
        Some(Value::Array(mut list)) => {
            list.push(text.into());
            Value::Array(list)
        }
        Some(alone) => Value::Array(vec![alone, text.into()]),
    };
    field.set(event, new);
}

/// A field's texts: those of a list one by one, and an empty one in nothing's place.
fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        None | Some(Value::Null) => vec![String::new()],
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(list)) => list.iter().flat_map(|value| texts(Some(value))).collect(),
        Some(other) => vec![other.to_string()],
    }
}
