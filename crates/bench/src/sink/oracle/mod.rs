//! What a pipeline must make of an event, said in the plainest way.
//!
//! It shares no code with the server that it judges: `serde_json` trees, `regex`, loops. It follows the filters and forms
//! that `pipeline.toml` uses, and refuses every other by name.

mod date;
mod diff;
mod field;
mod grok;
mod read;
mod strict;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use self::date::Date;
use self::field::{Field, Text};
use self::grok::Grok;

pub(crate) use self::diff::differences;
pub use self::read::OracleError;
pub(crate) use self::strict::parse;

/// A pipeline, ready to be applied.
#[derive(Debug)]
pub(crate) struct Oracle {
    steps: Vec<Step>,
}

/// What must become of an event.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Verdict {
    /// It is acknowledged and goes nowhere.
    Dropped,
    /// It is stored.
    Stored {
        /// Under this name.
        stream: String,
        /// As this.
        document: Value,
    },
}

/// One filter.
#[derive(Debug)]
enum Step {
    Categorize(Categorize),
    Date(Date),
    First(Field),
    Gate(Vec<Term>),
    Grok(Grok),
    Set(Assignments),
}

/// Terms of a condition that must all hold.
#[derive(Debug)]
enum Term {
    Equals(Field, String),
    There(Field),
}

/// Fields and the texts that they are set to, in the order of the fields' names.
type Assignments = Vec<(Field, Text)>;

#[derive(Debug)]
struct Categorize {
    field: Field,
    rules: Vec<Rule>,
    otherwise: Assignments,
}

#[derive(Debug)]
struct Rule {
    test: Test,
    set: Assignments,
}

#[derive(Debug)]
enum Test {
    Equals(String),
    Prefix(String),
    Suffix(String),
}

impl Oracle {
    /// Reads a pipeline's text.
    pub(crate) fn read(toml: &str) -> Result<Self, OracleError> {
        Ok(Self {
            steps: read::steps(toml)?,
        })
    }

    /// What must become of this event.
    pub(crate) fn judge(&self, mut event: Map<String, Value>) -> Verdict {
        for step in &self.steps {
            match step {
                Step::First(field) => first(field, &mut event),
                Step::Gate(terms) => {
                    if !terms.iter().all(|term| term.holds(&event)) {
                        return Verdict::Dropped;
                    }
                }
                Step::Grok(grok) => grok.apply(&mut event),
                Step::Set(assignments) => assign(assignments, &mut event),
                Step::Categorize(categorize) => categorize.apply(&mut event),
                Step::Date(date) => date.apply(&mut event),
            }
        }
        event.remove("@metadata");
        let document = Value::Object(event);
        let part = |name| document.pointer(name).and_then(Value::as_str);
        let stream = [
            "/data_stream/type",
            "/data_stream/dataset",
            "/data_stream/namespace",
        ]
        .map(|name| part(name).unwrap_or("(nothing)"))
        .join("-");
        Verdict::Stored { stream, document }
    }
}

/// The first of a list in the list's place; nothing in an empty list's.
fn first(field: &Field, event: &mut Map<String, Value>) {
    let Some(Value::Array(list)) = field.get(event) else {
        return;
    };
    match list.first().cloned() {
        Some(first) => field.set(event, first),
        None => field.remove(event),
    }
}

fn assign(assignments: &Assignments, event: &mut Map<String, Value>) {
    for (field, text) in assignments {
        let text = text.render(event);
        field.set(event, Value::String(text));
    }
}

/// Adds a tag that is not there yet; what stood there alone becomes the first of a list.
fn tag(event: &mut Map<String, Value>, tag: &str) {
    let there = event.remove("tags").unwrap_or(Value::Null);
    let mut tags = match there {
        Value::Null => Vec::new(),
        Value::Array(tags) => tags,
        alone => vec![alone],
    };
    let tag = Value::from(tag);
    let is_new = !tags.contains(&tag);
    if is_new {
        tags.push(tag);
    }
    // A lone text that is the tag stays as it is.
    let tags = match (is_new, tags.as_slice()) {
        (false, [alone @ Value::String(_)]) => alone.clone(),
        _ => Value::Array(tags),
    };
    event.insert("tags".to_owned(), tags);
}

impl Term {
    fn holds(&self, event: &Map<String, Value>) -> bool {
        match self {
            Self::Equals(field, text) => field.get(event).and_then(Value::as_str) == Some(text),
            Self::There(field) => match field.get(event) {
                None | Some(Value::Null | Value::Bool(false)) => false,
                Some(Value::String(text)) => !text.is_empty() && text != "false",
                Some(_) => true,
            },
        }
    }
}

impl Categorize {
    fn apply(&self, event: &mut Map<String, Value>) {
        let text = self.field.get(event).and_then(Value::as_str);
        let rule = text.and_then(|text| self.rules.iter().find(|rule| rule.test.holds(text)));
        assign(rule.map_or(&self.otherwise, |rule| &rule.set), event);
    }
}

impl Test {
    fn holds(&self, text: &str) -> bool {
        match self {
            Self::Equals(whole) => text == whole,
            Self::Prefix(beginning) => text.starts_with(beginning.as_str()),
            Self::Suffix(end) => text.ends_with(end.as_str()),
        }
    }
}

/// Pairs of a field and a text from what stands in the file.
fn assignments(written: &BTreeMap<String, String>) -> Result<Assignments, OracleError> {
    written
        .iter()
        .map(|(field, text)| Ok((Field::parse(field)?, Text::parse(text)?)))
        .collect()
}

#[cfg(test)]
mod tests;
